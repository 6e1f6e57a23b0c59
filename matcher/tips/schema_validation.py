"""Validates tips and verdicts against their published JSON schemas, with a fast path for items.

`jsonschema` takes 140 microseconds per item, two minutes for a million. So items are checked by the
hand-written rules below, and only an item that they reject is passed to `jsonschema`, which
explains the error. A property test checks that both accept the same items.
"""

import json
import re
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from frametrace.matcher.tips.canonical_json import MAX_INTEGER, short_digest
from frametrace.matcher.tips.tip_model import (
    ACCOUNT_KINDS,
    MAX_DURATION,
    MAX_FRAMES,
    MAX_SHOWN,
    VIDEO,
)

__all__ = ["ITEM_CHECKS", "id_matches_signals", "load_schema", "schema_error"]

_HEX = re.compile("[0-9a-f]+")
_ID = re.compile("(?:picture|video|caption)-[0-9a-f]{16}")
_NAME = re.compile("[a-z][a-z0-9_]{0,39}")
_MINUTE = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}Z")
_KINDS = frozenset(ACCOUNT_KINDS)
_ANSWERS = frozenset(("confirmed", "rejected", "unsure"))
_PDQ, _PHASH, _CAPTION_KEY = 64, 16, 512  # hexadecimal digits
_MAX_BASE64 = 8192  # digits of a signal's value
_BASE64 = re.compile("(?:[A-Za-z0-9+/]{4})+(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?")
_MAX_SIGNALS = 20
_MAX_EXPLAINED = 20_000  # values given to jsonschema; a head has at most about 10,000
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
def load_schema(kind: str) -> dict[str, Any]:
    """The published JSON Schema (2020-12) of a `tip` or a `verdict`."""
    text = (Path(__file__).parent / f"{kind}.schema.json").read_text("utf-8")
    schema: dict[str, Any] = json.loads(text)
    return schema


def schema_error(kind: str, part: str, value: Any) -> str:
    """How a value violates the schema's definition `part`, in one sentence; empty if it doesn't."""
    from jsonschema.exceptions import best_match

    if _has_more_values(value, _MAX_EXPLAINED):
        return f"it holds over {_MAX_EXPLAINED:,} values, some of which are not allowed"
    try:
        error = best_match(_validator(kind, part).iter_errors(value))
    except RecursionError:
        return "it is nested too deeply"
    if error is None:
        return ""
    location = "/".join(map(str, error.absolute_path))
    message = error.message if len(error.message) < 200 else f"{error.validator} is not met"
    if error.validator == "maxLength":
        length, limit = len(error.instance), error.validator_value
        message = f"{length:,} characters; at most {limit:,} are allowed"
    if error.validator == "pattern":
        length = len(error.instance)
        message = (
            f"{error.instance[:80]!r} of {length} characters does not match the pattern "
            f"{error.validator_value}"
        )
    return f"{location}: {message}" if location else message


def _has_more_values(value: Any, limit: int) -> bool:
    """Whether a value holds over `limit` nested values: `jsonschema` would take minutes for it."""
    stack, count = [value], 0
    while stack and count <= limit:
        node = stack.pop()
        children = (
            node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
        )
        count += len(children)
        stack.extend(children)
    return count > limit


@cache
def _validator(kind: str, part: str) -> Any:
    from jsonschema import Draft202012Validator

    schema = load_schema(kind)
    return Draft202012Validator({"$ref": f"#/$defs/{part}", "$defs": schema["$defs"]})


def _tip_item(item: Any) -> bool:
    if not isinstance(item, dict) or not item.keys() >= {"id", "signals", "counts"}:
        return False
    optional = item.keys() - {"id", "signals", "counts"}
    return (
        optional <= _OPTIONAL.keys()
        and all(_OPTIONAL[name](item[name]) for name in optional)
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


# By kind of document: whether an item is valid.
ITEM_CHECKS: Mapping[str, Callable[[Any], bool]] = {"tip": _tip_item, "verdict": _verdict_item}


def id_matches_signals(item: Mapping[str, Any]) -> bool:
    """Whether an item's id is the digest of its signals, so that it means the same everywhere."""
    return bool(item["id"][-16:] == short_digest(item["signals"]))


def _id(value: Any) -> bool:
    return isinstance(value, str) and bool(_ID.fullmatch(value))


def _signals(values: Any) -> bool:
    return (
        isinstance(values, dict)
        and 1 <= len(values) <= _MAX_SIGNALS
        and all(_signal(name, value) for name, value in values.items())
    )


def _signal(name: str, value: Any) -> bool:
    if name == "pdq":
        return (
            isinstance(value, dict)
            and {"hash"} <= value.keys() <= {"hash", "quality"}
            and _hex(value["hash"], _PDQ)
            and _integer(value.get("quality", 0), 100)
        )
    if name in ("phash", "caption_key"):
        return _hex(value, _PHASH if name == "phash" else _CAPTION_KEY)
    if name in ("local", "caption"):
        return _base64(value)
    if name == VIDEO:
        return _video(value)
    return bool(_NAME.fullmatch(name)) and _text(value, 16384)


def _video(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and value.keys() == {"duration", "frames"}
        and _integer(value["duration"], MAX_DURATION)
        and value["duration"] > 0
        and isinstance(value["frames"], list)
        and 1 <= len(value["frames"]) <= MAX_FRAMES
        and all(map(_frame, value["frames"]))
    )


def _frame(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and {"pdq", "shown"} <= value.keys() <= {"pdq", "shown", "local"}
        and _signal("pdq", value["pdq"])
        and "quality" in value["pdq"]
        and ("local" not in value or _base64(value["local"]))
        and isinstance(value["shown"], list)
        and 1 <= len(value["shown"]) <= MAX_SHOWN
        and all(map(_interval, value["shown"]))
    )


def _interval(value: Any) -> bool:
    return (
        isinstance(value, list)
        and len(value) == 2
        and all(_integer(time, MAX_DURATION) for time in value)
    )


def _base64(value: Any) -> bool:
    return isinstance(value, str) and len(value) <= _MAX_BASE64 and bool(_BASE64.fullmatch(value))


def _counts(rows: Any, names: frozenset[str], max_rows: int) -> bool:
    return (
        isinstance(rows, list)
        and len(rows) <= max_rows
        and all(
            isinstance(row, dict)
            and row.keys() == names
            and isinstance(row["kind"], str)
            and row["kind"] in _KINDS
            and _integer(row["accounts"], MAX_INTEGER)
            and _integer(row["posts"], MAX_INTEGER)
            and _text(row.get("platform", ""), 200)
            for row in rows
        )
    )


def _hex(value: Any, digits: int) -> bool:
    return isinstance(value, str) and len(value) == digits and bool(_HEX.fullmatch(value))


def _text(value: Any, max_length: int) -> bool:
    return isinstance(value, str) and len(value) <= max_length


def _integer(value: Any, maximum: int) -> bool:
    return type(value) is int and 0 <= value <= maximum
