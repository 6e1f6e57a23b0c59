"""Which pairs of pictures are compared: copies by a hash, what the join proposes, and hubs.

10,000 copies of one photo have 50 million pairs, and a group needs 10,000 of them. So each picture
is compared with its best few partners first; what that ties together need not be compared again.
Then every picture that is tied to others in several steps is compared with their hubs: the medoid
that they will have, and the one that most contain.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from frametrace.case.views import query_over
from frametrace.index.feature_join.feature_join import Proposals
from frametrace.matcher.photos.grouping import Distinct, Near
from frametrace.matcher.pictures.compare_pairs import Candidate
from frametrace.matcher.pictures.verified_pairs import components, pairs_among, places_of
from frametrace.matcher.results import Relation

__all__ = ["Wanted", "completing", "from_proposals", "in_stars"]

_BEST = 4  # partners of a picture that are compared at once
_SMALL = 24  # pictures that are copies by a hash, of which all pairs are held against each other

_WANTED = pa.schema(
    [
        ("sha256_a", pa.string()),
        ("sha256_b", pa.string()),
        ("mirrored", pa.bool_()),
        ("near", pa.bool_()),
    ]
)
_NEW = """
SELECT sha256_a, sha256_b,
    CASE WHEN bool_and(mirrored) THEN true WHEN NOT bool_or(mirrored) THEN false END AS mirrored,
    bool_or(near) AS near
FROM wanted ANTI JOIN compared USING (sha256_a, sha256_b)
GROUP BY sha256_a, sha256_b ORDER BY sha256_a, sha256_b
"""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Pairs of pictures by digest, `sha256_a` < `sha256_b`: which orientation, and whether near."""

    rows: pa.Table

    @classmethod
    def of(
        cls,
        a: pa.StringArray,
        b: pa.StringArray,
        mirrored: np.ndarray | None = None,
        *,
        near: bool = False,
    ) -> Self:
        """Pairs in any order; both orientations are tried unless `mirrored` says which."""
        swapped = pc.greater(a, b)
        orientation = pa.nulls(len(a), pa.bool_()) if mirrored is None else pa.array(mirrored)
        columns = [
            pc.if_else(swapped, b, a),
            pc.if_else(swapped, a, b),
            orientation,
            pa.repeat(near, len(a)),
        ]
        return cls(pa.Table.from_arrays(columns, schema=_WANTED))

    def __len__(self) -> int:
        return len(self.rows)

    def among(self, pictures: pa.StringArray) -> Self:
        """Those of some pictures."""
        return type(self)(pairs_among(self.rows, pictures))

    def without(self, compared: pa.Table) -> Self:
        """Those that were not compared, each once."""
        with query_over(wanted=self.rows, compared=compared) as connection:
            return type(self)(connection.sql(_NEW).to_arrow_table().cast(_WANTED))

    def numbered(self) -> tuple[pa.StringArray, list[Candidate]]:
        """The pictures that occur, and the pairs by their places among them."""
        a, b = (self.rows[name].combine_chunks() for name in ("sha256_a", "sha256_b"))
        names = pc.unique(pa.concat_arrays([a, b])).sort()
        first, second = (pc.index_in(side, value_set=names).to_pylist() for side in (a, b))
        rest = self.rows["mirrored"].to_pylist(), self.rows["near"].to_pylist()
        return names, [Candidate(*row) for row in zip(first, second, *rest, strict=True)]


def in_stars(near: Near, distinct: Distinct) -> Wanted:
    """Copies by a hash and what they are tied to: those of the very same hash, and its neighbours.

    Of small sets all pairs.
    """
    nodes, medoid = near.nodes, distinct.cut.medoid
    node = np.flatnonzero(medoid != np.arange(len(medoid)))
    item = pc.not_equal(nodes.item, nodes.name.take(pa.array(nodes.node)))
    of_node = nodes.node[item.to_numpy(zero_copy_only=False)]
    size = np.bincount(medoid, minlength=len(medoid))[medoid]
    a, b = near.edges.a, near.edges.b
    within = (medoid[a] == medoid[b]) & (size[a] <= _SMALL)
    ours = np.concatenate([node, of_node, a[within]])
    names = nodes.name.take(pa.array(np.concatenate([medoid[node], of_node, b[within]])))
    others = pa.concat_arrays(
        [
            nodes.name.take(pa.array(node)),
            nodes.item.filter(item),
            nodes.name.take(pa.array(a[within])),
        ]
    )
    return Wanted.of(names, others, np.zeros(len(ours), bool), near=True)


def from_proposals(
    proposals: Proposals, pictures: pa.StringArray, known: pa.Table, *, best: bool
) -> Wanted:
    """What the join proposes of some pictures: the best few partners of each, or the others.

    Of the others, pairs are left out that copies tie together already.
    """
    rows, known = proposals.rows, pairs_among(known, proposals.names)
    a, b = (rows[name].to_numpy() for name in "ab")
    kept = pc.is_in(proposals.names, value_set=pictures).to_numpy(zero_copy_only=False)
    kept = kept[a] & kept[b] if len(a) else np.zeros(0, bool)
    if best:
        kept &= _among_best(a, b, rows["score"].to_numpy(), _BEST)
    else:
        group = _components(known, proposals.names, copies=True)
        kept &= group[a] != group[b]
    at = pa.array(np.flatnonzero(kept))
    one, other = (proposals.names.take(rows[name].combine_chunks().take(at)) for name in "ab")
    return Wanted.of(one, other, rows["mirrored"].to_numpy()[kept])


def completing(known: pa.Table, names: pa.StringArray, tied: np.ndarray) -> Wanted:
    """Pictures that are tied in several steps, each with the hubs of what it is tied to.

    `tied` is (n,): how many posts each picture would tie as a medoid.

    A collage ties photographs that have nothing to do with each other, so each set of copies has a
    hub of its own; what contains a copy is compared with that as well.
    """
    known = pairs_among(known, names)
    copies = _components(known, names, copies=True)
    hub = _hubs(copies, tied)
    a, b = places_of(known.filter(known["same_photograph"]), names)
    asked, hubs = np.concatenate([a, b]), hub[copies[np.concatenate([b, a])]]
    step = np.flatnonzero((hubs >= 0) & (hubs != asked))
    group = _components(known, names, copies=False)
    most = _hubs(group, _contained(known, names))[group]
    rest = np.flatnonzero((most >= 0) & (most != np.arange(len(names))))
    ours, others = np.concatenate([asked[step], rest]), np.concatenate([hubs[step], most[rest]])
    return Wanted.of(names.take(pa.array(ours)), names.take(pa.array(others)))


def _hubs(group: np.ndarray, worth: np.ndarray) -> np.ndarray:
    """For each group the one that is worth most; -1 for those of two, and where none is worth."""
    hub = np.full(int(group.max(initial=-1)) + 1, -1)
    order = np.lexsort((np.arange(len(group)), -worth, group))
    first = order[np.flatnonzero(np.diff(group[order], prepend=-1))]
    large = (np.bincount(group, minlength=len(hub))[group[first]] > 2) & (worth[first] > 0)
    hub[group[first[large]]] = first[large]
    return hub


def _contained(known: pa.Table, names: pa.StringArray) -> np.ndarray:
    """By how many pictures each one is contained, (n,) int64."""
    holding = known.filter(pc.equal(known["relation"], str(Relation.CONTAINS)))
    a, b = places_of(holding, names)
    starts_inside = holding["part_a"].to_numpy() >= holding["part_b"].to_numpy()
    return np.bincount(np.where(starts_inside, a, b), minlength=len(names)).astype(np.int64)


def _components(known: pa.Table, names: pa.StringArray, *, copies: bool) -> np.ndarray:
    """The number of the set that each picture is tied into, by copies or by any one photograph."""
    is_copy = pc.equal(known["relation"], str(Relation.COPY))
    a, b = places_of(known.filter(is_copy if copies else known["same_photograph"]), names)
    return components(a, b, len(names))


def _among_best(a: np.ndarray, b: np.ndarray, score: np.ndarray, best: int) -> np.ndarray:
    """Which pairs are among the best few of either picture, (m,) bool."""
    picture, other = np.concatenate([a, b]), np.concatenate([b, a])
    order = np.lexsort((other, -np.tile(score, 2), picture))
    starts = np.flatnonzero(np.diff(picture[order], prepend=-1))
    rank = np.arange(len(order)) - np.repeat(starts, np.diff(np.append(starts, len(order))))
    kept = np.zeros(len(a), bool)
    kept[order[rank < best] % max(len(a), 1)] = True
    return kept
