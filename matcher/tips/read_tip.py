"""Reads a tip from a file and verifies it: streamed into tables of about 500 bytes per item."""

import base64
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
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
    FRAMES,
    ITEMS,
    MAX_FEATURES,
    SIGNAL_COLUMNS,
    VIDEO,
    Head,
    ItemKind,
    Tip,
)
from frametrace.posts.errors import TipError

__all__ = ["read_tip", "require_fingerprint", "signals_to_compare"]

_BLOCK = 20_000  # items that are kept as Python objects at a time


def read_tip(path: Path, trusted: Sequence[Path] = ()) -> Tip:
    """Read a tip and verify its schema, digest and signature.

    If `trusted` names public keys, one of them must have signed it. Raises `TipError`.
    """
    rows, frame_rows = _Rows(ITEMS), _Rows(FRAMES)

    def on_item(number: int, item: dict[str, Any]) -> None:
        if not id_matches_signals(item):
            raise TipError(f"{path}: the id of item {number} is not the digest of its signals")
        if (VIDEO in item["signals"]) != item["id"].startswith(f"{ItemKind.VIDEO}-"):
            raise TipError(f"{path}: the id of item {number} names another kind than its signals")
        rows.add(_row(item))
        for frame in _frame_rows(number - 1, item):
            frame_rows.add(frame)

    envelope = read_document(path, TIP, on_item, trusted)
    items, frames = rows.table(), frame_rows.table()
    if pc.count_distinct(items["id"]).as_py() < items.num_rows:
        raise TipError(f"{path} holds an item twice: the ids of a tip must be unique")
    head = Head.from_json(envelope.head)
    for name, column in SIGNAL_COLUMNS.items():
        tables = [table for table in (items, frames) if column in table.column_names]
        is_held = any(table[column].null_count < table.num_rows for table in tables)
        if name not in (head.signals or {}) and is_held:
            raise TipError(
                f"{path} holds {name}, but its head states no fingerprint for it: ask the sender "
                "for a valid tip"
            )
    return Tip(head, envelope.sha256, envelope.signature, items, frames)


class _Rows:
    """Collects rows in a table; few of them are Python objects at a time."""

    def __init__(self, schema: pa.Schema) -> None:
        self._schema = schema
        self._rows: list[dict[str, Any]] = []
        self._blocks: list[pa.Table] = []

    def add(self, row: dict[str, Any]) -> None:
        """Add a row."""
        self._rows.append(row)
        if len(self._rows) == _BLOCK:
            self._flush()

    def table(self) -> pa.Table:
        """All rows."""
        self._flush()
        return pa.concat_tables(self._blocks)

    def _flush(self) -> None:
        self._blocks.append(pa.Table.from_pylist(self._rows, self._schema))
        self._rows.clear()


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
        "duration_ms": signals[VIDEO]["duration"] if VIDEO in signals else None,
    }


def _frame_rows(row: int, item: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The frames of an item that is a video. Raises `TipError` for impossible times."""
    video = item["signals"].get(VIDEO, {"frames": []})
    for frame in video["frames"]:
        times = [time for interval in frame["shown"] for time in interval]
        ascend = all(start <= end for start, end in pairwise(times))
        if times[-1] > video["duration"] or not ascend or not all(e > s for s, e in frame["shown"]):
            raise TipError(
                f"{item['id']}: the times of a frame are invalid: intervals must ascend, without "
                "overlap, within the duration of the video"
            )
        yield {
            "item": row,
            "pdq": bytes.fromhex(frame["pdq"]["hash"]),
            "quality": frame["pdq"]["quality"],
            "local": _features(item["id"], frame["local"]) if "local" in frame else None,
            "shown": times,
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
