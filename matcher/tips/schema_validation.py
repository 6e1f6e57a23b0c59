"""What a tip and a verdict may hold: the published schemas, and a fast reading of their items.

`jsonschema` takes 140 microseconds for an item, two minutes for a million. So items are checked by
the few lines below, and only what these refuse is given to `jsonschema`, which says why; tests hold
the two against each other.
"""

import json
import re
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from frametrace.matcher.tips.canonical_json import MOST, short_digest

__all__ = ["CHECKS", "names_its_signals", "schema_of", "wrong_with"]

_HEX = re.compile("[0-9a-f]+")
_ID = re.compile("(?:picture|caption)-[0-9a-f]{16}")
_NAME = re.compile("[a-z][a-z0-9_]{0,39}")
_MINUTE = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}Z")
_KINDS = frozenset(("account", "page", "group", "channel"))
_ANSWERS = frozenset(("confirmed", "rejected", "unsure"))
_PDQ, _PHASH, _CAPTION_KEY = 64, 16, 512  # hexadecimal digits
_CODE = 8192  # digits of base64
_BASE64 = re.compile("(?:[A-Za-z0-9+/]{4})+(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?")
_MOST_SIGNALS = 20
_MOST_EXPLAINED = 20_000  # values; a head has at most some 10,000
_COUNTS = frozenset(("platform", "kind", "accounts", "posts"))
_OPTIONAL: Mapping[str, Callable[[Any], bool]] = {
    "first_seen": lambda value: isinstance(value, str) and bool(_MINUTE.fullmatch(value)),
    "last_seen": lambda value: isinstance(value, str) and bool(_MINUTE.fullmatch(value)),
    "caption": lambda value: _text(value, 100_000),
    "label": lambda value: _text(value, 1000),
    "accounts": lambda value: (
        isinstance(value, list) and all(_text(name, 1000) and name for name in value)
    ),
}


@cache
def schema_of(kind: str) -> dict[str, Any]:
    """The published JSON Schema (2020-12) of a `tip` or a `verdict`."""
    text = (Path(__file__).parent / f"{kind}.schema.json").read_text("utf-8")
    schema: dict[str, Any] = json.loads(text)
    return schema


def wrong_with(kind: str, part: str, value: Any) -> str:
    """What the schema's definition `part` has against a value, as one sentence; empty: nothing."""
    from jsonschema.exceptions import best_match

    if _more_values(value, _MOST_EXPLAINED):
        return f"it holds over {_MOST_EXPLAINED:,} values, among them what it may not hold"
    try:
        error = best_match(_validator(kind, part).iter_errors(value))
    except RecursionError:
        return "it is nested too deeply"
    if error is None:
        return ""
    place = "/".join(map(str, error.absolute_path))
    said = error.message if len(error.message) < 200 else f"{error.validator} is not met"
    if error.validator == "maxLength":
        said = f"{len(error.instance):,} characters; at most {error.validator_value:,} are allowed"
    if error.validator == "pattern":
        length = f"{len(error.instance)} characters"
        said = f"{error.instance[:80]!r} of {length} is not of the form {error.validator_value}"
    return f"{place}: {said}" if place else said


def _more_values(value: Any, most: int) -> bool:
    """Whether a value holds more than so many others: `jsonschema` would take minutes."""
    left, count = [value], 0
    while left and count <= most:
        one = left.pop()
        inner = one.values() if isinstance(one, dict) else one if isinstance(one, list) else ()
        count += len(inner)
        left.extend(inner)
    return count > most


@cache
def _validator(kind: str, part: str) -> Any:
    from jsonschema import Draft202012Validator

    schema = schema_of(kind)
    return Draft202012Validator({"$ref": f"#/$defs/{part}", "$defs": schema["$defs"]})


def _tip_item(item: Any) -> bool:
    if not isinstance(item, dict) or not item.keys() >= {"id", "signals", "counts"}:
        return False
    others = item.keys() - {"id", "signals", "counts"}
    return (
        others <= _OPTIONAL.keys()
        and all(_OPTIONAL[name](item[name]) for name in others)
        and _id(item["id"])
        and _signals(item["signals"])
        and _counts(item["counts"], _COUNTS, 1000)
    )


def _verdict_item(item: Any) -> bool:
    return (
        isinstance(item, dict)
        and item.keys() == {"id", "answer", "counts"}
        and _id(item["id"])
        and isinstance(item["answer"], str)
        and item["answer"] in _ANSWERS
        and _counts(item["counts"], _COUNTS - {"platform"}, len(_KINDS))
    )


# Whether an item is as its schema says.
CHECKS: Mapping[str, Callable[[Any], bool]] = {"tip": _tip_item, "verdict": _verdict_item}


def names_its_signals(item: Mapping[str, Any]) -> bool:
    """Whether an item's id is made of its signals, so that it names the same thing anywhere."""
    return bool(item["id"][-16:] == short_digest(item["signals"]))


def _id(value: Any) -> bool:
    return isinstance(value, str) and bool(_ID.fullmatch(value))


def _signals(values: Any) -> bool:
    return (
        isinstance(values, dict)
        and 1 <= len(values) <= _MOST_SIGNALS
        and all(_signal(name, value) for name, value in values.items())
    )


def _signal(name: str, value: Any) -> bool:
    if name == "pdq":
        return (
            isinstance(value, dict)
            and {"hash"} <= value.keys() <= {"hash", "quality"}
            and _hex(value["hash"], _PDQ)
            and _whole(value.get("quality", 0), 100)
        )
    if name in ("phash", "caption_key"):
        return _hex(value, _PHASH if name == "phash" else _CAPTION_KEY)
    if name in ("local", "caption"):
        return isinstance(value, str) and len(value) <= _CODE and bool(_BASE64.fullmatch(value))
    return bool(_NAME.fullmatch(name)) and _text(value, 16384)


def _counts(rows: Any, names: frozenset[str], most: int) -> bool:
    return (
        isinstance(rows, list)
        and len(rows) <= most
        and all(
            isinstance(row, dict)
            and row.keys() == names
            and isinstance(row["kind"], str)
            and row["kind"] in _KINDS
            and _whole(row["accounts"], MOST)
            and _whole(row["posts"], MOST)
            and _text(row.get("platform", ""), 200)
            for row in rows
        )
    )


def _hex(value: Any, digits: int) -> bool:
    return isinstance(value, str) and len(value) == digits and bool(_HEX.fullmatch(value))


def _text(value: Any, most: int) -> bool:
    return isinstance(value, str) and len(value) <= most


def _whole(value: Any, most: int) -> bool:
    return type(value) is int and 0 <= value <= most
