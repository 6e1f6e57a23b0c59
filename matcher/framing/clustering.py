"""Framing groups: communities of contents that are alike.

The graph holds pairs that are among each other's nearest neighbours by what their evidence adds up
to: what is near to everything is near to nobody in particular. Contents with an item in common are
tied to the one of them that most posts carry: a star, where a clique would have millions of edges.
Communities are found by Leiden (Traag, Waltman and van Eck 2019), decades being the weights.
"""

from dataclasses import dataclass

import numpy as np
from scipy.sparse import coo_matrix, csr_matrix
from scipy.sparse.csgraph import breadth_first_order, connected_components, minimum_spanning_tree

from frametrace.matcher.framing.calibration import MOST
from frametrace.matcher.framing.distinct_contents import NONE, Contents
from frametrace.matcher.framing.fusion import Fused, Fusion
from frametrace.matcher.framing.neighbour_graph import near, sharing
from frametrace.matcher.framing.similarity import Means

__all__ = ["Communities", "Edges", "communities", "edges_of"]

_SEED = 0
_COMPARED = 100  # pairs of a group's contents, at most, that tell how tightly it holds
_KINDS = 3  # of evidence: what can add up


@dataclass(frozen=True, slots=True)
class Edges:
    """m pairs a < b of contents, (m,) int64 each, ordered, and how alike they are."""

    a: np.ndarray
    b: np.ndarray
    fused: Fused

    def graph(self, n: int, kept: np.ndarray) -> csr_matrix:
        """The symmetric (n, n) graph of the decades of some edges."""
        a, b, decades = self.a[kept], self.b[kept], self.fused.decades[kept]
        both = np.append(a, b), np.append(b, a)
        return coo_matrix((np.append(decades, decades), both), (n, n), np.float32).tocsr()


@dataclass(frozen=True, slots=True)
class Communities:
    """n contents and where they belong.

    `group` (n,) int64 numbers the groups, `NONE` for contents in none; `medoid` (g,) int64 is the
    content of each group that is most alike to the group's posts. `via` (n,) int64 is the neighbour
    that ties a content in, on the strongest path to the medoid; itself for medoids and for contents
    in no group. `ties` is how alike each is to its `via`. `cohesion` (g,) float32: of the pairs of
    a group's contents, or of a sample, the part that is alike without the others.
    """

    group: np.ndarray
    medoid: np.ndarray
    via: np.ndarray
    ties: Fused
    cohesion: np.ndarray


def edges_of(contents: Contents, fusion: Fusion, least: float, neighbours: int) -> Edges:
    """The pairs that tie contents: alike by `least` decades, and mutual neighbours or sharing."""
    n = len(contents)
    shared = sharing(contents)
    a, b = np.divmod(np.union1d(shared, near(contents, fusion, neighbours)), max(n, 1))
    decades = fusion.decades(a, b)
    keep = decades >= least
    a, b, decades = a[keep], b[keep], decades[keep]
    keep = np.isin(a * n + b, shared) | _mutual(a, b, decades, neighbours)
    a, b = a[keep], b[keep]
    return Edges(a, b, fusion.compare(a, b))


def communities(contents: Contents, edges: Edges, fusion: Fusion, least: float) -> Communities:
    """Group contents by their edges.

    What only one photo ties is left to the photo groups.
    """
    n = len(contents)
    graph = edges.graph(n, np.ones(len(edges.a), bool))
    group = _labels(graph, contents, edges)
    medoid = _medoids(graph, group, contents.weight)
    via = _vias(graph, group, medoid)
    ties = fusion.compare(np.arange(n), via)
    return Communities(group, medoid, via, ties, _cohesion(group, len(medoid), fusion, least))


def _mutual(a: np.ndarray, b: np.ndarray, decades: np.ndarray, neighbours: int) -> np.ndarray:
    """Which pairs are among the nearest of both."""
    m = len(a)
    node, other = np.append(a, b), np.append(b, a)
    order = np.lexsort((other, -np.append(decades, decades), node))
    start = np.searchsorted(node[order], node[order])
    among = np.empty(2 * m, bool)
    among[order] = np.arange(2 * m) - start < neighbours
    mutual: np.ndarray = among[:m] & among[m:]
    return mutual


def _labels(graph: csr_matrix, contents: Contents, edges: Edges) -> np.ndarray:
    """The number of each content's group, (n,) int64, in the order of their first contents."""
    from sknetwork.clustering import Leiden

    n = len(contents)
    found = Leiden(random_state=_SEED).fit_predict(graph) if graph.nnz else np.arange(n)
    found = _with_the_nearest(graph, found)
    inside = found[edges.a] == found[edges.b]
    whole = connected_components(edges.graph(n, inside), directed=False)[1] if n else found
    posts = np.bincount(whole, contents.weight, minlength=1)
    written = np.diff(contents.written().starts) > 0
    # One content says something where it has a text, several where more than one photo ties them.
    many = np.bincount(whole, minlength=1) > 1
    tied = np.zeros(len(posts), bool)
    tied[whole[edges.a[inside & _tells(edges.fused)]]] = True
    tied[whole[written]] |= ~many[whole[written]]
    kept = ((posts > 1) & tied)[whole]
    group = np.full(n, NONE, np.int64)
    _, first, inverse = np.unique(whole[kept], return_index=True, return_inverse=True)
    rank = np.empty(len(first), np.int64)
    rank[np.argsort(first)] = np.arange(len(first))
    group[kept] = rank[inverse]
    return group


def _with_the_nearest(graph: csr_matrix, found: np.ndarray) -> np.ndarray:
    """Communities in which no content is without the one that is most like it.

    Modularity weighs how many edges go where: a post whose photo many others carry under other
    words would go with them, away from the few that say the same.
    """
    filled = np.flatnonzero(np.diff(graph.indptr))
    row = np.repeat(np.arange(graph.shape[0]), np.diff(graph.indptr))
    inside = found[row] == found[graph.indices]
    starts = graph.indptr[filled]
    nearest = np.maximum.reduceat(graph.data, starts) if len(filled) else np.empty(0)
    within = (
        np.maximum.reduceat(np.where(inside, graph.data, 0), starts) if len(filled) else nearest
    )
    moved = filled[nearest > within]
    other = [
        graph.indices[slice(*graph.indptr[node : node + 2])][
            graph.data[slice(*graph.indptr[node : node + 2])].argmax()
        ]
        for node in moved.tolist()
    ]
    together = found.copy()
    together[moved] = found[other]
    return together


def _tells(fused: Fused) -> np.ndarray:
    """Which pairs are alike by more than carrying one photo."""
    looks = (fused.looks.means == Means.CLIP) & (fused.looks.decades > 0)
    told: np.ndarray = (fused.captions.decades >= 1) | (fused.lettering.decades >= 1) | looks
    return told


def _medoids(graph: csr_matrix, group: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """The content of each group with the greatest sum of decades to the group's posts."""
    edges = graph.tocoo()
    inside = (group[edges.row] == group[edges.col]) & (group[edges.row] != NONE)
    row, other = edges.row[inside], edges.col[inside]
    shares = edges.data[inside].astype(np.float64) * weight[other]
    central = np.bincount(row, shares, minlength=len(group)) + weight * MOST * _KINDS
    node = np.flatnonzero(group != NONE)
    order = node[np.lexsort((node, -central[node], group[node]))]
    medoid: np.ndarray = order[np.unique(group[order], return_index=True)[1]]
    return medoid


def _vias(graph: csr_matrix, group: np.ndarray, medoid: np.ndarray) -> np.ndarray:
    """The neighbour of each content on the strongest path to its medoid."""
    n = len(group)
    via = np.arange(n)
    if not len(medoid):
        return via
    edges = graph.tocoo()
    inside = (group[edges.row] == group[edges.col]) & (group[edges.row] != NONE)
    # The spanning tree of most decades, hung on one root that all medoids are children of.
    cost = MOST * _KINDS + 1 - edges.data[inside]
    row = np.append(edges.row[inside], np.full(len(medoid), n))
    col = np.append(edges.col[inside], medoid)
    costs = np.append(cost, np.full(len(medoid), 0.5)).astype(np.float64)
    tree = minimum_spanning_tree(coo_matrix((costs, (row, col)), (n + 1, n + 1)).tocsr())
    _, before = breadth_first_order(tree, n, directed=False)
    reached = np.flatnonzero((before[:n] >= 0) & (before[:n] < n))
    via[reached] = before[reached]
    return via


def _cohesion(group: np.ndarray, count: int, fusion: Fusion, least: float) -> np.ndarray:
    node = np.flatnonzero(group != NONE)
    node = node[np.argsort(group[node], kind="stable")]
    sizes = np.bincount(group[node], minlength=count)
    starts = np.cumsum(sizes) - sizes
    rng = np.random.default_rng(_SEED)
    some = np.minimum(sizes * (sizes - 1) // 2, _COMPARED)
    of = np.repeat(np.arange(count), some)
    a = rng.integers(0, sizes[of])
    b = (a + rng.integers(1, sizes[of])) % sizes[of]
    alike = fusion.decades(node[starts[of] + a], node[starts[of] + b]) >= least
    together = np.bincount(of, alike, minlength=count)
    return np.where(some > 0, together / np.maximum(some, 1), 1).astype(np.float32)
