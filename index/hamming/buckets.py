"""Two blocks of hashes, joined bucket by bucket in threads, in batches of bounded size."""

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from frametrace.index.base import Hits
from frametrace.index.hamming.hamming_kernels import (
    Bucketed,
    Found,
    Reach,
    bucket,
    compare,
    count,
    histograms,
    weigh,
)
from frametrace.index.hamming.pigeonhole import CHUNK, PER_WORD, Plan, Rule, differences, plan, rule
from frametrace.work.thread_pool import ThreadPool

__all__ = ["PER_HASH", "PER_THREAD", "Blocks", "counts_of"]

PER_HASH = 12  # bytes: the word that holds a chunk, and the row
_ROOM = 2**18  # pairs of a batch
PER_THREAD = 2 * 28 * _ROOM  # bytes: batches that are filled, and wait: 12 and 16 bytes a pair
_RANGES = 16  # of buckets, for each thread: enough to keep all busy to the end
_HOT = 2**28  # comparisons of two buckets beyond which they are joined by their other chunks
_HOT_CLUMPS = 2**20  # the same where there are clumps, whose own pairs are then passed over
_PLANNED = 2**26  # comparisons below which no plan is made for a split: it costs as much
_TILE = 512  # hashes of either side in one task where all pairs are compared
_VALUES = 2**CHUNK
_NO_LIMIT = 2**62


@dataclass(frozen=True, slots=True)
class _Task:
    """Some buckets to compare, in as many steps as there are full batches."""

    a: Bucketed
    b: Bucketed
    reach: Reach
    rule: Rule
    at: np.ndarray

    def step(self) -> tuple[Hits, bool]:
        """The next batch, and whether it is the last."""
        found = Found(*(np.empty(_ROOM, t) for t in (np.uint32, np.uint32, np.int32)))
        n = compare(self.a, self.b, self.reach, self.rule, self.at, found)
        hits = Hits(found.a[:n].astype(np.int64), found.b[:n].astype(np.int64), found.distance[:n])
        return hits, bool(self.at[0] == self.at[4])


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
    ended = False
    while not ended:
        hits, ended = step.result()
        if not ended:
            step = pool.submit(task.step)
        if len(hits):
            yield hits


@dataclass(frozen=True, slots=True)
class Blocks:
    """Hashes of A and of B, (n, w) and (m, w) uint64, to be joined at `radius`.

    With `same` both are one block, and each pair of it is meant once, but those inside a clump:
    `labels` (n,) int32 are the clumps, or empty. `outer` are tests that a pair must pass besides.
    Hits are rows of A and rows of B.
    """

    a: np.ndarray
    b: np.ndarray
    radius: int
    same: bool
    outer: Rule | None = None
    labels: np.ndarray = field(default_factory=lambda: np.empty(0, np.int32))

    def plan(self) -> Plan:
        """The cheapest plan for these hashes."""
        a = counts_of(self.a)
        return plan(a, a if self.same else counts_of(self.b), self.radius, same=self.same)

    def all_pairs(self, pool: ThreadPool) -> Iterator[Hits]:
        """Join by comparing all pairs."""
        words = self.a.shape[1]
        every = Rule(
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
                Reach(np.zeros(1, np.int64), _NO_LIMIT, self.same and i == j),
                self._ruled(every),
                np.array([0, 0, 0, 0, 1]),
            )
            for i, x in enumerate(a)
            for j, y in enumerate(b)
            if not self.same or i <= j
        )
        yield from _run(tasks, pool)

    def by_chunk(self, budgets: tuple[int, ...], chunk: int, pool: ThreadPool) -> Iterator[Hits]:
        """The pairs that belong to one chunk of a plan."""
        a = _bucketed(self.a, self.labels, chunk, pool)
        b = a if self.same else _bucketed(self.b, self.labels, chunk, pool)
        most = _HOT_CLUMPS if len(self.labels) else _HOT
        reach = Reach(differences(budgets[chunk]), most, self.same)
        tests = self._ruled(rule(budgets, chunk, self.radius))
        work = np.diff(a.starts)
        hot = weigh(a.starts, b.starts, reach, work)
        tasks = (
            _Task(a, b, reach, tests, np.array([first, 0, 0, 0, last]))
            for first, last in _ranges(work, _RANGES * pool.threads)
        )
        yield from _run(tasks, pool)
        for v, w in hot:
            own = self.same and v == w
            for x, y, same in self._apart(_rows(a, v), _rows(b, w), own=own):
                inner = Blocks(self.a[x], self.b[y], self.radius, same, tests)
                for hits in inner._all(pool):
                    yield Hits(x[hits.query], y[hits.row], hits.value)

    def _apart(
        self, x: np.ndarray, y: np.ndarray, *, own: bool
    ) -> Iterator[tuple[np.ndarray, np.ndarray, bool]]:
        """Two lots of rows, clump by clump, without the pairs inside of one; and whether the same.

        With `own` they are one lot, and each pair of it is meant once.
        """
        a, b = _by_label(x, self.labels), _by_label(y, self.labels)
        for i, (label, rows) in enumerate(a):
            for j, (other, others) in enumerate(b):
                if (label != other or label == 0) and not (own and j < i):
                    yield rows, others, own and i == j

    def _all(self, pool: ThreadPool) -> Iterator[Hits]:
        """Join by the best plan, or by comparing all pairs where that is little more."""
        best = self.plan() if len(self.a) * len(self.b) > _PLANNED else None
        if best is None or not best.pays:
            yield from self.all_pairs(pool)
            return
        for chunk in best.chunks:
            yield from self.by_chunk(best.budgets, chunk, pool)

    def _ruled(self, tests: Rule) -> Rule:
        if self.outer is None:
            return tests
        return tests._replace(
            masks=np.concatenate([self.outer.masks, tests.masks]),
            limits=np.concatenate([self.outer.limits, tests.limits]),
            within=np.concatenate([self.outer.within, tests.within]),
        )


def counts_of(side: np.ndarray) -> np.ndarray:
    """How often each value of each chunk occurs among (n, w) codes: (chunks, 65,536) int64."""
    counts = np.zeros((side.shape[1] * PER_WORD, _VALUES), np.int64)
    histograms(side, counts)
    return counts


def _tiles(side: np.ndarray, labels: np.ndarray) -> list[Bucketed]:
    """Some hashes at a time, each lot as one bucket."""
    return [
        Bucketed(
            np.array([0, len(side[first : first + _TILE])]),
            np.ascontiguousarray(side[first : first + _TILE, 0]),
            np.arange(first, min(first + _TILE, len(side)), dtype=np.uint32),
            side,
            labels,
        )
        for first in range(0, len(side), _TILE)
    ]


def _bucketed(side: np.ndarray, labels: np.ndarray, chunk: int, pool: ThreadPool) -> Bucketed:
    """Order hashes by a chunk: a counting sort, each thread with its part of the rows."""
    column, shift = side[:, chunk // PER_WORD], CHUNK * (chunk % PER_WORD)
    bounds = np.linspace(0, len(side), pool.threads + 1).astype(np.int64)
    parts = [column[first:last] for first, last in pairwise(bounds)]
    counts = np.zeros((len(parts), _VALUES), np.int64)
    for _ in pool.map(lambda part: count(part[0], shift, part[1]), zip(parts, counts, strict=True)):
        pass
    ends = np.concatenate([[0], counts.T.ravel().cumsum()])
    starts = ends[:-1].reshape(_VALUES, -1).T.copy()  # where each part puts each value
    ordered = Bucketed(
        np.append(starts[0], len(side)),
        np.empty(len(side), np.uint64),
        np.empty(len(side), np.uint32),
        side,
        labels,
    )
    slots = zip(parts, bounds[:-1], starts, strict=True)
    for _ in pool.map(lambda part: bucket(part[0], shift, part[1], part[2], ordered), slots):
        pass
    return ordered


def _ranges(work: np.ndarray, parts: int) -> list[tuple[int, int]]:
    """Cut the buckets into ranges of about equal work."""
    done = work.cumsum()
    cuts = np.searchsorted(done, np.linspace(0, done[-1], parts + 1)[1:-1])
    bounds = np.unique(np.concatenate([[0], cuts, [len(work)]]))
    return list(zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True))


def _by_label(rows: np.ndarray, labels: np.ndarray) -> list[tuple[int, np.ndarray]]:
    """Rows of each label; without labels all have the label 0."""
    if not len(labels):
        return [(0, rows)]
    return [(int(label), rows[labels[rows] == label]) for label in np.unique(labels[rows])]


def _rows(side: Bucketed, value: int) -> np.ndarray:
    return side.rows[side.starts[value] : side.starts[value + 1]].astype(np.int64)
