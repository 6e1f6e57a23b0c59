"""Groups that never chain: stars around medoids, in a graph of verified pairs.

Connected components alone would chain A to Z through 24 steps. Inside each component the node that
ties most weight becomes the medoid; its neighbours are members; their own neighbours are members
through one recorded step; what is left forms stars of its own.
"""

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import connected_components

__all__ = ["Stars", "stars"]


@dataclass(frozen=True, slots=True)
class Stars:
    """For each of n nodes: its medoid, and the member that ties it in (the medoid, or one step).

    A node without neighbours is its own medoid.
    """

    medoid: np.ndarray
    via: np.ndarray


def stars(graph: csr_matrix, weight: np.ndarray, cluster: np.ndarray | None = None) -> Stars:
    """Cut the graph into stars; `weight` is (n,): how many posts each node stands for.

    With `cluster`, an (n,) label per node, no star crosses a cluster's border. Deterministic: of
    equals the node that comes first is taken.
    """
    if cluster is None:
        _, cluster = connected_components(graph, directed=False)
    n = graph.shape[0]
    medoid, via = np.full(n, -1, np.int64), np.full(n, -1, np.int64)
    order = np.argsort(cluster, kind="stable")
    borders = np.flatnonzero(np.diff(cluster[order])) + 1
    for members in np.split(order, borders) if n else []:
        open_nodes = set(members.tolist())
        ties = {int(node): _neighbours(graph, node, open_nodes) for node in members}
        while open_nodes:
            _take_star(ties, weight, open_nodes, medoid, via)
    return Stars(medoid, via)


def _neighbours(graph: csr_matrix, node: int, inside: set[int]) -> dict[int, float]:
    part = slice(graph.indptr[node], graph.indptr[node + 1])
    found = zip(graph.indices[part].tolist(), graph.data[part].tolist(), strict=True)
    return {other: similarity for other, similarity in found if other in inside}


def _take_star(
    ties: dict[int, dict[int, float]],
    weight: np.ndarray,
    open_nodes: set[int],
    medoid: np.ndarray,
    via: np.ndarray,
) -> None:
    """Assign one star's nodes, the one that covers most weight first."""

    def covered(node: int) -> tuple[float, float, int]:
        near = [other for other in ties[node] if other in open_nodes]
        total = float(weight[node]) + sum(float(weight[other]) for other in near)
        return total, sum(ties[node][other] for other in near), -node

    center = max(open_nodes, key=covered)
    direct = sorted(other for other in ties[center] if other in open_nodes)
    taken = {center: center, **dict.fromkeys(direct, center)}
    for member in sorted(direct, key=lambda other: (-ties[center][other], other)):
        for other in ties[member]:
            if other in open_nodes:
                taken.setdefault(other, member)
    for node, through in taken.items():
        medoid[node], via[node] = center, through
    open_nodes.difference_update(taken)
