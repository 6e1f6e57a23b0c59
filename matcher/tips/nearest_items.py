"""Which item of a tip is nearest to each of a case's pictures and captions."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from frametrace.index.base import CodeIndex
from frametrace.index.codes import as_keys

__all__ = ["Nearest", "nearest_hashes", "nearest_keys"]

_BANDS = 32  # of 2 numbers each: two keys of which 31 numbers differ still share a whole band
_BLOCK = 2**18  # candidate pairs compared at a time


@dataclass(frozen=True, slots=True)
class Nearest:
    """m codes of a case that lie near a tip's: four arrays of one length.

    `row` is the code's position, ascending; `item` the nearest of the tip's codes, of equally near
    ones the first; `value` the distance in bits (hashes), or how many of a key's numbers differ;
    `near` how many of the tip's codes lie near.
    """

    row: np.ndarray
    item: np.ndarray
    value: np.ndarray
    near: np.ndarray


class _Closest:
    """The nearest of a tip's codes for each of n codes, while pairs come in any order."""

    def __init__(self, n: int) -> None:
        self._none = np.iinfo(np.int64).max
        self._best = np.full(n, self._none)
        self._near = np.zeros(n, np.int64)

    def take(self, row: np.ndarray, item: np.ndarray, value: np.ndarray) -> None:
        """Pairs, each of which is given once."""
        np.minimum.at(self._best, row, value.astype(np.int64) << 32 | item)
        np.add.at(self._near, row, 1)

    def found(self) -> Nearest:
        """All codes that were in a pair."""
        row = np.flatnonzero(self._best != self._none)
        best = self._best[row]
        return Nearest(row, best & (2**32 - 1), best >> 32, self._near[row])


def nearest_hashes(index: CodeIndex, codes: np.ndarray, radius: int) -> Nearest:
    """For the hashes of an index, the nearest of (m, k) codes at `radius` bits or less."""
    closest = _Closest(len(index.codes))
    distinct, first = _distinct(codes)
    if len(index.codes) and len(distinct):
        for hits in index.pairs_between(distinct, radius):
            closest.take(hits.row, first[hits.query], hits.value)
    return closest.found()


def nearest_keys(keys: np.ndarray, codes: np.ndarray, most: int) -> Nearest:
    """For (n, 64) uint32 MinHash keys, the nearest of (m, 64), of which `most` numbers may differ.

    None is missed where `most` is below the number of bands (32): two such keys share a whole band.
    """
    closest = _Closest(len(keys))
    distinct, first = _distinct(codes)
    if not (len(keys) and len(codes)):
        return closest.found()
    for at, (ours, theirs) in enumerate(zip(_bands(keys), _bands(distinct), strict=True)):
        order = np.argsort(theirs, kind="stable")
        begin = np.searchsorted(theirs[order], ours, "left")
        count = np.searchsorted(theirs[order], ours, "right") - begin
        for row, item in _pairs(begin, count, order):
            same = keys[row] == distinct[item]
            differ = keys.shape[1] - same.sum(axis=1)
            shared = same.reshape(len(row), _BANDS, keys.shape[1] // _BANDS).all(axis=2)
            keep = (differ <= most) & (shared.argmax(axis=1) == at)  # at its first band only
            closest.take(row[keep], first[item[keep]], differ[keep])
    return closest.found()


def _distinct(codes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The distinct rows, in a stable order, and the first position of each."""
    _, first = np.unique(as_keys(codes), return_index=True)
    return np.ascontiguousarray(codes[first]), first.astype(np.int64)


def _bands(keys: np.ndarray) -> list[np.ndarray]:
    """The (n,) values of each band as numbers: a 64-bit mixture, in which unlike bands may meet."""
    wide = keys.astype(np.uint64).reshape(len(keys), _BANDS, -1)
    mixed = np.zeros(wide.shape[:2], np.uint64)
    for at in range(wide.shape[2]):
        mixed = (mixed ^ wide[:, :, at]) * np.uint64(0x9E3779B97F4A7C15)
    return list(np.ascontiguousarray(mixed.T))


def _pairs(
    begin: np.ndarray, count: np.ndarray, order: np.ndarray
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Every (row, item) of ranges of `order`, some at a time."""
    ends = np.cumsum(count)
    start = 0
    while start < len(count):
        before = ends[start - 1] if start else 0
        stop = max(int(np.searchsorted(ends, before + _BLOCK, "right")), start + 1)
        sizes = count[start:stop]
        row = np.repeat(np.arange(start, stop), sizes)
        offset = np.arange(len(row)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
        yield row, order[np.repeat(begin[start:stop], sizes) + offset]
        start = stop
