"""Reads a tip from a file and verifies it: streamed into a table of about 500 bytes per item."""

import base64
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from frametrace.embed.signals.caption import Caption
from frametrace.embed.signals.local import is_feature_code
from frametrace.matcher.tips.packed_vectors import decode_vector
from frametrace.matcher.tips.schema_validation import id_matches_signals
from frametrace.matcher.tips.signed_documents import TIP, read_document
from frametrace.matcher.tips.tip_model import (
    FINGERPRINTS,
    ITEMS,
    MAX_FEATURES,
    SIGNAL_COLUMNS,
    Head,
    Tip,
)
from frametrace.posts.errors import TipError

__all__ = ["read_tip", "require_fingerprint", "signals_to_compare"]

_BLOCK = 20_000  # items that are kept as Python objects at a time


def read_tip(path: Path, trusted: Sequence[Path] = ()) -> Tip:
    """Read a tip and verify its schema, digest and signature.

    If `trusted` names public keys, one of them must have signed it. Raises `TipError`.
    """
    blocks: list[pa.Table] = []
    rows: list[dict[str, Any]] = []

    def flush() -> None:
        blocks.append(pa.Table.from_pylist(rows, ITEMS))
        rows.clear()

    def on_item(number: int, item: dict[str, Any]) -> None:
        if not id_matches_signals(item):
            raise TipError(f"{path}: the id of item {number} is not the digest of its signals")
        rows.append(_row(item))
        if len(rows) == _BLOCK:
            flush()

    envelope = read_document(path, TIP, on_item, trusted)
    flush()
    items = pa.concat_tables(blocks)
    if pc.count_distinct(items["id"]).as_py() < items.num_rows:
        raise TipError(f"{path} holds an item twice: the ids of a tip must be unique")
    head = Head.from_json(envelope.head)
    for name, column in SIGNAL_COLUMNS.items():
        if name not in (head.signals or {}) and items[column].null_count < items.num_rows:
            raise TipError(
                f"{path} holds {name}, but its head states no fingerprint for it: ask the sender "
                "for a valid tip"
            )
    return Tip(head, envelope.sha256, envelope.signature, items)


def signals_to_compare(tip: Tip, signals: Sequence[str] = ()) -> list[str]:
    """The signals of a tip to compare by: all of them, or the named ones.

    Raises `TipError` for a fingerprint that this version of Frametrace doesn't know. Caption
    vectors are not checked here, because their model must match that of the case.
    """
    fingerprints = tip.head.signals or {}
    if missing := [name for name in signals if name not in fingerprints]:
        available = ", ".join(sorted(fingerprints)) or "none"
        raise TipError(f"the tip has no signal {missing[0]!r}; it has: {available}")
    chosen = sorted(signals or fingerprints)
    for name in chosen:
        if name == Caption.name:
            continue
        require_fingerprint(
            name, fingerprints[name], FINGERPRINTS.get(name, ""), "this Frametrace compares"
        )
    return chosen


def require_fingerprint(name: str, theirs: Mapping[str, str], ours: str, whose: str) -> None:
    """Raise `TipError` if the sender's fingerprint of a signal is not `ours`.

    In the message `whose` names the side that `ours` belongs to.
    """
    if theirs["fingerprint"] != ours:
        model = f"{theirs['model']}, " if theirs.get("model") else ""
        raise TipError(
            f"the sender made the tip's {name} with {model}{theirs['fingerprint']}; {whose} "
            f"{ours or 'no signal of that name'}. Ask the sender for a tip made the same way, or "
            "choose other signals to compare by with --signal"
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


def _features(item_id: str, text: str) -> bytes:
    """Decode and check local features. Raises `TipError` if they are invalid."""
    code = base64.b64decode(text)
    if not is_feature_code(code, MAX_FEATURES):
        raise TipError(
            f"{item_id}: its local features are invalid: a wrong size, or positions outside the "
            "picture"
        )
    return code


def _vector(item_id: str, text: str) -> bytes:
    """Decode and check a caption's vector. Raises `TipError` if it is invalid."""
    if (code := decode_vector(text)) is None:
        raise TipError(
            f"{item_id}: its caption vector is invalid: it has too many values, or all are zero"
        )
    return code


def _bytes(digits: str | None) -> bytes | None:
    return None if digits is None else bytes.fromhex(digits)
