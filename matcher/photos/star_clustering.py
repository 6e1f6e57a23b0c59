"""Star clustering: cuts a graph of verified pairs into stars around medoids, so groups never chain.

Connected components alone would chain A to Z through B, C and so on. Instead, the node with the
greatest sum of similarities to all posts, its own and its neighbours', becomes a medoid. It covers
its neighbours and, if one step is allowed, their neighbours. This repeats among the remaining
nodes. Then every node joins the neighbouring medoid that it is most similar to; a node without such
a neighbour joins through the member that it is most similar to.

This is the pivot algorithm of correlation clustering (Ailon, Charikar and Newman 2008) inside each
component, made deterministic: the pivot is the most central node instead of a random one. Groups
are local by construction, as no member is further than one recorded step from its medoid. Leiden is
not used for photos: its communities are as wide as modularity makes them, and would have to be cut
into stars anyway.

Each round finds many medoids at once. A node that is more central than all others within three
steps becomes a medoid whatever is chosen elsewhere: a choice only makes other nodes less central,
and a medoid four or more steps away covers none of the node's neighbours; nodes between the two are
covered by both. (If medoids cover only their neighbours, the numbers are two steps and three.) The
rounds stop when one covers too few nodes, as a long chain may have only one such node at a time; a
queue handles the rest.
"""

import heapq
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from scipy.sparse import csr_matrix

__all__ = ["StarClusters", "star_clusters"]

_ONE = 2**24  # a similarity of 1 as an integer, so that sums are exact in any order
_BLOCK = 1 << 23  # edges that are processed together
_MIN_CLOSED = 1 / 4  # part of the nodes that a round must cover, or it is the last


@dataclass(frozen=True, slots=True)
class StarClusters:
    """For each of n nodes: its medoid, and the member that ties it in (the medoid, or one step).

    A node without neighbours is its own medoid.
    """

    medoid: np.ndarray
    via: np.ndarray


def star_clusters(
    graph: csr_matrix,
    weight: np.ndarray,
    *,
    direct: bool = False,
    first: np.ndarray | None = None,
) -> StarClusters:
    """Cut a symmetric (n, n) float32 graph of similarities into stars.

    `weight` is (n,) integers: how many posts each node represents. With `direct`, every member is a
    neighbour of its medoid. Of equally central nodes, the one with the smaller number wins. The
    nodes `first` are medoids from the start. Takes O(m log m) time for m edges, and up to 16 bytes
    per edge.
    """
    graph = graph.astype(np.float32, copy=False)
    settled = _medoids(graph, np.asarray(weight, np.int64), first, 1 if direct else 2)
    via = np.arange(graph.shape[0])
    for _ in range(1 if direct else 2):
        node, nearest = _nearest(graph, settled)
        via[node] = nearest
        settled[node] = True
    return StarClusters(via[via], via)


def _medoids(
    graph: csr_matrix, weight: np.ndarray, first: np.ndarray | None, steps: int
) -> np.ndarray:
    """Which nodes are medoids, (n,) bool; each covers the nodes within `steps`."""
    medoid = np.zeros(graph.shape[0], bool)
    nodes, before = np.arange(len(medoid)), np.inf
    if first is not None:
        medoid[first] = True
        nodes, graph = _uncovered(nodes, graph, medoid, steps)
    while 0 < len(nodes) <= before * (1 - _MIN_CLOSED):
        before = len(nodes)
        centers = _peaks(graph, weight[nodes], steps + 1)
        medoid[nodes[centers]] = True
        nodes, graph = _uncovered(nodes, graph, centers, steps)
    medoid[nodes[_one_by_one(graph, weight[nodes], steps)]] = True
    return medoid


def _uncovered(
    nodes: np.ndarray, graph: csr_matrix, centers: np.ndarray, steps: int
) -> tuple[np.ndarray, csr_matrix]:
    """The nodes that no center covers, and the graph among them."""
    is_open = ~_around(graph, centers, steps)
    if is_open.all():
        return nodes, graph
    # Slicing rows, then columns, would hold the remaining graph twice.
    keep = np.repeat(is_open, np.diff(graph.indptr))
    keep &= is_open[graph.indices]
    counts = _by_row(graph, lambda part: keep[part].astype(np.int64), np.add, np.int64)[is_open]
    number = np.cumsum(is_open, dtype=np.int32) - 1
    edges = graph.data[keep], number[graph.indices[keep]], np.append(0, np.cumsum(counts))
    return nodes[is_open], csr_matrix(edges, (len(counts), len(counts)))


def _peaks(graph: csr_matrix, weight: np.ndarray, steps: int) -> np.ndarray:
    """Which nodes are more central than all others within some steps, (n,) bool."""
    n = graph.shape[0]
    rank = np.empty(n, np.int32)
    rank[np.lexsort((-np.arange(n), _central(graph, weight)))] = np.arange(n, dtype=np.int32)
    peaks: np.ndarray = _around(graph, rank, steps) == rank
    return peaks


def _central(graph: csr_matrix, weight: np.ndarray) -> np.ndarray:
    """Each node's sum of similarities to all posts, its own and its neighbours', (n,) int64."""

    def shares(part: slice) -> np.ndarray:
        shared: np.ndarray = _ties(graph.data[part]) * weight[graph.indices[part]]
        return shared

    central: np.ndarray = weight * _ONE + _by_row(graph, shares, np.add, np.int64)
    return central


def _ties(similarity: np.ndarray) -> np.ndarray:
    """Similarities as integers, `_ONE` at most."""
    return np.rint(similarity * np.float32(_ONE)).astype(np.int64)


def _around(graph: csr_matrix, values: np.ndarray, steps: int) -> np.ndarray:
    """The greatest value within some steps of each node; values are 0 or more."""

    def near(part: slice) -> np.ndarray:
        values_near: np.ndarray = around[graph.indices[part]]
        return values_near

    around = values
    for _ in range(steps):
        around = np.maximum(around, _by_row(graph, near, np.maximum, values.dtype))
    return around


def _by_row(
    graph: csr_matrix,
    values: Callable[[slice], np.ndarray],
    reduce: np.ufunc,
    dtype: np.dtype | type,
) -> np.ndarray:
    """Reduce a function of slices of the edges to one value per row; 0 for empty rows."""
    reduced = np.zeros(graph.shape[0], dtype)
    for rows in _blocks(graph.indptr):
        bounds = graph.indptr[rows.start : rows.stop + 1]
        filled = np.flatnonzero(np.diff(bounds))
        part = values(slice(bounds[0], bounds[-1]))
        reduced[rows.start + filled] = reduce.reduceat(part, bounds[filled] - bounds[0])
    return reduced


def _blocks(indptr: np.ndarray) -> Iterator[slice]:
    """Rows that hold edges, about `_BLOCK` edges at a time."""
    starts = np.searchsorted(indptr, np.arange(0, indptr[-1], _BLOCK), "right") - 1
    bounds = [*np.unique(starts).tolist(), len(indptr) - 1]
    return (slice(start, stop) for start, stop in pairwise(bounds))


def _one_by_one(graph: csr_matrix, weight: np.ndarray, steps: int) -> list[int]:
    """The medoids by the plain rule: repeatedly, the most central open node."""
    state = _OpenNodes(graph, weight)
    medoids = []
    while (center := state.next_medoid()) is not None:
        medoids.append(center)
        covered = rim = {center}
        for _ in range(steps):
            rim = {neighbour for node in rim for neighbour in state.neighbours(node)[0].tolist()}
            covered = covered | rim
        state.close(covered)
    return medoids


class _OpenNodes:
    """The nodes that no medoid covers yet, and how central each is among them."""

    def __init__(self, graph: csr_matrix, weight: np.ndarray) -> None:
        self._graph, self._weight = graph, weight
        self._central = _central(graph, weight)
        self._is_open = np.ones(len(weight), bool)
        self._queue = list(zip((-self._central).tolist(), range(len(weight)), strict=True))
        heapq.heapify(self._queue)

    def neighbours(self, node: int) -> tuple[np.ndarray, np.ndarray]:
        """The open neighbours of a node, and their similarities to it, `_ONE` at most."""
        part = slice(self._graph.indptr[node], self._graph.indptr[node + 1])
        neighbours = self._graph.indices[part]
        is_open = self._is_open[neighbours]
        return neighbours[is_open], _ties(self._graph.data[part][is_open])

    def next_medoid(self) -> int | None:
        """The most central open node. Nodes only become less central, so they only move back."""
        while self._queue:
            queued, node = self._queue[0]
            central = int(self._central[node])
            if not self._is_open[node]:
                heapq.heappop(self._queue)
            elif queued != -central:
                heapq.heapreplace(self._queue, (-central, node))
            else:
                return node
        return None

    def close(self, nodes: Iterable[int]) -> None:
        """Close nodes: they no longer count for their neighbours."""
        nodes = list(nodes)
        self._is_open[nodes] = False
        for node in nodes:
            neighbours, ties = self.neighbours(node)
            self._central[neighbours] -= ties * self._weight[node]


def _nearest(graph: csr_matrix, settled: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The unsettled nodes with settled neighbours, and the most similar one of each."""
    none = np.int64(0xFFFFFFFF)

    def ranks(part: slice) -> np.ndarray:
        # The bits of positive floats sort like the floats; ties go to the smaller node number.
        neighbour = graph.indices[part]
        similarity = np.where(settled[neighbour], graph.data[part], np.float32(0))
        keys: np.ndarray = (similarity.view(np.int32).astype(np.int64) << 32) | (none - neighbour)
        return keys

    best = _by_row(graph, ranks, np.maximum, np.int64)
    node = np.flatnonzero((best > none) & ~settled)
    return node, none - (best[node] & none)
