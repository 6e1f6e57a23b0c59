"""Reading a tip from a file: streamed into a table of some 500 bytes an item."""

import base64
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from frametrace.embed.signals.caption import Caption
from frametrace.embed.signals.local import is_value
from frametrace.matcher.tips.caption_vectors import vector_of
from frametrace.matcher.tips.schema_validation import names_its_signals
from frametrace.matcher.tips.signed_documents import TIP, read_document
from frametrace.matcher.tips.tip_model import COLUMNS, FEATURES, FINGERPRINTS, ITEMS, Head, Tip
from frametrace.posts.errors import TipError

__all__ = ["comparable", "read_tip", "same_way"]

_BLOCK = 20_000  # items that are Python objects at a time


def read_tip(path: Path, trusted: Sequence[Path] = ()) -> Tip:
    """Read a tip and hold it against its schema, digest and signature.

    Where `trusted` names public keys, one of them has to have signed it. Raises `TipError`.
    """
    blocks: list[pa.Table] = []
    rows: list[dict[str, Any]] = []

    def flush() -> None:
        blocks.append(pa.Table.from_pylist(rows, ITEMS))
        rows.clear()

    def take(number: int, item: dict[str, Any]) -> None:
        if not names_its_signals(item):
            raise TipError(f"{path}: the id of item {number} is not made of its signals")
        rows.append(_row(item))
        if len(rows) == _BLOCK:
            flush()

    envelope = read_document(path, TIP, take, trusted)
    flush()
    items = pa.concat_tables(blocks)
    if pc.count_distinct(items["id"]).as_py() < items.num_rows:
        raise TipError(f"{path} holds an item twice: no two items of a tip share an id")
    head = Head.of_json(envelope.head)
    for name, column in COLUMNS.items():
        if name not in (head.signals or {}) and items[column].null_count < items.num_rows:
            raise TipError(f"{path} holds {name}, but its head does not say what made it")
    return Tip(head, envelope.sha256, envelope.signature, items)


def comparable(tip: Tip, signals: Sequence[str] = ()) -> list[str]:
    """The signals of a tip to compare by: all of them, or those named.

    Raises `TipError` where one was made in a way that this Frametrace doesn't know. Vectors of
    captions are for each case to judge.
    """
    made = tip.head.signals or {}
    if lacking := [name for name in signals if name not in made]:
        has = ", ".join(sorted(made)) or "none"
        raise TipError(f"the tip has no signal {lacking[0]!r}; it has: {has}")
    chosen = sorted(signals or made)
    for name in chosen:
        if name == Caption.name:
            continue
        same_way(name, made[name], FINGERPRINTS.get(name, ""), "this Frametrace compares")
    return chosen


def same_way(name: str, theirs: Mapping[str, str], ours: str, whose: str) -> None:
    """Raise `TipError` where a signal's values were made by something else than ours."""
    if theirs["fingerprint"] != ours:
        model = f"{theirs['model']}, " if theirs.get("model") else ""
        raise TipError(
            f"the sender made the tip's {name} by {model}{theirs['fingerprint']}; {whose} "
            f"{ours or 'no signal of that name'}. Ask the sender for a tip made that way, or "
            "name the other signals to compare by with --signal"
        )


def _row(item: Mapping[str, Any]) -> dict[str, Any]:
    signals = item["signals"]
    pdq = signals.get("pdq")
    return {
        **item,
        "pdq": pdq and bytes.fromhex(pdq["hash"]),
        "quality": pdq and pdq.get("quality"),
        "phash": _bytes(signals.get("phash")),
        "caption_key": _bytes(signals.get("caption_key")),
        "local": signals.get("local") and _features(item["id"], signals["local"]),
        "vector": signals.get(Caption.name) and _vector(item["id"], signals[Caption.name]),
    }


def _features(name: str, text: str) -> bytes:
    """Local features from outside. Raises `TipError` where they are none."""
    code = base64.b64decode(text)
    if not is_value(code, FEATURES):
        raise TipError(f"{name}: its local features are none: a wrong size, or places outside it")
    return code


def _vector(name: str, text: str) -> bytes:
    """A caption's vector from outside. Raises `TipError` where it is none."""
    if (code := vector_of(text)) is None:
        raise TipError(f"{name}: its caption is no vector: it has too many values, or all are zero")
    return code


def _bytes(digits: str | None) -> bytes | None:
    return None if digits is None else bytes.fromhex(digits)
