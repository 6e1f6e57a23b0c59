"""Clusters contents into framing groups, by average linkage in the neighbour graph.

A framing has a strong tie; others join it by weak ones, if they are similar to it as a whole. Where
too many contents are connected, Leiden divides them first. Each group gets a medoid, the strongest
path from it to each content, and its cohesion.
"""

from dataclasses import dataclass

import numpy as np
from scipy.sparse import coo_matrix, csr_matrix
from scipy.sparse.csgraph import breadth_first_order, connected_components, minimum_spanning_tree

from frametrace.matcher.framing.average_linkage import MAX_CONTENTS, split_communities
from frametrace.matcher.framing.calibration import MAX_RARITY
from frametrace.matcher.framing.distinct_contents import NONE, Contents
from frametrace.matcher.framing.fusion import EvidenceFusion, FusedEvidence
from frametrace.matcher.framing.neighbour_graph import Edges
from frametrace.matcher.framing.pair_similarity import Basis
from frametrace.matcher.leiden_communities import leiden_communities
from frametrace.work.progress import SILENT, Advance, Progress

__all__ = ["FramingGroups", "group_contents"]

_SEED = 0
_MAX_COHESION_PAIRS = 100  # pairs of a group's contents that cohesion is measured on
_KINDS = 3  # kinds of evidence that can add up


@dataclass(frozen=True, slots=True)
class FramingGroups:
    """n contents and their groups.

    `group` (n,) int64 is the number of each content's group, `NONE` for contents in none; `medoid`
    (g,) int64 is the content of each group that is most similar to the group's posts. `via` (n,)
    int64 is the next content on the strongest path to the medoid, the content itself for medoids
    and for contents in no group; `ties` is the evidence between each content and its `via`.
    `cohesion` (g,) float32 is the share of a group's pairs of contents, or of a sample, that are
    similar enough by themselves.
    """

    group: np.ndarray
    medoid: np.ndarray
    via: np.ndarray
    ties: FusedEvidence
    cohesion: np.ndarray


def group_contents(
    contents: Contents,
    edges: Edges,
    fusion: EvidenceFusion,
    min_rarity: float,
    progress: Progress = SILENT,
) -> FramingGroups:
    """Group contents by their edges.

    Contents that share nothing but one photo are left to the photo groups.
    """
    n = len(contents)
    graph = edges.graph(n, np.ones(len(edges.a), bool))
    with progress.track("forming framings of distinct posts", n) as advance:
        community = _communities(graph, fusion, min_rarity, advance)
    group = _labels(community, contents, edges, min_rarity)
    medoid = _medoids(graph, group, contents.post_counts)
    via = _paths(graph, group, medoid)
    ties = fusion.compare(np.arange(n), via)
    return FramingGroups(
        group, medoid, via, ties, _cohesion(group, len(medoid), fusion, min_rarity)
    )


def _communities(
    graph: csr_matrix,
    fusion: EvidenceFusion,
    min_rarity: float,
    advance: Advance,
) -> np.ndarray:
    """The number of each content's community, (n,) int64.

    Average linkage needs all pairs of what is connected. Where that is too much, it splits what
    Leiden finds.
    """
    component = connected_components(graph, directed=False)[1].astype(np.int64)
    large = np.bincount(component, minlength=1)[component] > MAX_CONTENTS
    if large.any():
        found = _with_nearest(graph, leiden_communities(graph))
        component[large] = len(component) + found[large]
    return split_communities(component, fusion, min_rarity, advance)


def _labels(
    community: np.ndarray, contents: Contents, edges: Edges, min_rarity: float
) -> np.ndarray:
    """The number of each content's group, (n,) int64, in the order of their first contents."""
    n = len(contents)
    inside = community[edges.a] == community[edges.b]
    # Communities that fall apart become several groups.
    part = connected_components(edges.graph(n, inside), directed=False)[1] if n else community
    posts = np.bincount(part, contents.post_counts, minlength=1)
    has_text = np.diff(contents.all_texts().starts) > 0
    # A single content is a framing if it has a text; several are if two of them have a strong tie
    # by more than one photo.
    several = np.bincount(part, minlength=1) > 1
    is_framing = np.zeros(len(posts), bool)
    strong = (edges.evidence.rarity >= min_rarity) & _beyond_photo(edges.evidence)
    is_framing[part[edges.a[inside & strong]]] = True
    is_framing[part[has_text]] |= ~several[part[has_text]]
    keep = ((posts > 1) & is_framing)[part]
    group = np.full(n, NONE, np.int64)
    _, first, inverse = np.unique(part[keep], return_index=True, return_inverse=True)
    rank = np.empty(len(first), np.int64)
    rank[np.argsort(first)] = np.arange(len(first))
    group[keep] = rank[inverse]
    return group


def _with_nearest(graph: csr_matrix, community: np.ndarray) -> np.ndarray:
    """Move each content to the community of its nearest neighbour, if that is in another one.

    Modularity counts edges: a post whose photo many posts carry with different words would be
    grouped with those, and not with the few posts that have the same message.
    """
    tied = np.flatnonzero(np.diff(graph.indptr))
    row = np.repeat(np.arange(graph.shape[0]), np.diff(graph.indptr))
    inside = community[row] == community[graph.indices]
    starts = graph.indptr[tied]
    nearest = np.maximum.reduceat(graph.data, starts) if len(tied) else np.empty(0)
    within = np.maximum.reduceat(np.where(inside, graph.data, 0), starts) if len(tied) else nearest
    moved = tied[nearest > within]
    neighbour = [
        graph.indices[slice(*graph.indptr[node : node + 2])][
            graph.data[slice(*graph.indptr[node : node + 2])].argmax()
        ]
        for node in moved.tolist()
    ]
    result = community.copy()
    result[moved] = community[neighbour]
    return result


def _beyond_photo(evidence: FusedEvidence) -> np.ndarray:
    """Which pairs have more in common than one photo, (m,) bool."""
    alike = (evidence.pictures.basis == Basis.CLIP) & (evidence.pictures.rarity > 0)
    beyond: np.ndarray = (evidence.captions.rarity >= 1) | (evidence.ocr_texts.rarity >= 1) | alike
    return beyond


def _medoids(graph: csr_matrix, group: np.ndarray, post_counts: np.ndarray) -> np.ndarray:
    """The content of each group with the greatest total rarity to the group's posts."""
    edges = graph.tocoo()
    inside = (group[edges.row] == group[edges.col]) & (group[edges.row] != NONE)
    row, neighbour = edges.row[inside], edges.col[inside]
    shares = edges.data[inside].astype(np.float64) * post_counts[neighbour]
    centrality = np.bincount(row, shares, minlength=len(group)) + post_counts * MAX_RARITY * _KINDS
    node = np.flatnonzero(group != NONE)
    order = node[np.lexsort((node, -centrality[node], group[node]))]
    medoid: np.ndarray = order[np.unique(group[order], return_index=True)[1]]
    return medoid


def _paths(graph: csr_matrix, group: np.ndarray, medoid: np.ndarray) -> np.ndarray:
    """The next content on the strongest path from each content to its medoid, (n,) int64."""
    n = len(group)
    via = np.arange(n)
    if not len(medoid):
        return via
    edges = graph.tocoo()
    inside = (group[edges.row] == group[edges.col]) & (group[edges.row] != NONE)
    # The spanning tree of greatest rarity, with an extra root whose children are the medoids.
    cost = MAX_RARITY * _KINDS + 1 - edges.data[inside]
    row = np.append(edges.row[inside], np.full(len(medoid), n))
    col = np.append(edges.col[inside], medoid)
    costs = np.append(cost, np.full(len(medoid), 0.5)).astype(np.float64)
    tree = minimum_spanning_tree(coo_matrix((costs, (row, col)), (n + 1, n + 1)).tocsr())
    _, parent = breadth_first_order(tree, n, directed=False)
    reached = np.flatnonzero((parent[:n] >= 0) & (parent[:n] < n))
    via[reached] = parent[reached]
    return via


def _cohesion(
    group: np.ndarray, count: int, fusion: EvidenceFusion, min_rarity: float
) -> np.ndarray:
    node = np.flatnonzero(group != NONE)
    node = node[np.argsort(group[node], kind="stable")]
    sizes = np.bincount(group[node], minlength=count)
    starts = np.cumsum(sizes) - sizes
    rng = np.random.default_rng(_SEED)
    pairs = np.minimum(sizes * (sizes - 1) // 2, _MAX_COHESION_PAIRS)
    pair_group = np.repeat(np.arange(count), pairs)
    start, size = starts[pair_group], sizes[pair_group]
    a = rng.integers(0, size)
    b = (a + rng.integers(1, size)) % size
    similar = fusion.rarity(node[start + a], node[start + b]) >= min_rarity
    similar_pairs = np.bincount(pair_group, similar, minlength=count)
    return np.where(pairs > 0, similar_pairs / np.maximum(pairs, 1), 1).astype(np.float32)
