"""The exact Hamming join: every pair of hashes within a radius once, of one set or across two.

What has to be compared, and why no pair is missed or repeated, is told in `pigeonhole`. Here the
work is cut into units, which can be run apart: a block of hashes against another, by one chunk.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from itertools import combinations_with_replacement, pairwise, product

import numpy as np

from frametrace.index.base import Hits
from frametrace.index.hamming.dense_blocks import clumps
from frametrace.index.hamming.pigeonhole import plan
from frametrace.work.cpus import cpu_count
from frametrace.work.thread_pool import ThreadPool

__all__ = ["MEMORY", "Join", "Unit", "clump_pairs", "has_numba"]

MEMORY = 2**30  # bytes beside the hashes themselves
_FEW = 2**28  # comparisons that FAISS has made before compiled loops are loaded
_NO_LABELS = np.empty(0, np.int32)
_QUERIES = 512  # that FAISS answers at a time, or fewer: together they find `_FOUND` at most
_FOUND = 2**24


@dataclass(frozen=True, slots=True)
class Unit:
    """A part of a join: rows of A against rows of B, by one chunk of the hashes.

    Without a chunk all pairs are compared: those of one clump (see `clumps`) if it has a number,
    else all but those. `cost` grows with the work that it takes.
    """

    a: slice
    b: slice
    chunk: int | None
    budgets: tuple[int, ...]
    cost: float
    clump: int = 0

    def __str__(self) -> str:
        a, b = (f"{side.start}:{side.stop}" for side in (self.a, self.b))
        return f"{a} {b} clump {self.clump} chunk {self.chunk} of {self.budgets}"


class Join:
    """All pairs of hashes at `radius` bits or less: a < b within one set, or of sets A and B.

    `a` and `b` are (n, 8) or (n, 32) uint8, of 2^32 rows at most. Equal rows of one set are pairs
    as well: collapse them first. Iterating gives `Hits` (query: row of A; row: row of B; value:
    distance in bits), every pair once, in batches and in a stable order. A unit can be run by
    itself, and always gives the same pairs. `memory` bounds what is held beside the hashes, in
    bytes: less of it makes more and smaller units.

    `compiled` tells whether to run the loops that numba compiles (extra `fast`). By default they
    are where numba is installed and there is much to do; else FAISS compares all pairs, slowly.
    """

    def __init__(
        self,
        a: np.ndarray,
        b: np.ndarray | None = None,
        *,
        radius: int,
        memory: int = MEMORY,
        compiled: bool | None = None,
    ) -> None:
        self._same = b is None
        self._a = _words(a)
        self._b = self._a if b is None else _words(b)
        self._radius = radius
        self._labels: dict[int, np.ndarray] = {}
        pairs = len(self._a) * len(self._b) // (2 if self._same else 1)
        many = pairs > _FEW and has_numba()
        self._compiled = many if compiled is None else compiled
        self.units = self._units(memory)

    def __iter__(self) -> Iterator[Hits]:
        for unit in self.units:
            yield from self.run(unit)

    def run(self, unit: Unit) -> Iterator[Hits]:
        """The pairs of one unit."""
        if unit.clump:
            yield from clump_pairs(self._a, self.clump(unit), self._radius)
            return
        same = self._same and unit.a == unit.b
        a, b = self._a[unit.a], self._b[unit.b]
        found = (
            self._by_buckets(a, b, unit, same=same)
            if self._compiled
            else _by_faiss(a, b, self._radius, same=same)
        )
        for hits in found:
            x, y = hits.query + unit.a.start, hits.row + unit.b.start
            if same:
                x, y = np.minimum(x, y), np.maximum(x, y)
            yield Hits(x, y, hits.value)

    def clump(self, unit: Unit) -> np.ndarray:
        """The rows of a unit's clump, all pairs of which are near."""
        own = self._labels[unit.a.start] == unit.clump
        rows: np.ndarray = unit.a.start + np.flatnonzero(own)
        return rows

    def _by_buckets(
        self, a: np.ndarray, b: np.ndarray, unit: Unit, *, same: bool
    ) -> Iterator[Hits]:
        from frametrace.index.hamming.buckets import Blocks

        labels = self._labels.get(unit.a.start, _NO_LABELS) if same else _NO_LABELS
        blocks = Blocks(a, b, self._radius, same, labels=labels)
        with ThreadPool() as pool:
            if unit.chunk is None:
                yield from blocks.all_pairs(pool)
            else:
                yield from blocks.by_chunk(unit.budgets, unit.chunk, pool)

    def _units(self, memory: int) -> list[Unit]:
        sides = [self._a] if self._same else [self._a, self._b]
        cut = [_cut(len(side), self._rows(memory)) for side in sides]
        pairs = combinations_with_replacement(cut[0], 2) if self._same else product(*cut)
        return [unit for a, b in pairs for unit in self._planned(a, b)]

    def _planned(self, a: slice, b: slice) -> list[Unit]:
        rows = float(a.stop - a.start), float(b.stop - b.start)
        if not self._compiled:
            return [Unit(a, b, None, (), rows[0] * rows[1])]
        from frametrace.index.hamming.buckets import counts_of

        words, same = self._a[a], self._same and a == b
        counts = counts_of(words)
        others = counts if same else counts_of(self._b[b])
        best, units = plan(counts, others, self._radius, same=same), []
        if same:
            self._labels[a.start] = labels = clumps(words, counts, self._radius)
            sizes = np.bincount(labels)
            units = [Unit(a, b, None, (), float(sizes[k]) ** 2, k) for k in range(1, len(sizes))]
        if not best.pays:
            return [*units, Unit(a, b, None, (), best.brute)]
        costs = [best.costs[chunk] + sum(rows) for chunk in best.chunks]
        chunks = zip(best.chunks, costs, strict=True)
        return units + [Unit(a, b, chunk, best.budgets, cost) for chunk, cost in chunks]

    def _rows(self, memory: int) -> int:
        """How many hashes a block may have."""
        if not self._compiled:
            return max(_QUERIES, memory // 32)
        from frametrace.index.hamming.buckets import PER_HASH, PER_THREAD

        return max(1_024, (memory - cpu_count() * PER_THREAD) // (2 * PER_HASH))


def clump_pairs(codes: np.ndarray, rows: np.ndarray, radius: int) -> Iterator[Hits]:
    """All pairs of some rows of codes, uint8 or uint64, whose hashes are a clump."""
    words = _words(codes[rows])
    found = _all_pairs(words, radius) if has_numba() else _by_faiss(words, words, radius, same=True)
    for hits in found:
        x, y = rows[hits.query], rows[hits.row]
        yield Hits(np.minimum(x, y), np.maximum(x, y), hits.value)


def _all_pairs(words: np.ndarray, radius: int) -> Iterator[Hits]:
    """All pairs compared by compiled loops."""
    from frametrace.index.hamming.buckets import Blocks

    with ThreadPool() as pool:
        yield from Blocks(words, words, radius, True).all_pairs(pool)


def has_numba() -> bool:
    """Whether the loops can be compiled: numba may be there and refuse the NumPy that is."""
    try:
        import_module("numba")
    except ImportError:
        return False
    return True


def _by_faiss(a: np.ndarray, b: np.ndarray, radius: int, *, same: bool) -> Iterator[Hits]:
    """All pairs compared by FAISS."""
    import faiss

    a, b = (np.ascontiguousarray(side).view(np.uint8) for side in (a, b))
    index = faiss.IndexBinaryFlat(8 * b.shape[1])
    index.add(b)
    together = max(1, min(_QUERIES, _FOUND // max(len(b), 1)))
    for start in range(0, len(a), together):
        # FAISS returns what is strictly below its radius.
        limits, distances, rows = index.range_search(a[start : start + together], radius + 1)
        ends = limits.astype(np.int64)
        sizes = ends[1:] - ends[:-1]
        query = np.repeat(np.arange(start, start + len(sizes)), sizes)
        order = np.lexsort((rows, query))
        hits = Hits(query[order], rows[order], distances[order].astype(np.int32))
        yield hits.where(hits.query < hits.row) if same else hits


def _cut(n: int, most: int) -> list[slice]:
    """Row ranges of about equal size, none larger than `most`."""
    bounds = np.linspace(0, n, -(-n // most) + 1).astype(int).tolist()
    return [slice(first, last) for first, last in pairwise(bounds)]


def _words(codes: np.ndarray) -> np.ndarray:
    """(n, k) uint8 → (n, k / 8) uint64, read-only, without copying where that can be."""
    words = np.ascontiguousarray(codes).view(np.uint64)
    words.flags.writeable = False  # the kernels are compiled for arrays like this
    return words
