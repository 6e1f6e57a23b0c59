"""Chooses the pairs of pictures to compare: copies by a hash, pairs of the feature join, and hubs.

10,000 copies of one photo have 50 million pairs, but a group needs only 10,000 of them. So each
picture is first compared with its best few partners; pictures that are tied together that way need
no further comparison. Then every picture that is tied to others in several steps is compared with
their hubs: the future medoid of its copies, and the picture that most others contain.
"""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from frametrace.index.feature_join.feature_join import Proposals
from frametrace.matcher.photos.grouping import CopyGraph, HashStars
from frametrace.matcher.photos.match_graph import components
from frametrace.matcher.pictures.pairs_to_compare import PairsToCompare
from frametrace.matcher.pictures.verified_pair_table import pairs_among, positions_in
from frametrace.matcher.result_schemas import Relation

__all__ = ["hash_copy_candidates", "hub_candidates", "is_among_best", "proposed_candidates"]

_BEST_PARTNERS = 4  # of a picture, compared first
_SMALL_STAR = 24  # pictures that are copies by a hash, all of whose pairs are compared


def hash_copy_candidates(graph: CopyGraph, hash_stars: HashStars) -> PairsToCompare:
    """Copies by a hash, each paired with the picture that ties it.

    Pictures of equal hash are paired with the picture that represents their node, and members of a
    star with its medoid; in small stars, all near pairs are included.
    """
    nodes, medoid = graph.nodes, hash_stars.stars.medoid
    member = np.flatnonzero(medoid != np.arange(len(medoid)))
    is_equal = pc.not_equal(nodes.item, nodes.name.take(pa.array(nodes.node)))
    node_of_equal = nodes.node[is_equal.to_numpy(zero_copy_only=False)]
    size = np.bincount(medoid, minlength=len(medoid))[medoid]
    a, b = graph.edges.a, graph.edges.b
    in_small_star = (medoid[a] == medoid[b]) & (size[a] <= _SMALL_STAR)
    node = np.concatenate([medoid[member], node_of_equal, b[in_small_star]])
    partners = pa.concat_arrays(
        [
            nodes.name.take(pa.array(member)),
            nodes.item.filter(is_equal),
            nodes.name.take(pa.array(a[in_small_star])),
        ]
    )
    names = nodes.name.take(pa.array(node))
    return PairsToCompare.of(names, partners, np.zeros(len(node), bool), hash_copies=True)


def proposed_candidates(
    proposals: Proposals, pictures: pa.StringArray, known: pa.Table, *, best: bool
) -> PairsToCompare:
    """The pairs of some pictures that the join proposes: the best few of each picture, or all.

    `known` are the verified pairs so far, in the schema `PAIRS`; without `best`, pairs of pictures
    that are already tied by copies are left out.
    """
    rows, known = proposals.rows, pairs_among(known, proposals.names)
    a, b = (rows[name].to_numpy() for name in "ab")
    wanted = pc.is_in(proposals.names, value_set=pictures).to_numpy(zero_copy_only=False)
    chosen = wanted[a] & wanted[b] if len(a) else np.zeros(0, bool)
    if best:
        chosen &= is_among_best(a, b, rows["score"].to_numpy(), _BEST_PARTNERS)
    else:
        component = _components(known, proposals.names, copies=True)
        chosen &= component[a] != component[b]
    at = pa.array(np.flatnonzero(chosen))
    names_a, names_b = (proposals.names.take(rows[name].combine_chunks().take(at)) for name in "ab")
    return PairsToCompare.of(names_a, names_b, rows["mirrored"].to_numpy()[chosen])


def hub_candidates(known: pa.Table, names: pa.StringArray, tied: np.ndarray) -> PairsToCompare:
    """Pictures that are tied in several steps, each with the hubs of the pictures it is tied to.

    `tied` (n,) is the number of posts that each picture would tie as a medoid. A collage ties
    photographs that have nothing to do with each other, so each component of copies has its own
    hub; a picture that contains a copy is compared with that hub as well.
    """
    known = pairs_among(known, names)
    component = _components(known, names, copies=True)
    hub = _hubs(component, tied)
    a, b = positions_in(known.filter(known["same_photograph"]), names)
    picture, picture_hub = np.concatenate([a, b]), hub[component[np.concatenate([b, a])]]
    step = np.flatnonzero((picture_hub >= 0) & (picture_hub != picture))
    wide_component = _components(known, names, copies=False)
    most_contained = _hubs(wide_component, _containing_pictures(known, names))[wide_component]
    rest = np.flatnonzero((most_contained >= 0) & (most_contained != np.arange(len(names))))
    pictures = np.concatenate([picture[step], rest])
    hubs = np.concatenate([picture_hub[step], most_contained[rest]])
    return PairsToCompare.of(names.take(pa.array(pictures)), names.take(pa.array(hubs)))


def _hubs(component: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """The picture of greatest weight in each component; -1 for pairs, and if all weights are 0."""
    hub = np.full(int(component.max(initial=-1)) + 1, -1)
    order = np.lexsort((np.arange(len(component)), -weight, component))
    first = order[np.flatnonzero(np.diff(component[order], prepend=-1))]
    size = np.bincount(component, minlength=len(hub))[component[first]]
    chosen = first[(size > 2) & (weight[first] > 0)]
    hub[component[chosen]] = chosen
    return hub


def _containing_pictures(known: pa.Table, names: pa.StringArray) -> np.ndarray:
    """How many pictures contain each picture, (n,) int64."""
    pairs = known.filter(pc.equal(known["relation"], str(Relation.CONTAINS)))
    a, b = positions_in(pairs, names)
    a_is_inside = pairs["part_a"].to_numpy() >= pairs["part_b"].to_numpy()
    return np.bincount(np.where(a_is_inside, a, b), minlength=len(names)).astype(np.int64)


def _components(known: pa.Table, names: pa.StringArray, *, copies: bool) -> np.ndarray:
    """Each picture's component in the graph of copies, or of all pairs that show one photograph."""
    is_copy = pc.equal(known["relation"], str(Relation.COPY))
    a, b = positions_in(known.filter(is_copy if copies else known["same_photograph"]), names)
    return components(a, b, len(names))


def is_among_best(a: np.ndarray, b: np.ndarray, score: np.ndarray, best: int) -> np.ndarray:
    """Which pairs of pictures, or of other numbered items, are among the best few of either.

    `a`, `b` and `score` are (m,); returns (m,) bool.
    """
    picture, partner = np.concatenate([a, b]), np.concatenate([b, a])
    order = np.lexsort((partner, -np.tile(score, 2), picture))
    starts = np.flatnonzero(np.diff(picture[order], prepend=-1))
    rank = np.arange(len(order)) - np.repeat(starts, np.diff(np.append(starts, len(order))))
    is_best = np.zeros(len(a), bool)
    is_best[order[rank < best] % max(len(a), 1)] = True
    return is_best
