"""Photo groups: which pictures are copies of one photo."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from frametrace.embed.case import Case
from frametrace.embed.held import connect
from frametrace.embed.progress import Progress
from frametrace.embed.signals import pdq
from frametrace.index.codes import Codes
from frametrace.index.hits import Hits
from frametrace.index.pairs import near_pairs
from frametrace.matcher.crowds import Gathering
from frametrace.matcher.edges import Edges
from frametrace.matcher.placing import Nodes, place
from frametrace.matcher.results import Relation
from frametrace.matcher.stars import stars

__all__ = ["PhotoMatches", "find_photos", "group_photos", "join_photos"]

# The hashed pictures in the order of their nodes, then the others that can be decoded.
_PICTURES = """
SELECT m.sha256, h.node, count(p.post_id) AS posts
FROM media m LEFT JOIN hashed h USING (sha256) LEFT JOIN post_media p USING (sha256)
WHERE h.node IS NOT NULL
    OR m.sha256 NOT IN (SELECT sha256 FROM skipped WHERE sha256 IS NOT NULL)
GROUP BY m.sha256, h.node ORDER BY h.node NULLS LAST, m.sha256
"""


@dataclass(frozen=True, slots=True)
class PhotoMatches:
    """What matching a case's pictures found.

    `places` holds the photo that each picture shows, in the schema `PLACES`. `unlisted` pairs of
    hashes were near, but lie inside a crowd (see `crowds`) and are left out of the matches.
    """

    places: pa.Table
    unlisted: int
    _listed: Edges  # of pictures, by their places among the items of `_codes`
    _codes: Codes

    def batches(self) -> Iterator[pa.RecordBatch]:
        """The matches in the schema `MATCHES`, ordered, some 100,000 at a time.

        They are of the pictures that stand for equal hashes, and of these to their equals.
        """
        return self._listed.batches(self._codes.digests(), Relation.COPY)


def join_photos(case: Case, max_distance: int, progress: Progress | None = None) -> None:
    """Find the near pairs of pictures that are not found yet, telling how far it is."""
    _pairs(case, max_distance, progress)


def find_photos(case: Case, max_distance: int = pdq.MAX_DISTANCE) -> PhotoMatches:
    """Match the case's pictures by PDQ at `max_distance` bits or less, and group them.

    Pictures whose quality is too low for PDQ are copies of nothing but their own bytes.
    """
    codes, pairs = _pairs(case, max_distance)
    return group_photos(codes, _nodes(case, codes), pairs, max_distance)


def group_photos(
    codes: Codes, nodes: Nodes, pairs: Iterable[Hits], max_distance: int
) -> PhotoMatches:
    """Group pictures whose first nodes are the distinct `codes`.

    `pairs` are batches, in any order, of every pair of codes within the distance, each once.
    """
    edges, pivots, unlisted = _edges(codes, nodes.weight[: len(codes)], pairs, max_distance)
    cut = stars(edges.graph(len(nodes.name)), nodes.weight, first=pivots)
    return PhotoMatches(place(nodes, edges, cut), unlisted, _listed(edges, codes), codes)


def _edges(
    codes: Codes, weight: np.ndarray, pairs: Iterable[Hits], max_distance: int
) -> tuple[Edges, np.ndarray, int]:
    """The pairs to group by, the nodes that must be medoids, and how many pairs were left out."""
    gathering = Gathering(codes.codes, weight, max_distance)
    for hits in pairs:
        gathering.add(hits)
    found = gathering.finish()
    edges = Edges.of_distances(found.a, found.b, pdq.Pdq.name, found.distance, pdq.BITS)
    return edges, found.pivots, found.unlisted


def _listed(edges: Edges, codes: Codes) -> Edges:
    """Edges of codes as those of their first items, each of which is tied to its equals."""
    edges = edges.renumbered(codes.starts[:-1])
    first = np.repeat(codes.starts[:-1], np.diff(codes.starts))
    others = np.flatnonzero(first != np.arange(len(first)))
    if not len(others):
        return edges
    zero = np.zeros(len(others), np.int32)
    equals = Edges.of_distances(first[others], others, pdq.Pdq.name, zero, pdq.BITS)
    return Edges.concatenate([edges, equals])


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
