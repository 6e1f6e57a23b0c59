"""A signal's values as arrays, equal values once: what every index is built from."""

from dataclasses import dataclass
from typing import Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from frametrace.embed.case import Case
from frametrace.embed.signals import pdq
from frametrace.embed.tables import signal_table

__all__ = ["Codes"]


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
        """Read a signal's values from the case's shards.

        Items without a value take no part; nor do pictures of low PDQ quality, whose hashes
        collide with each other.
        """
        table = case.read(signal_table(signal))
        if "code" not in table.column_names:
            return cls(
                np.empty((0, 1), np.uint8), np.zeros(1, np.int64), np.empty((0, 32), np.uint8)
            )
        keep = pc.is_valid(table["code"])
        if signal == pdq.Pdq.name:
            keep = pc.and_(keep, pc.greater_equal(table["quality"], pdq.MIN_QUALITY))
        table = table.filter(keep)
        return cls.collapse(_array(table["code"]), _digests(table["sha256"]))

    @classmethod
    def collapse(cls, codes: np.ndarray, items: np.ndarray) -> Self:
        """Bring (n, k) codes and the (n, 32) digests of their items into this form."""
        rows = np.ascontiguousarray(codes).view(np.uint8).reshape(len(codes), -1)
        order = np.lexsort((_as_key(items), _as_key(rows)))
        keys = _as_key(rows)[order]
        first = np.flatnonzero(np.concatenate([[True], keys[1:] != keys[:-1]])) if len(keys) else []
        starts = np.append(first, len(keys)).astype(np.int64)
        return cls(np.ascontiguousarray(codes[order[starts[:-1]]]), starts, items[order])

    def __len__(self) -> int:
        return len(self.codes)

    def items_of(self, at: int) -> list[str]:
        """The digests of the items that have code `at`, as hexadecimal digits."""
        return [item.tobytes().hex() for item in self.items[self.starts[at] : self.starts[at + 1]]]

    def representatives(self) -> list[str]:
        """The first item of each code."""
        return [item.tobytes().hex() for item in self.items[self.starts[:-1]]]


def _as_key(rows: np.ndarray) -> np.ndarray:
    """(n, k) uint8 → (n,) byte strings that sort and compare like the rows."""
    rows = np.ascontiguousarray(rows)
    return rows.view(np.dtype((np.void, rows.shape[1]))).ravel()


def _array(column: pa.ChunkedArray) -> np.ndarray:
    """A `code` column without nulls as (n, k)."""
    values = column.combine_chunks()
    if pa.types.is_fixed_size_binary(values.type):
        width = values.type.byte_width
        flat = np.frombuffer(values.buffers()[1], np.uint8)
        return flat[values.offset * width : (values.offset + len(values)) * width].reshape(
            -1, width
        )
    return values.flatten().to_numpy(zero_copy_only=False).reshape(len(values), -1)


def _digests(column: pa.ChunkedArray) -> np.ndarray:
    digits = "".join(column.to_pylist())
    return np.frombuffer(bytes.fromhex(digits), np.uint8).reshape(-1, 32)
