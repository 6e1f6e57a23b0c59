"""Groups that never chain: stars around medoids, in a graph of verified pairs.

Connected components alone would chain A to Z through 24 steps. Instead the node that is most alike
to all posts, its own and those of its neighbours, becomes a medoid and covers its neighbours and,
where one step is allowed, theirs; and so on among the nodes that are left. Then every node joins
the medoid that it is most similar to; one without a medoid for a neighbour joins through the member
that it is most similar to.
"""

import heapq
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from scipy.sparse import coo_matrix, csr_matrix

__all__ = ["Stars", "stars"]

_ONE = 2**24  # a similarity of 1 as an integer: sums are exact, in whatever order they are made


@dataclass(frozen=True, slots=True)
class Stars:
    """For each of n nodes: its medoid, and the member that ties it in (the medoid, or one step).

    A node without neighbours is its own medoid.
    """

    medoid: np.ndarray
    via: np.ndarray


def stars(
    graph: csr_matrix,
    weight: np.ndarray,
    cluster: np.ndarray | None = None,
    *,
    direct: bool = False,
) -> Stars:
    """Cut a symmetric (n, n) graph of similarities into stars.

    `weight` is (n,) integers: how many posts each node stands for. With `cluster`, an (n,) label
    per node, no star crosses a cluster's border. With `direct`, every member is a neighbour of its
    medoid. Of equals the node with the smaller number comes first. Takes O(m log m) for m edges.
    """
    graph = _inside(graph, cluster)
    state = _Open(graph, weight)
    via = np.arange(graph.shape[0])
    settled = np.diff(graph.indptr) == 0
    while (center := state.next_medoid()) is not None:
        settled[center] = True
        state.close(_covered(state, center, direct=direct))
    for _ in range(1 if direct else 2):
        node, nearest = _nearest(graph, settled)
        via[node] = nearest
        settled[node] = True
    return Stars(via[via], via)


def _inside(graph: csr_matrix, cluster: np.ndarray | None) -> csr_matrix:
    """The graph without the edges between clusters, its columns sorted."""
    edges = graph.tocoo()
    keep = np.full(edges.nnz, True) if cluster is None else cluster[edges.row] == cluster[edges.col]
    pairs = edges.row[keep], edges.col[keep]
    return coo_matrix((edges.data[keep], pairs), shape=graph.shape).tocsr()


class _Open:
    """The nodes with neighbours that belong to no star yet, and how central each is among them."""

    def __init__(self, graph: csr_matrix, weight: np.ndarray) -> None:
        ties = csr_matrix(
            (np.rint(graph.data * _ONE).astype(np.int64), graph.indices, graph.indptr), graph.shape
        )
        weight = np.asarray(weight, np.int64)
        self._weight: list[int] = weight.tolist()
        self._central: list[int] = (weight * _ONE + ties @ weight).tolist()
        self._bounds: list[int] = ties.indptr.tolist()
        self._others: list[int] = ties.indices.tolist()
        self._similarity: list[int] = ties.data.tolist()
        tied = np.diff(ties.indptr) > 0
        self._is_open: list[bool] = tied.tolist()
        self._queue = [(-self._central[node], node) for node in np.flatnonzero(tied).tolist()]
        heapq.heapify(self._queue)

    def neighbours(self, node: int) -> list[tuple[int, int]]:
        """The open neighbours of a node, each with its similarity, `_ONE` at most."""
        part = slice(self._bounds[node], self._bounds[node + 1])
        found = zip(self._others[part], self._similarity[part], strict=True)
        return [pair for pair in found if self._is_open[pair[0]]]

    def next_medoid(self) -> int | None:
        """The most central open node. Nodes only become less so, and then sink in the queue."""
        while self._queue:
            noted, node = self._queue[0]
            if not self._is_open[node]:
                heapq.heappop(self._queue)
            elif noted != -self._central[node]:
                heapq.heapreplace(self._queue, (-self._central[node], node))
            else:
                return node
        return None

    def close(self, nodes: Iterable[int]) -> None:
        """Take nodes out: they no longer count for their neighbours."""
        for node in nodes:
            self._is_open[node] = False
        for node in nodes:
            for other, similarity in self.neighbours(node):
                self._central[other] -= self._weight[node] * similarity


def _covered(state: _Open, center: int, *, direct: bool) -> set[int]:
    """The open nodes that a medoid leaves no need of another medoid for."""
    near = [node for node, _ in state.neighbours(center)]
    steps = () if direct else near
    return {center, *near, *(node for member in steps for node, _ in state.neighbours(member))}


def _nearest(graph: csr_matrix, settled: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The nodes with settled neighbours that aren't settled themselves; the nearest of each."""
    edges = graph.tocoo()
    keep = settled[edges.col] & ~settled[edges.row]
    node, other, similarity = edges.row[keep], edges.col[keep], edges.data[keep]
    order = np.lexsort((other, -similarity, node))
    first = order[np.flatnonzero(np.diff(node[order], prepend=-1))]
    return node[first], other[first]
