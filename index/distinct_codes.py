"""Reads a signal's values as arrays, equal values once."""

from dataclasses import dataclass
from typing import Self

import numpy as np
import pyarrow as pa

from frametrace.case.schemas import signal_table
from frametrace.case.store import Case
from frametrace.embed.signals import SIGNALS

__all__ = ["Codes", "as_digests", "as_digits", "as_keys", "first_bytes"]


@dataclass(frozen=True, slots=True)
class Codes:
    """u distinct codes, and which items have each.

    `codes` is (u, k), rows in ascending order of their bytes; `items` is (n, 32) uint8, the items'
    SHA-256 digests, sorted within a code; those of code i are `items[starts[i]:starts[i + 1]]`.
    Collapsing equal codes keeps 100,000 copies of one picture from making 5 billion pairs.
    """

    codes: np.ndarray
    starts: np.ndarray
    items: np.ndarray

    @classmethod
    def of(cls, case: Case, signal: str) -> Self:
        """Read a signal's usable values from the case's shards (see `Signal.usable`)."""
        name = signal_table(signal)
        if not case.epoch.rows(name):
            return cls.collapse(np.empty((0, 8), np.uint8), np.empty((0, 32), np.uint8))
        kind = SIGNALS[signal]
        table = case.read(name, ["sha256", *kind.usable_columns()])
        table = table.filter(kind.usable(table))
        codes, items = _array(table[kind.column]), as_digests(table["sha256"])
        del table  # twice as large as the arrays
        return cls.collapse(codes, items)

    @classmethod
    def collapse(cls, codes: np.ndarray, items: np.ndarray) -> Self:
        """Sort and collapse (n, k) codes and the (n, 32) digests of their items."""
        order = _order(codes, items)
        keys = as_keys(codes)[order]
        new = np.append(True, keys[1:] != keys[:-1])[: len(keys)]
        starts = np.append(np.flatnonzero(new), len(keys))
        return cls(np.ascontiguousarray(codes[order[starts[:-1]]]), starts, items[order])

    def __len__(self) -> int:
        return len(self.codes)

    def items_of(self, at: int) -> list[str]:
        """The digests of the items that have code `at`, as hexadecimal digits."""
        items = slice(self.starts[at], self.starts[at + 1])
        digests: list[str] = self.digests(items).to_pylist()
        return digests

    def rows_of_items(self) -> np.ndarray:
        """The row of each item's code, (n,) int64."""
        return np.repeat(np.arange(len(self)), np.diff(self.starts))

    def only(self, rows: np.ndarray) -> Self:
        """Some of the codes, each with its first item."""
        starts = np.arange(len(rows) + 1)
        return type(self)(self.codes[rows], starts, self.items[self.starts[rows]])

    def digests(self, which: slice | np.ndarray = slice(None)) -> pa.StringArray:
        """The digests of some items, or of all, as hexadecimal digits in one Arrow array."""
        return as_digits(self.items[which])


def _order(codes: np.ndarray, items: np.ndarray) -> np.ndarray:
    """The order of codes by their bytes, and of equal codes by the bytes of their items.

    Sorting by the first 8 bytes leaves few codes to sort by all bytes, which takes ten times as
    long.
    """
    first = first_bytes(codes)
    order = np.argsort(first, kind="stable")
    same = first[order[1:]] == first[order[:-1]]
    tied = np.flatnonzero(_equals_neighbour(same, len(order)))
    rows = order[tied]
    order[tied] = rows[np.lexsort((as_keys(items[rows]), as_keys(codes[rows])))]
    return order


def _equals_neighbour(same: np.ndarray, n: int) -> np.ndarray:
    """Which of n rows equal the one before or after, from n - 1 comparisons."""
    both = np.zeros(n, bool)
    both[:-1] |= same
    both[1:] |= same
    return both


def as_digits(digests: np.ndarray) -> pa.StringArray:
    """(n, 32) digests as hexadecimal digits in one Arrow array."""
    offsets = 64 * np.arange(len(digests) + 1, dtype=np.int32)
    digits = pa.py_buffer(digests.tobytes().hex().encode())
    return pa.StringArray.from_buffers(len(digests), pa.py_buffer(offsets), digits)


def first_bytes(codes: np.ndarray) -> np.ndarray:
    """The first 8 bytes of each code as one number, (n,) uint64, which sorts like them."""
    rows = np.ascontiguousarray(codes).view(np.uint8)
    begin = np.zeros((len(rows), 8), np.uint8)
    begin[:, : rows.shape[1]] = rows[:, :8]
    return begin.view(">u8").ravel().astype(np.uint64)


def as_keys(rows: np.ndarray) -> np.ndarray:
    """(n, k) numbers → (n,) byte strings that sort and compare like the rows' bytes."""
    rows = np.ascontiguousarray(rows)
    keys: np.ndarray = rows.view(np.dtype((np.void, rows.shape[1] * rows.itemsize))).ravel()
    return keys


def _array(column: pa.ChunkedArray) -> np.ndarray:
    """A `code` column without nulls as (n, k)."""
    values = column.combine_chunks()
    if pa.types.is_fixed_size_binary(values.type):
        return _bytes(values)
    array: np.ndarray = values.flatten().to_numpy(zero_copy_only=False)
    return array.reshape(len(values), values.type.list_size)


def as_digests(column: pa.ChunkedArray) -> np.ndarray:
    """A column of 64 hexadecimal digits as (n, 32) bytes."""
    items = np.empty((len(column), 32), np.uint8)
    at = 0
    for chunk in column.chunks:
        digits = _bytes(chunk.cast(pa.binary()).cast(pa.binary(64)))
        digests = np.frombuffer(bytes.fromhex(digits.tobytes().decode("ascii")), np.uint8)
        items[at : at + len(chunk)] = digests.reshape(-1, 32)
        at += len(chunk)
    return items


def _bytes(values: pa.FixedSizeBinaryArray) -> np.ndarray:
    """(n, width) uint8."""
    width = values.type.byte_width
    flat = np.frombuffer(values.buffers()[1], np.uint8)
    return flat[values.offset * width : (values.offset + len(values)) * width].reshape(-1, width)
