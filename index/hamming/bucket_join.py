"""Joins two blocks of hashes bucket by bucket, in threads, in batches of bounded size."""

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from frametrace.index.base import Hits
from frametrace.index.hamming.hamming_kernels import (
    BucketedCodes,
    BucketNeighbors,
    PairBuffer,
    compare_buckets,
    count_comparisons,
    count_values,
    fill_buckets,
    fill_histograms,
)
from frametrace.index.hamming.pigeonhole import (
    CHUNK_BITS,
    CHUNKS_PER_WORD,
    ChunkPlan,
    PairTests,
    cheapest_plan,
    chunk_tests,
    xor_masks,
)
from frametrace.work.thread_pool import Future, ThreadPool

__all__ = ["BYTES_PER_HASH", "BYTES_PER_THREAD", "BlockPair", "chunk_histograms"]

BYTES_PER_HASH = 12  # the word that contains a chunk, and the row
_BATCH_PAIRS = 2**18
BYTES_PER_THREAD = 2 * 28 * _BATCH_PAIRS  # batches being filled and waiting: 12 and 16 bytes a pair
_RANGES_PER_THREAD = 16  # ranges of buckets: enough to keep all threads busy to the end
# Comparisons of two buckets above which they are joined by their other chunks: without and with
# dense blocks, whose own pairs are then skipped.
_MAX_COMPARISONS = 2**28
_MAX_COMPARISONS_DENSE = 2**20
_MIN_PLANNED = 2**26  # comparisons below which a plan for a split costs more than it saves
_TILE = 512  # hashes of each side in one task when all pairs are compared
_VALUES = 2**CHUNK_BITS
_NO_LIMIT = 2**62


@dataclass(frozen=True, slots=True)
class _Task:
    """A range of buckets to compare in batches of pairs; `cursor` is where to continue."""

    a: BucketedCodes
    b: BucketedCodes
    neighbors: BucketNeighbors
    tests: PairTests
    cursor: np.ndarray

    def step(self) -> tuple[Hits, bool]:
        """The next batch, and whether it is the last."""
        pairs = PairBuffer(*(np.empty(_BATCH_PAIRS, t) for t in (np.uint32, np.uint32, np.int32)))
        n = compare_buckets(self.a, self.b, self.neighbors, self.tests, self.cursor, pairs)
        hits = Hits(pairs.a[:n].astype(np.int64), pairs.b[:n].astype(np.int64), pairs.distance[:n])
        return hits, bool(self.cursor[0] == self.cursor[4])


def _run(tasks: Iterable[_Task], pool: ThreadPool) -> Iterator[Hits]:
    """Every batch of every task, in the order of the tasks, computed a few batches ahead."""
    waiting: deque[tuple[_Task, Future[tuple[Hits, bool]]]] = deque()
    for task in tasks:
        waiting.append((task, pool.submit(task.step)))
        if len(waiting) > pool.threads:
            yield from _finish(*waiting.popleft(), pool)
    while waiting:
        yield from _finish(*waiting.popleft(), pool)


def _finish(task: _Task, step: "Future[tuple[Hits, bool]]", pool: ThreadPool) -> Iterator[Hits]:
    """The batches of a task whose first step was submitted."""
    ended = False
    while not ended:
        hits, ended = step.result()
        if not ended:
            step = pool.submit(task.step)
        if len(hits):
            yield hits


@dataclass(frozen=True, slots=True)
class BlockPair:
    """Hashes of A and of B, (n, w) and (m, w) uint64, to be joined at `radius`.

    With `same`, both are one block, and each of its pairs is found once, except those within a
    dense block: `labels` (n,) int32 are the dense blocks, or empty. A pair must also pass the tests
    of `outer`. Hits are rows of A and rows of B.
    """

    a: np.ndarray
    b: np.ndarray
    radius: int
    same: bool
    outer: PairTests | None = None
    labels: np.ndarray = field(default_factory=lambda: np.empty(0, np.int32))

    def plan(self) -> ChunkPlan:
        """The cheapest plan for these hashes."""
        a = chunk_histograms(self.a)
        b = a if self.same else chunk_histograms(self.b)
        return cheapest_plan(a, b, self.radius, same=self.same)

    def all_pairs(self, pool: ThreadPool) -> Iterator[Hits]:
        """Join by comparing all pairs."""
        words = self.a.shape[1]
        within_radius = PairTests(
            np.full((1, words), ~np.uint64(0)),
            np.array([self.radius]),
            np.array([True]),
            min(self.radius, 64),
            np.empty(0, np.uint64),
            np.empty(0, np.int64),
        )
        a, b = _tiles(self.a, self.labels), _tiles(self.b, self.labels)
        tasks = (
            _Task(
                x,
                y,
                BucketNeighbors(np.zeros(1, np.int64), _NO_LIMIT, self.same and i == j),
                self._with_outer_tests(within_radius),
                np.array([0, 0, 0, 0, 1]),
            )
            for i, x in enumerate(a)
            for j, y in enumerate(b)
            if not self.same or i <= j
        )
        yield from _run(tasks, pool)

    def by_chunk(self, budgets: tuple[int, ...], chunk: int, pool: ThreadPool) -> Iterator[Hits]:
        """Join by one chunk of a plan: the pairs that belong to it."""
        a = _bucketed(self.a, self.labels, chunk, pool)
        b = a if self.same else _bucketed(self.b, self.labels, chunk, pool)
        limit = _MAX_COMPARISONS_DENSE if len(self.labels) else _MAX_COMPARISONS
        neighbors = BucketNeighbors(xor_masks(budgets[chunk]), limit, self.same)
        tests = self._with_outer_tests(chunk_tests(budgets, chunk, self.radius))
        work = np.diff(a.starts)
        skipped = count_comparisons(a.starts, b.starts, neighbors, work)
        tasks = (
            _Task(a, b, neighbors, tests, np.array([first, 0, 0, 0, last]))
            for first, last in _ranges(work, _RANGES_PER_THREAD * pool.threads)
        )
        yield from _run(tasks, pool)
        for v, w in skipped:
            own = self.same and v == w
            for x, y, same in self._label_pairs(_rows(a, v), _rows(b, w), own=own):
                inner = BlockPair(self.a[x], self.b[y], self.radius, same, tests)
                for hits in inner._by_best_plan(pool):
                    yield Hits(x[hits.query], y[hits.row], hits.value)

    def _label_pairs(
        self, x: np.ndarray, y: np.ndarray, *, own: bool
    ) -> Iterator[tuple[np.ndarray, np.ndarray, bool]]:
        """Split two sets of rows by label; yield sets to join, and whether both are the same.

        Pairs within a dense block are left out. With `own`, x and y are the same rows, and each of
        their pairs is joined once.
        """
        a, b = _by_label(x, self.labels), _by_label(y, self.labels)
        for i, (label_a, rows_a) in enumerate(a):
            for j, (label_b, rows_b) in enumerate(b):
                if (label_a != label_b or label_a == 0) and not (own and j < i):
                    yield rows_a, rows_b, own and i == j

    def _by_best_plan(self, pool: ThreadPool) -> Iterator[Hits]:
        """Join by the best plan, or by comparing all pairs if that costs little more."""
        best = self.plan() if len(self.a) * len(self.b) > _MIN_PLANNED else None
        if best is None or not best.pays:
            yield from self.all_pairs(pool)
            return
        for chunk in best.chunks:
            yield from self.by_chunk(best.budgets, chunk, pool)

    def _with_outer_tests(self, tests: PairTests) -> PairTests:
        if self.outer is None:
            return tests
        return tests._replace(
            masks=np.concatenate([self.outer.masks, tests.masks]),
            limits=np.concatenate([self.outer.limits, tests.limits]),
            within=np.concatenate([self.outer.within, tests.within]),
        )


def chunk_histograms(side: np.ndarray) -> np.ndarray:
    """The histogram of each chunk's values among (n, w) codes: (chunks, 65,536) int64."""
    counts = np.zeros((side.shape[1] * CHUNKS_PER_WORD, _VALUES), np.int64)
    fill_histograms(side, counts)
    return counts


def _tiles(side: np.ndarray, labels: np.ndarray) -> list[BucketedCodes]:
    """Cut hashes into tiles, each as one bucket."""
    return [
        BucketedCodes(
            np.array([0, len(side[first : first + _TILE])]),
            np.ascontiguousarray(side[first : first + _TILE, 0]),
            np.arange(first, min(first + _TILE, len(side)), dtype=np.uint32),
            side,
            labels,
        )
        for first in range(0, len(side), _TILE)
    ]


def _bucketed(side: np.ndarray, labels: np.ndarray, chunk: int, pool: ThreadPool) -> BucketedCodes:
    """Order hashes by a chunk: a counting sort, in which each thread takes a part of the rows."""
    column, shift = side[:, chunk // CHUNKS_PER_WORD], CHUNK_BITS * (chunk % CHUNKS_PER_WORD)
    bounds = np.linspace(0, len(side), pool.threads + 1).astype(np.int64)
    parts = [column[first:last] for first, last in pairwise(bounds)]
    counts = np.zeros((len(parts), _VALUES), np.int64)
    counting = zip(parts, counts, strict=True)
    for _ in pool.map(lambda part: count_values(part[0], shift, part[1]), counting):
        pass
    ends = np.concatenate([[0], counts.T.ravel().cumsum()])
    starts = ends[:-1].reshape(_VALUES, -1).T.copy()  # where each part writes each value
    ordered = BucketedCodes(
        np.append(starts[0], len(side)),
        np.empty(len(side), np.uint64),
        np.empty(len(side), np.uint32),
        side,
        labels,
    )
    slots = zip(parts, bounds[:-1], starts, strict=True)
    for _ in pool.map(lambda part: fill_buckets(part[0], shift, part[1], part[2], ordered), slots):
        pass
    return ordered


def _ranges(work: np.ndarray, parts: int) -> list[tuple[int, int]]:
    """Cut the buckets into ranges of about equal work."""
    total = work.cumsum()
    cuts = np.searchsorted(total, np.linspace(0, total[-1], parts + 1)[1:-1])
    bounds = np.unique(np.concatenate([[0], cuts, [len(work)]]))
    return list(zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True))


def _by_label(rows: np.ndarray, labels: np.ndarray) -> list[tuple[int, np.ndarray]]:
    """The rows of each label; without labels, all rows have label 0."""
    if not len(labels):
        return [(0, rows)]
    return [(int(label), rows[labels[rows] == label]) for label in np.unique(labels[rows])]


def _rows(side: BucketedCodes, value: int) -> np.ndarray:
    return side.rows[side.starts[value] : side.starts[value + 1]].astype(np.int64)
