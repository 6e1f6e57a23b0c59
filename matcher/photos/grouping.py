"""Groups pictures by photo: copies of it, pictures that contain it, and parts of it."""

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
from frametrace.embed.thresholds import PDQ_MAX_DISTANCE
from frametrace.index.base import Hits
from frametrace.index.distinct_codes import Codes
from frametrace.index.hamming.pair_cache import near_pairs
from frametrace.matcher.photos.containment import links_of, listed_with
from frametrace.matcher.photos.dense_hashes import PairThinning
from frametrace.matcher.photos.group_assignment import LISTED, Nodes, assign, with_evidence
from frametrace.matcher.photos.match_graph import Edges, pair_keys
from frametrace.matcher.photos.node_pairs import NodePairs
from frametrace.matcher.photos.star_clustering import StarClusters, star_clusters
from frametrace.matcher.pictures.verified_pair_table import PAIRS, pairs_among, positions_in
from frametrace.matcher.result_schemas import Relation
from frametrace.work.progress import Progress

__all__ = [
    "CopyGraph",
    "HashStars",
    "PhotoMatches",
    "group_photos",
    "join_photos",
    "near_photos",
    "posts_tied",
]

# The hashed pictures in the order of their nodes, then all other pictures that can be decoded.
_PICTURES = """
SELECT m.sha256, h.node, count(p.post_id) AS posts
FROM media m LEFT JOIN hashed h USING (sha256) LEFT JOIN post_media p USING (sha256)
WHERE h.node IS NOT NULL
    OR m.sha256 NOT IN (SELECT sha256 FROM skipped WHERE sha256 IS NOT NULL)
GROUP BY m.sha256, h.node ORDER BY h.node NULLS LAST, m.sha256
"""


@dataclass(frozen=True, slots=True)
class CopyGraph:
    """A graph of a case's pictures, with edges between copies by PDQ.

    A node is a distinct hash, or a picture whose quality is too low for PDQ, which can only be a
    copy of a file with the same bytes. The first nodes are the distinct `codes`. `pivots` are nodes
    that must be medoids; `unlisted` is the number of near pairs without an edge (see
    `dense_hashes`).
    """

    codes: Codes
    nodes: Nodes
    edges: Edges
    pivots: np.ndarray
    unlisted: int

    @classmethod
    def of(
        cls, codes: Codes, nodes: Nodes, pairs: Iterable[Hits], max_distance: int
    ) -> "CopyGraph":
        """Build the graph from batches, in any order, of all pairs of codes within the distance."""
        thinning = PairThinning(codes.codes, nodes.weight[: len(codes)], max_distance)
        for hits in pairs:
            thinning.add(hits)
        kept = thinning.finish()
        edges = Edges.of_distances(kept.a, kept.b, pdq.Pdq.name, kept.distance, pdq.BITS)
        return cls(codes, nodes, edges, kept.pivots, kept.unlisted)

    def with_edges(self, edges: Edges) -> Self:
        """The graph with further edges, by other hashes than PDQ."""
        if not len(edges):
            return self
        return replace(self, edges=Edges.concatenate([self.edges, edges]))

    def without(self, pairs: pa.Table) -> Self:
        """The graph without edges that a comparison, in the schema `PAIRS`, contradicts."""
        confirming = pa.array([str(Relation.COPY), str(Relation.CONTAINS)])
        rejected = pairs.filter(pc.invert(pc.is_in(pairs["relation"], value_set=confirming)))
        a, b = positions_in(pairs_among(rejected, self.nodes.name), self.nodes.name)
        is_rejected = np.isin(
            pair_keys(self.edges.a, self.edges.b), pair_keys(np.minimum(a, b), np.maximum(a, b))
        )
        if not is_rejected.any():
            return self
        return replace(self, edges=self.edges.where(~is_rejected))

    def hash_stars(self) -> "HashStars":
        """Cut the graph into stars of copies by PDQ."""
        graph = self.edges.graph(len(self.nodes.name))
        stars = star_clusters(graph, self.nodes.weight, direct=True, first=self.pivots)
        medoid = np.unique(stars.medoid)
        return HashStars(stars, medoid, self.nodes.name.take(pa.array(medoid)))


@dataclass(frozen=True, slots=True)
class HashStars:
    """Stars by PDQ alone, whose members are all near the medoid.

    `medoid` holds the k medoids' node numbers, ascending, and `name` their digests. If local
    features tie two medoids, the members of one star are one step from the other's medoid.
    """

    stars: StarClusters
    medoid: np.ndarray
    name: pa.StringArray

    def ties(self, edges: Edges) -> np.ndarray:
        """Which edges tie a member to its medoid, (m,) bool: these were confirmed."""
        medoid = self.stars.medoid
        ties: np.ndarray = (medoid[edges.a] == edges.b) | (medoid[edges.b] == edges.a)
        return ties


@dataclass(frozen=True, slots=True)
class PhotoMatches:
    """A case's pictures grouped by photo, and the matches between them.

    `assigned` holds the photo that each picture shows, in the schema `ASSIGNED`; `listed` the other
    photos that it contains or is a part of, in the schema `LISTED`.
    """

    assigned: pa.Table
    listed: pa.Table
    unlisted: int  # near pairs that are left out of the matches (see `dense_hashes`)
    _copies: Edges  # between pictures, by their positions among `_names`
    _pairs: NodePairs  # the same
    _names: pa.StringArray

    def batches(self) -> Iterator[pa.RecordBatch]:
        """The matches in the schema `MATCHES`, ordered, some 100,000 at a time.

        If pictures have equal hashes, only the first is matched with other pictures; the rest are
        matched with the first.
        """
        pairs = self._pairs
        yield from pairs.matches(Relation.CONTAINS)
        yield from self._copies.batches(self._names, Relation.COPY, pairs.evidence)
        yield from pairs.matches(Relation.SAME_SCENE)
        yield from pairs.matches(Relation.SHARES_ELEMENT)


def join_photos(case: Case, max_distance: int, progress: Progress | None = None) -> None:
    """Compute the near pairs of pictures that are not in the case's cache yet."""
    _near_pairs(case, max_distance, progress)
    for name, max_bits in _other_hashes(case):
        near_pairs(case, name, max_bits, progress)


def near_photos(case: Case, max_distance: int = PDQ_MAX_DISTANCE) -> CopyGraph:
    """The graph of the case's pictures with edges by PDQ at `max_distance` bits or less.

    Other hashes that are evidence of copies add edges within their own bounds.
    """
    codes, pairs = _near_pairs(case, max_distance)
    graph = CopyGraph.of(codes, _nodes(case, codes), pairs, max_distance)
    for name, max_bits in _other_hashes(case):
        graph = graph.with_edges(_edges_by(case, name, max_bits, graph.nodes))
    return graph


def _other_hashes(case: Case) -> list[tuple[str, int]]:
    """The case's hashes besides PDQ that are evidence of copies, and their bounds in bits."""
    hashes = []
    for name in copy_hashes():
        bound = SIGNALS[name].bound
        if name != pdq.Pdq.name and name in case.epoch.signals and bound is not None:
            hashes.append((name, int(bound.value)))
    return hashes


def _edges_by(case: Case, name: str, max_distance: int, nodes: Nodes) -> Edges:
    """The pairs of nodes whose representatives are copies by another hash.

    If representatives have equal hashes, the first has the edges to the rest.
    """
    codes, pairs = near_pairs(case, name, max_distance)
    node = pc.index_in(codes.digests(), value_set=nodes.name).fill_null(-1).to_numpy()
    code = codes.rows_of_items()
    node, code = node[node >= 0], code[node >= 0]
    first = np.full(len(codes), -1, np.int64)
    first[code[::-1]] = node[::-1]
    is_equal = first[code] != node
    thinning = PairThinning(codes.codes, np.bincount(code, minlength=len(codes)), max_distance)
    for hits in pairs:
        thinning.add(hits)
    kept = thinning.finish()
    known = (first[kept.a] >= 0) & (first[kept.b] >= 0)
    a = np.concatenate([first[code[is_equal]], first[kept.a[known]]])
    b = np.concatenate([node[is_equal], first[kept.b[known]]])
    equal = np.zeros(int(is_equal.sum()), np.int32)
    distance = np.concatenate([equal, kept.distance[known].astype(np.int32)])
    return Edges.of_distances(a, b, name, distance, SIGNALS[name].bits)


def posts_tied(graph: CopyGraph, hash_stars: HashStars, pairs: pa.Table) -> np.ndarray:
    """How many posts each hash star ties as the medoid of a photo, (k,) int64.

    Photos are made from `pairs` as in `group_photos`. The number is the greatest of the star's
    nodes, or 0 if no node is the medoid of a photo with another picture.
    """
    names, first = _pictures(graph)
    node_pairs = NodePairs.of(pairs, names).of_nodes(first)
    _, stars = _photo_stars(graph, hash_stars, node_pairs)
    posts = np.bincount(stars.medoid, graph.nodes.weight, len(stars.medoid)).astype(np.int64)
    posts[np.bincount(stars.medoid, minlength=len(posts)) < 2] = 0
    max_posts = np.zeros(len(posts), np.int64)
    np.maximum.at(max_posts, hash_stars.stars.medoid, posts)
    by_star: np.ndarray = max_posts[hash_stars.medoid]
    return by_star


def group_photos(
    graph: CopyGraph, hash_stars: HashStars | None = None, pairs: pa.Table | None = None
) -> PhotoMatches:
    """Group pictures by PDQ, and by verified `pairs` of them in the schema `PAIRS`."""
    names, first = _pictures(graph)
    picture_pairs = NodePairs.of(PAIRS.empty_table() if pairs is None else pairs, names)
    node_pairs = picture_pairs.of_nodes(first)
    edges, stars = _photo_stars(graph, hash_stars, node_pairs)
    assigned = assign(graph.nodes, edges, stars, node_pairs.seen_from)
    assigned = with_evidence(assigned, picture_pairs, names)
    listed = LISTED.empty_table()
    if hash_stars is not None and len(containing := node_pairs.where(Relation.CONTAINS)):
        by_hash = assign(graph.nodes, graph.edges, hash_stars.stars)
        links = links_of(containing, node_pairs, graph.nodes, stars)
        listed = listed_with(links, assigned, by_hash)
    hash_copies = graph.edges.renumbered(first)
    edited_copies = picture_pairs.where(Relation.COPY).edges()
    copies = _all_copies(graph, hash_copies, edited_copies)
    return PhotoMatches(assigned, listed, graph.unlisted, copies, picture_pairs, names)


def _photo_stars(
    graph: CopyGraph, hash_stars: HashStars | None, pairs: NodePairs
) -> tuple[Edges, StarClusters]:
    """The edges of all copies that count, and the stars that they form: one per photo."""
    copies = pairs.where(Relation.COPY).edges()
    confirmed = graph.edges
    if hash_stars is not None:
        confirmed = graph.edges.where(hash_stars.ties(graph.edges))
    edges = Edges.concatenate([confirmed, copies]) if len(copies) else confirmed
    pivots = _distinct_pivots(graph.pivots, copies, graph.nodes.weight)
    matrix = edges.graph(len(graph.nodes.name))
    return edges, star_clusters(matrix, graph.nodes.weight, first=pivots)


def _distinct_pivots(pivots: np.ndarray, copies: Edges, weight: np.ndarray) -> np.ndarray:
    """One pivot from each set of pivots that are edited copies: such a set needs one medoid."""
    among = np.isin(copies.a, pivots) & np.isin(copies.b, pivots)
    if not among.any():
        return pivots
    a, b = (np.searchsorted(pivots, side[among]) for side in (copies.a, copies.b))
    between = Edges.of_similarities(a, b, Local.name, copies.similarity[among])
    stars = star_clusters(between.graph(len(pivots)), weight[pivots], direct=True)
    distinct: np.ndarray = pivots[np.unique(stars.medoid)]
    return distinct


def _pictures(graph: CopyGraph) -> tuple[pa.StringArray, np.ndarray]:
    """The digests of all pictures by number, and the number of the picture that names each node.

    The pictures of the codes come first, in the codes' order, then the nodes without a code.
    """
    codes, without_code = graph.codes, graph.nodes.name[len(graph.codes) :]
    first = np.append(codes.starts[:-1], len(codes.items) + np.arange(len(without_code)))
    names = codes.digests()
    return pa.concat_arrays([names, without_code]) if len(without_code) else names, first


def _all_copies(graph: CopyGraph, hash_copies: Edges, edited_copies: Edges) -> Edges:
    """All copies: by near hashes, of equal hashes with the first of them, and edited ones."""
    starts = graph.codes.starts
    first = np.repeat(starts[:-1], np.diff(starts))
    equal = np.flatnonzero(first != np.arange(len(first)))
    parts = [hash_copies]
    if len(equal):
        zero = np.zeros(len(equal), np.int32)
        parts.append(Edges.of_distances(first[equal], equal, pdq.Pdq.name, zero, pdq.BITS))
    if len(edited_copies):
        parts.append(edited_copies)
    return Edges.concatenate(parts) if len(parts) > 1 else hash_copies


def _near_pairs(
    case: Case, max_distance: int, progress: Progress | None = None
) -> tuple[Codes, Iterator[Hits]]:
    """The distinct hashes, and batches of every pair of them within the distance, each once."""
    if pdq.Pdq.name not in case.epoch.signals:
        return Codes.of(case, pdq.Pdq.name), iter(())
    return near_pairs(case, pdq.Pdq.name, max_distance, progress)


def _nodes(case: Case, codes: Codes) -> Nodes:
    """One node per distinct hash, and one per picture without a usable hash."""
    of_code = codes.rows_of_items()
    with connect(case, "media", "post_media", "skipped") as connection:
        connection.register("hashed", pa.table({"sha256": codes.digests(), "node": of_code}))
        pictures = connection.sql(_PICTURES).to_arrow_table()
    item = pictures["sha256"].combine_chunks()
    hashed = len(item) - pictures["node"].null_count
    alone = np.arange(len(item) - hashed)
    node = np.concatenate([pictures["node"][:hashed].to_numpy(), len(codes) + alone])
    weight = np.bincount(node, pictures["posts"].to_numpy(), len(codes) + len(alone))
    name = pa.concat_arrays([codes.digests(codes.starts[:-1]), item[hashed:]])
    return Nodes(item, node, name, weight.astype(np.int64), pdq.Pdq.name)
