"""Photo groups: which pictures are copies of one photo."""

import numpy as np
import pyarrow as pa

from frametrace.embed.case import Case
from frametrace.embed.held import connect
from frametrace.embed.signals import pdq
from frametrace.index.binary import BinaryIndex
from frametrace.index.codes import Codes
from frametrace.index.hits import Hits
from frametrace.index.store import open_index
from frametrace.matcher.edges import Edges
from frametrace.matcher.placing import Nodes, place
from frametrace.matcher.results import Relation
from frametrace.matcher.stars import stars

__all__ = ["match_photos"]

# The hashed pictures in the order of their nodes, then the others that can be decoded.
_PICTURES = """
SELECT m.sha256, h.node, count(p.post_id) AS posts
FROM media m LEFT JOIN hashed h USING (sha256) LEFT JOIN post_media p USING (sha256)
WHERE h.node IS NOT NULL
    OR m.sha256 NOT IN (SELECT sha256 FROM skipped WHERE sha256 IS NOT NULL)
GROUP BY m.sha256, h.node ORDER BY h.node NULLS LAST, m.sha256
"""


def match_photos(case: Case, max_distance: int = pdq.MAX_DISTANCE) -> tuple[pa.Table, pa.Table]:
    """Match the case's pictures by PDQ at `max_distance` bits or less.

    Returns the matches (of the pictures that stand for equal hashes, and of these to their equals)
    and, in the schema `PLACES`, the photo that each picture shows. Pictures whose quality is too
    low for PDQ are copies of nothing but their own bytes.
    """
    codes, pairs = _pairs(case, max_distance)
    nodes = _nodes(case, codes)
    edges = Edges.of_distances(pairs.query, pairs.row, pdq.Pdq.name, pairs.value, pdq.BITS)
    found = stars(edges.graph(len(nodes.name)), nodes.weight)
    matches = pa.concat_tables([edges.matches(nodes.name, Relation.COPY), _equals(codes)])
    return matches, place(nodes, edges, found)


def _pairs(case: Case, max_distance: int) -> tuple[Codes, Hits]:
    if pdq.Pdq.name not in case.epoch.signals:
        return Codes.of(case, pdq.Pdq.name), Hits.concatenate([], np.int32)
    index = open_index(case, pdq.Pdq.name)
    assert isinstance(index, BinaryIndex)
    return index.codes, Hits.concatenate(list(index.pairs(max_distance)), np.int32)


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


def _equals(codes: Codes) -> pa.Table:
    """Pictures of one hash, each matched with the first of them."""
    first = np.repeat(codes.starts[:-1], np.diff(codes.starts))
    others = np.flatnonzero(first != np.arange(len(first)))
    zero = np.zeros(len(others), np.int32)
    edges = Edges.of_distances(first[others], others, pdq.Pdq.name, zero, pdq.BITS)
    return edges.matches(codes.digests(), Relation.COPY)
