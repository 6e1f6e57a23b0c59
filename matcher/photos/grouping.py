"""Photo groups: which pictures are copies of one photo, and which contain it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from frametrace.case.store import Case
from frametrace.case.views import connect
from frametrace.embed.signals import SIGNALS, copy_hashes, pdq
from frametrace.embed.signals.local import Local
from frametrace.index.base import Hits
from frametrace.index.codes import Codes
from frametrace.index.hamming.pair_cache import near_pairs
from frametrace.matcher.photos.assignment import LISTED, Nodes, place, with_evidence
from frametrace.matcher.photos.containment import links_of, listed_with
from frametrace.matcher.photos.dense_hashes import Gathering
from frametrace.matcher.photos.edges import Edges, pair_keys
from frametrace.matcher.photos.star_clustering import Stars, stars
from frametrace.matcher.pictures.verified_pairs import Sightings, pairs_among, places_of
from frametrace.matcher.results import Relation
from frametrace.work.progress import Progress

__all__ = [
    "Distinct",
    "Near",
    "PhotoMatches",
    "group_photos",
    "join_photos",
    "near_photos",
    "tied_by_medoids",
]

# The hashed pictures in the order of their nodes, then the others that can be decoded.
_PICTURES = """
SELECT m.sha256, h.node, count(p.post_id) AS posts
FROM media m LEFT JOIN hashed h USING (sha256) LEFT JOIN post_media p USING (sha256)
WHERE h.node IS NOT NULL
    OR m.sha256 NOT IN (SELECT sha256 FROM skipped WHERE sha256 IS NOT NULL)
GROUP BY m.sha256, h.node ORDER BY h.node NULLS LAST, m.sha256
"""


@dataclass(frozen=True, slots=True)
class Near:
    """A case's pictures as nodes, and which of them are copies by PDQ.

    Pictures whose quality is too low for PDQ are copies of nothing but their own bytes. The first
    nodes are the distinct `codes`. `pivots` are nodes that must be medoids, and `unlisted` pairs
    were near but are left out (see `crowds`).
    """

    codes: Codes
    nodes: Nodes
    edges: Edges
    pivots: np.ndarray
    unlisted: int

    @classmethod
    def of(cls, codes: Codes, nodes: Nodes, pairs: Iterable[Hits], max_distance: int) -> "Near":
        """Gather `pairs`: batches, in any order, of every pair of codes within the distance."""
        gathering = Gathering(codes.codes, nodes.weight[: len(codes)], max_distance)
        for hits in pairs:
            gathering.add(hits)
        found = gathering.finish()
        edges = Edges.of_distances(found.a, found.b, pdq.Pdq.name, found.distance, pdq.BITS)
        return cls(codes, nodes, edges, found.pivots, found.unlisted)

    def with_edges(self, edges: Edges) -> Self:
        """With copies by other hashes than PDQ."""
        if not len(edges):
            return self
        return replace(self, edges=Edges.concatenate([self.edges, edges]))

    def without(self, pairs: pa.Table) -> Self:
        """Without the copies that were compared, in the schema `PAIRS`, and are none."""
        kept = pa.array([str(Relation.COPY), str(Relation.CONTAINS)])
        told = pairs.filter(pc.invert(pc.is_in(pairs["relation"], value_set=kept)))
        a, b = places_of(pairs_among(told, self.nodes.name), self.nodes.name)
        cut = np.isin(
            pair_keys(self.edges.a, self.edges.b), pair_keys(np.minimum(a, b), np.maximum(a, b))
        )
        return replace(self, edges=self.edges.where(~cut)) if cut.any() else self

    def distinct(self) -> "Distinct":
        """What differs by PDQ."""
        graph = self.edges.graph(len(self.nodes.name))
        cut = stars(graph, self.nodes.weight, direct=True, first=self.pivots)
        number = np.unique(cut.medoid)
        return Distinct(cut, number, self.nodes.name.take(pa.array(number)))


@dataclass(frozen=True, slots=True)
class Distinct:
    """Stars by PDQ alone, whose members are all near the medoid; the medoids' numbers and digests.

    Where local features tie two medoids, the members of one are a step from the other.
    """

    cut: Stars
    number: np.ndarray
    name: pa.StringArray

    def ties(self, edges: Edges) -> np.ndarray:
        """Which edges tie a member to its medoid, (m,) bool: those that were confirmed."""
        medoid = self.cut.medoid
        tied: np.ndarray = (medoid[edges.a] == edges.b) | (medoid[edges.b] == edges.a)
        return tied


@dataclass(frozen=True, slots=True)
class PhotoMatches:
    """What matching a case's pictures found.

    `places` holds the photo that each picture shows, in the schema `PLACES`; `listed` the other
    photos that it contains or is a part of, in the schema `LISTED`.
    """

    places: pa.Table
    listed: pa.Table
    unlisted: int  # near pairs that are left out of the matches (see `crowds`)
    _copies: Edges  # of pictures, by their places among `_names`
    _sightings: Sightings  # the same
    _names: pa.StringArray

    def batches(self) -> Iterator[pa.RecordBatch]:
        """The matches in the schema `MATCHES`, ordered, some 100,000 at a time.

        They are of the pictures that stand for equal hashes, and of these to their equals.
        """
        seen = self._sightings
        yield from seen.matches(Relation.CONTAINS)
        yield from self._copies.batches(self._names, Relation.COPY, seen.evidence)
        yield from seen.matches(Relation.SAME_SCENE)
        yield from seen.matches(Relation.SHARES_ELEMENT)


def join_photos(case: Case, max_distance: int, progress: Progress | None = None) -> None:
    """Find the near pairs of pictures that are not found yet, telling how far it is."""
    _pairs(case, max_distance, progress)
    for name, bound in _other_hashes(case):
        near_pairs(case, name, bound, progress)


def near_photos(case: Case, max_distance: int = pdq.MAX_DISTANCE) -> Near:
    """The case's pictures, and their pairs by PDQ at `max_distance` bits or less.

    Other hashes that are evidence of copies add pairs within their own bounds.
    """
    codes, pairs = _pairs(case, max_distance)
    near = Near.of(codes, _nodes(case, codes), pairs, max_distance)
    for name, bound in _other_hashes(case):
        near = near.with_edges(_edges_by(case, name, bound, near.nodes))
    return near


def _other_hashes(case: Case) -> list[tuple[str, int]]:
    """The case's hashes besides PDQ that are evidence of copies, and their bounds in bits."""
    found = []
    for name in copy_hashes():
        bound = SIGNALS[name].bound
        if name != pdq.Pdq.name and name in case.epoch.signals and bound is not None:
            found.append((name, int(bound.value)))
    return found


def _edges_by(case: Case, name: str, max_distance: int, nodes: Nodes) -> Edges:
    """The pairs of nodes whose representatives are copies by another hash.

    Of representatives with equal hashes, the first has the edges to the others.
    """
    codes, pairs = near_pairs(case, name, max_distance)
    node = pc.index_in(codes.digests(), value_set=nodes.name).fill_null(-1).to_numpy()
    code = np.repeat(np.arange(len(codes)), np.diff(codes.starts))
    node, code = node[node >= 0], code[node >= 0]
    first = np.full(len(codes), -1, np.int64)
    first[code[::-1]] = node[::-1]
    others = first[code] != node
    a, b = [first[code[others]]], [node[others]]
    distance = [np.zeros(int(others.sum()), np.int32)]
    gathering = Gathering(codes.codes, np.bincount(code, minlength=len(codes)), max_distance)
    for hits in pairs:
        gathering.add(hits)
    found = gathering.finish()
    known = (first[found.a] >= 0) & (first[found.b] >= 0)
    a.append(first[found.a[known]])
    b.append(first[found.b[known]])
    distance.append(found.distance[known].astype(np.int32))
    sides = np.concatenate(a), np.concatenate(b)
    return Edges.of_distances(*sides, name, np.concatenate(distance), SIGNALS[name].bits)


def tied_by_medoids(near: Near, distinct: Distinct, pairs: pa.Table) -> np.ndarray:
    """How many posts each of what differs by PDQ ties as a medoid of photos, (k,) int64.

    Photos are made of `pairs` as `group_photos` does; 0 where it is no medoid, or of itself alone.
    """
    names, first = _items(near)
    seen = Sightings.of(pairs, names, np.arange(len(names))).of_nodes(first)
    _, cut = _cut(near, distinct, seen)
    tied = np.bincount(cut.medoid, near.nodes.weight, len(cut.medoid)).astype(np.int64)
    tied[np.bincount(cut.medoid, minlength=len(tied)) < 2] = 0
    most = np.zeros(len(tied), np.int64)
    np.maximum.at(most, distinct.cut.medoid, tied)
    by_distinct: np.ndarray = most[distinct.number]
    return by_distinct


def group_photos(
    near: Near, distinct: Distinct | None = None, pairs: pa.Table | None = None
) -> PhotoMatches:
    """Group pictures by PDQ, and by `pairs` of them that were compared, as of `PAIRS`."""
    names, first = _items(near)
    compared = Sightings.none()
    if pairs is not None:
        compared = Sightings.of(pairs, names, np.arange(len(names)))
    seen = compared.of_nodes(first)
    edges, cut = _cut(near, distinct, seen)
    places = place(near.nodes, edges, cut, seen.seen_from)
    if pairs is not None:
        places = with_evidence(places, compared, names)
    listed = LISTED.empty_table()
    if distinct is not None and len(inside := seen.where(Relation.CONTAINS)):
        held = place(near.nodes, near.edges, distinct.cut)
        listed = listed_with(links_of(inside, seen, near.nodes, cut), places, held)
    ties = near.edges.renumbered(first)
    alike = compared.where(Relation.COPY).edges()
    return PhotoMatches(
        places, listed, near.unlisted, _with_equals(near, ties, alike), compared, names
    )


def _cut(near: Near, distinct: Distinct | None, seen: Sightings) -> tuple[Edges, Stars]:
    """All copies that count, and the photos that they make."""
    copies = seen.where(Relation.COPY).edges()
    confirmed = near.edges if distinct is None else near.edges.where(distinct.ties(near.edges))
    edges = Edges.concatenate([confirmed, copies]) if len(copies) else confirmed
    pivots = _apart(near.pivots, copies, near.nodes.weight)
    return edges, stars(edges.graph(len(near.nodes.name)), near.nodes.weight, first=pivots)


def _apart(pivots: np.ndarray, copies: Edges, weight: np.ndarray) -> np.ndarray:
    """The pivots but for those that others stand for: two that are copies need one medoid."""
    among = np.isin(copies.a, pivots) & np.isin(copies.b, pivots)
    if not among.any():
        return pivots
    a, b = (np.searchsorted(pivots, side[among]) for side in (copies.a, copies.b))
    between = Edges.of_similarities(a, b, Local.name, copies.similarity[among])
    cut = stars(between.graph(len(pivots)), weight[pivots], direct=True)
    kept: np.ndarray = pivots[np.unique(cut.medoid)]
    return kept


def _items(near: Near) -> tuple[pa.StringArray, np.ndarray]:
    """The pictures' digests by number, and the number of the one that stands for each node.

    Items are numbered as those of the codes are, and then the nodes without a code.
    """
    codes, others = near.codes, near.nodes.name[len(near.codes) :]
    first = np.append(codes.starts[:-1], len(codes.items) + np.arange(len(others)))
    names = codes.digests()
    return pa.concat_arrays([names, others]) if len(others) else names, first


def _with_equals(near: Near, ties: Edges, alike: Edges) -> Edges:
    """All copies: those by PDQ, those of equal hashes with the first of them, and edited ones."""
    starts = near.codes.starts
    first = np.repeat(starts[:-1], np.diff(starts))
    equal = np.flatnonzero(first != np.arange(len(first)))
    parts = [ties]
    if len(equal):
        zero = np.zeros(len(equal), np.int32)
        parts.append(Edges.of_distances(first[equal], equal, pdq.Pdq.name, zero, pdq.BITS))
    if len(alike):
        parts.append(alike)
    return Edges.concatenate(parts) if len(parts) > 1 else ties


def _pairs(
    case: Case, max_distance: int, progress: Progress | None = None
) -> tuple[Codes, Iterator[Hits]]:
    """The distinct hashes, and batches of every pair of them within the distance, each once."""
    if pdq.Pdq.name not in case.epoch.signals:
        return Codes.of(case, pdq.Pdq.name), iter(())
    return near_pairs(case, pdq.Pdq.name, max_distance, progress)


def _nodes(case: Case, codes: Codes) -> Nodes:
    """One node per distinct hash, and one per picture without a hash that counts."""
    of_code = np.repeat(np.arange(len(codes)), np.diff(codes.starts))
    with connect(case, "media", "post_media", "skipped") as connection:
        connection.register("hashed", pa.table({"sha256": codes.digests(), "node": of_code}))
        found = connection.sql(_PICTURES).to_arrow_table()
    item = found["sha256"].combine_chunks()
    hashed = len(item) - found["node"].null_count
    alone = np.arange(len(item) - hashed)
    node = np.concatenate([found["node"][:hashed].to_numpy(), len(codes) + alone])
    weight = np.bincount(node, found["posts"].to_numpy(), len(codes) + len(alone))
    name = pa.concat_arrays([codes.digests(codes.starts[:-1]), item[hashed:]])
    return Nodes(item, node, name, weight.astype(np.int64), pdq.Pdq.name)
