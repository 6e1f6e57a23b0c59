"""The exact Hamming join: finds every pair of hashes within a radius, in one set or across two.

`pigeonhole` explains which pairs are compared and why none is missed or repeated. Here the work is
cut into units that can run separately: one block of hashes against another, by one chunk.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations_with_replacement, pairwise, product

import numpy as np

from frametrace.index.base import Hits
from frametrace.index.hamming.dense_blocks import find_dense_blocks
from frametrace.index.hamming.pigeonhole import cheapest_plan
from frametrace.index.numba_compile import has_numba
from frametrace.work.cpus import cpu_count
from frametrace.work.thread_pool import ThreadPool

__all__ = ["DEFAULT_MEMORY", "HammingJoin", "JoinUnit", "as_words", "dense_block_pairs"]

DEFAULT_MEMORY = 2**30  # bytes besides the hashes themselves
_MIN_COMPILED = 2**28  # comparisons: FAISS makes fewer before compiled loops are even loaded
_NO_LABELS = np.empty(0, np.int32)
# Queries that FAISS answers at a time; fewer if they could find more than `_MAX_HITS` together.
_MAX_QUERIES = 512
_MAX_HITS = 2**24


@dataclass(frozen=True, slots=True)
class JoinUnit:
    """A part of a join: rows of A against rows of B, by one chunk of the hashes.

    Without a chunk, all pairs are compared: those within the dense block of that number (see
    `dense_blocks`), or if it is 0, all pairs but those within dense blocks. `cost` grows with the
    work of the unit.
    """

    a: slice
    b: slice
    chunk: int | None
    budgets: tuple[int, ...]
    cost: float
    dense_block: int = 0

    def __str__(self) -> str:
        # Pair caches on disk hold this text in their plan.json, so it must not change.
        a, b = (f"{side.start}:{side.stop}" for side in (self.a, self.b))
        return f"{a} {b} clump {self.dense_block} chunk {self.chunk} of {self.budgets}"


class HammingJoin:
    """All pairs of hashes at `radius` bits or less: a < b within one set, or across sets A and B.

    `a` and `b` are (n, 8) or (n, 32) uint8, with 2^32 rows at most. Equal rows of one set are pairs
    as well: collapse them first. Iterating gives `Hits` (query: row of A; row: row of B; value:
    distance in bits), every pair once, in batches and in a stable order. A unit can run by itself,
    and always gives the same pairs. `memory` limits what is held besides the hashes, in bytes: less
    memory makes more and smaller units.

    `compiled` selects the loops that numba compiles (extra `fast`). By default they run if numba is
    installed and the join is large; otherwise FAISS compares all pairs, which is slow.
    """

    def __init__(
        self,
        a: np.ndarray,
        b: np.ndarray | None = None,
        *,
        radius: int,
        memory: int = DEFAULT_MEMORY,
        compiled: bool | None = None,
    ) -> None:
        self._same = b is None
        self._a = as_words(a)
        self._b = self._a if b is None else as_words(b)
        self._radius = radius
        self._labels: dict[int, np.ndarray] = {}
        pairs = len(self._a) * len(self._b) // (2 if self._same else 1)
        worth_compiling = pairs > _MIN_COMPILED and has_numba()
        self._compiled = worth_compiling if compiled is None else compiled
        self.units = self._units(memory)

    def __iter__(self) -> Iterator[Hits]:
        for unit in self.units:
            yield from self.run(unit)

    def run(self, unit: JoinUnit) -> Iterator[Hits]:
        """The pairs of one unit."""
        if unit.dense_block:
            yield from dense_block_pairs(self._a, self.dense_block_rows(unit), self._radius)
            return
        same = self._same and unit.a == unit.b
        a, b = self._a[unit.a], self._b[unit.b]
        batches = (
            self._by_buckets(a, b, unit, same=same)
            if self._compiled
            else _by_faiss(a, b, self._radius, same=same)
        )
        for hits in batches:
            x, y = hits.query + unit.a.start, hits.row + unit.b.start
            if same:
                x, y = np.minimum(x, y), np.maximum(x, y)
            yield Hits(x, y, hits.value)

    def dense_block_rows(self, unit: JoinUnit) -> np.ndarray:
        """The rows of a unit's dense block; all pairs of them are near."""
        in_block = self._labels[unit.a.start] == unit.dense_block
        rows: np.ndarray = unit.a.start + np.flatnonzero(in_block)
        return rows

    def _by_buckets(
        self, a: np.ndarray, b: np.ndarray, unit: JoinUnit, *, same: bool
    ) -> Iterator[Hits]:
        from frametrace.index.hamming.bucket_join import BlockPair

        labels = self._labels.get(unit.a.start, _NO_LABELS) if same else _NO_LABELS
        blocks = BlockPair(a, b, self._radius, same, labels=labels)
        with ThreadPool() as pool:
            if unit.chunk is None:
                yield from blocks.all_pairs(pool)
            else:
                yield from blocks.by_chunk(unit.budgets, unit.chunk, pool)

    def _units(self, memory: int) -> list[JoinUnit]:
        sides = [self._a] if self._same else [self._a, self._b]
        blocks = [_equal_slices(len(side), self._max_block_rows(memory)) for side in sides]
        pairs = combinations_with_replacement(blocks[0], 2) if self._same else product(*blocks)
        return [unit for a, b in pairs for unit in self._units_of(a, b)]

    def _units_of(self, a: slice, b: slice) -> list[JoinUnit]:
        """The units of one block against another, by the cheapest plan."""
        rows = float(a.stop - a.start), float(b.stop - b.start)
        if not self._compiled:
            return [JoinUnit(a, b, None, (), rows[0] * rows[1])]
        from frametrace.index.hamming.bucket_join import chunk_histograms

        words, same = self._a[a], self._same and a == b
        counts_a = chunk_histograms(words)
        counts_b = counts_a if same else chunk_histograms(self._b[b])
        plan, units = cheapest_plan(counts_a, counts_b, self._radius, same=same), []
        if same:
            self._labels[a.start] = labels = find_dense_blocks(words, counts_a, self._radius)
            sizes = np.bincount(labels)
            units = [
                JoinUnit(a, b, None, (), float(sizes[label]) ** 2, label)
                for label in range(1, len(sizes))
            ]
        if not plan.pays:
            return [*units, JoinUnit(a, b, None, (), plan.brute_force_cost)]
        costs = [plan.costs[chunk] + sum(rows) for chunk in plan.chunks]
        chunks = zip(plan.chunks, costs, strict=True)
        return units + [JoinUnit(a, b, chunk, plan.budgets, cost) for chunk, cost in chunks]

    def _max_block_rows(self, memory: int) -> int:
        """How many hashes a block may have."""
        if not self._compiled:
            return max(_MAX_QUERIES, memory // 32)
        from frametrace.index.hamming.bucket_join import BYTES_PER_HASH, BYTES_PER_THREAD

        return max(1_024, (memory - cpu_count() * BYTES_PER_THREAD) // (2 * BYTES_PER_HASH))


def dense_block_pairs(codes: np.ndarray, rows: np.ndarray, radius: int) -> Iterator[Hits]:
    """All pairs among the given rows of codes, uint8 or uint64; their hashes are a dense block."""
    words = as_words(codes[rows])
    batches = (
        _all_pairs(words, radius) if has_numba() else _by_faiss(words, words, radius, same=True)
    )
    for hits in batches:
        x, y = rows[hits.query], rows[hits.row]
        yield Hits(np.minimum(x, y), np.maximum(x, y), hits.value)


def _all_pairs(words: np.ndarray, radius: int) -> Iterator[Hits]:
    """Compare all pairs by compiled loops."""
    from frametrace.index.hamming.bucket_join import BlockPair

    with ThreadPool() as pool:
        yield from BlockPair(words, words, radius, True).all_pairs(pool)


def _by_faiss(a: np.ndarray, b: np.ndarray, radius: int, *, same: bool) -> Iterator[Hits]:
    """Compare all pairs by FAISS."""
    import faiss

    a, b = (np.ascontiguousarray(side).view(np.uint8) for side in (a, b))
    index = faiss.IndexBinaryFlat(8 * b.shape[1])
    index.add(b)
    query_count = max(1, min(_MAX_QUERIES, _MAX_HITS // max(len(b), 1)))
    for start in range(0, len(a), query_count):
        # FAISS returns distances strictly below its radius.
        limits, distances, rows = index.range_search(a[start : start + query_count], radius + 1)
        ends = limits.astype(np.int64)
        sizes = ends[1:] - ends[:-1]
        query = np.repeat(np.arange(start, start + len(sizes)), sizes)
        order = np.lexsort((rows, query))
        hits = Hits(query[order], rows[order], distances[order].astype(np.int32))
        yield hits.where(hits.query < hits.row) if same else hits


def _equal_slices(rows: int, max_rows: int) -> list[slice]:
    """Slices of about equal size, none larger than `max_rows`."""
    bounds = np.linspace(0, rows, -(-rows // max_rows) + 1).astype(int).tolist()
    return [slice(first, last) for first, last in pairwise(bounds)]


def as_words(codes: np.ndarray) -> np.ndarray:
    """(n, k) uint8 → (n, k / 8) uint64, read-only, without copying if possible."""
    words = np.ascontiguousarray(codes).view(np.uint64)
    words.flags.writeable = False  # the kernels are compiled for read-only arrays
    return words
