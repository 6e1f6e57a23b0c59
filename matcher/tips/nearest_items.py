"""Finds the nearest item of a tip for each hash or MinHash key of a case."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from frametrace.index.distinct_codes import as_keys
from frametrace.index.hamming.hamming_index import HammingIndex
from frametrace.index.ranges import expand_ranges

__all__ = ["NearestItems", "nearest_hashes", "nearest_keys"]

_BANDS = 32  # of 2 values each: two keys that differ in at most 31 values share at least one band
_BLOCK = 2**18  # candidate pairs compared at a time


@dataclass(frozen=True, slots=True)
class NearestItems:
    """The m codes of a case that are close to one of a tip's: four arrays of length m.

    `row` is the position of the case's code, ascending; `item` that of the nearest of the tip's
    codes, the first of equally near ones; `value` the distance in bits (hashes) or the number of
    differing values (MinHash keys); `near` the number of the tip's codes within the limit.
    """

    row: np.ndarray
    item: np.ndarray
    value: np.ndarray
    near: np.ndarray


class _NearestSoFar:
    """Collects the nearest of a tip's codes for each of n codes, from pairs in any order."""

    def __init__(self, n: int) -> None:
        self._none = np.iinfo(np.int64).max
        self._best = np.full(n, self._none)  # distance in the high 32 bits, item in the low ones
        self._near = np.zeros(n, np.int64)

    def add(self, row: np.ndarray, item: np.ndarray, value: np.ndarray) -> None:
        """Add pairs; each pair must be added only once."""
        np.minimum.at(self._best, row, value.astype(np.int64) << 32 | item)
        np.add.at(self._near, row, 1)

    def result(self) -> NearestItems:
        """The codes that were in any pair."""
        row = np.flatnonzero(self._best != self._none)
        best = self._best[row]
        return NearestItems(row, best & (2**32 - 1), best >> 32, self._near[row])


def nearest_hashes(index: HammingIndex, codes: np.ndarray, radius: int) -> NearestItems:
    """For each hash of an index, the nearest of (m, k) codes within `radius` bits."""
    closest = _NearestSoFar(len(index.codes))
    distinct, first = _distinct(codes)
    if len(index.codes) and len(distinct):
        for hits in index.pairs_between(distinct, radius):
            closest.add(hits.row, first[hits.query], hits.value)
    return closest.result()


def nearest_keys(keys: np.ndarray, codes: np.ndarray, max_different: int) -> NearestItems:
    """For (n, 64) uint32 MinHash keys, the nearest of (m, 64) that differ in few values.

    At most `max_different` values may differ. No pair is missed if that is below the number of
    bands (32), because two such keys share at least one band (pigeonhole principle).
    """
    closest = _NearestSoFar(len(keys))
    distinct, first = _distinct(codes)
    if not (len(keys) and len(codes)):
        return closest.result()
    for band, (ours, theirs) in enumerate(zip(_bands(keys), _bands(distinct), strict=True)):
        order = np.argsort(theirs, kind="stable")
        begin = np.searchsorted(theirs[order], ours, "left")
        count = np.searchsorted(theirs[order], ours, "right") - begin
        for row, item in _pairs(begin, count, order):
            same = keys[row] == distinct[item]
            differ = keys.shape[1] - same.sum(axis=1)
            shared = same.reshape(len(row), _BANDS, keys.shape[1] // _BANDS).all(axis=2)
            # A pair that shares several bands counts at the first one only.
            keep = (differ <= max_different) & (shared.argmax(axis=1) == band)
            closest.add(row[keep], first[item[keep]], differ[keep])
    return closest.result()


def _distinct(codes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The distinct rows in a stable order, and the first position of each."""
    _, first = np.unique(as_keys(codes), return_index=True)
    return np.ascontiguousarray(codes[first]), first.astype(np.int64)


def _bands(keys: np.ndarray) -> list[np.ndarray]:
    """A 64-bit hash of each band, as (n,) arrays; different bands may collide."""
    wide = keys.astype(np.uint64).reshape(len(keys), _BANDS, -1)
    mixed = np.zeros(wide.shape[:2], np.uint64)
    for position in range(wide.shape[2]):
        mixed = (mixed ^ wide[:, :, position]) * np.uint64(0x9E3779B97F4A7C15)
    return list(np.ascontiguousarray(mixed.T))


def _pairs(
    begin: np.ndarray, count: np.ndarray, order: np.ndarray
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """All (row, item) pairs of ranges of `order`, in blocks of about `_BLOCK` pairs."""
    ends = np.cumsum(count)
    start = 0
    while start < len(count):
        before = ends[start - 1] if start else 0
        stop = max(int(np.searchsorted(ends, before + _BLOCK, "right")), start + 1)
        sizes = count[start:stop]
        row, position = expand_ranges(begin[start:stop], sizes)
        yield start + row, order[position]
        start = stop
