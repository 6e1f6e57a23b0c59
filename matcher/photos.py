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

_BITS = 256


def match_photos(case: Case, max_distance: int = pdq.MAX_DISTANCE) -> tuple[pa.Table, pa.Table]:
    """Match the case's pictures by PDQ at `max_distance` bits or less.

    Returns the matches (of the pictures that stand for equal hashes, and of these to their equals)
    and, in the schema `PLACES`, the photo that each picture shows. Pictures whose quality is too
    low for PDQ are copies of nothing but their own bytes.
    """
    codes, pairs = _pairs(case, max_distance)
    nodes = _nodes(case, codes)
    edges = Edges.concatenate(
        [Edges.of_distances(pairs.query, pairs.row, pdq.Pdq.name, pairs.value, _BITS)]
    )
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
    with connect(case, "post_media", "signals/pdq") as connection:
        rows = connection.execute(
            "SELECT p.sha256, count(m.post_id) FROM pdq p LEFT JOIN post_media m USING (sha256) "
            "GROUP BY p.sha256 ORDER BY p.sha256"
        ).fetchall()
    of_code = np.repeat(np.arange(len(codes)), np.diff(codes.starts))
    hashed = [item.tobytes().hex() for item in codes.items]
    known = set(hashed)
    alone = [digest for digest, _ in rows if digest not in known]
    item = np.array(hashed + alone, object)
    node = np.concatenate([of_code, len(codes) + np.arange(len(alone))]).astype(np.int64)
    posts = dict(rows)
    weight = np.bincount(node, [posts[digest] for digest in item], len(codes) + len(alone))
    name = np.array(codes.representatives() + alone, object)
    return Nodes(item, node, name, weight, pdq.Pdq.name)


def _equals(codes: Codes) -> pa.Table:
    """Pictures of one hash, each matched with the first of them."""
    size = np.diff(codes.starts)
    items = np.array([item.tobytes().hex() for item in codes.items], object)
    first = np.repeat(codes.starts[:-1], size)
    others = np.flatnonzero(first != np.arange(len(items)))
    zero = np.zeros(len(others), np.int32)
    edges = Edges.of_distances(first[others], others, pdq.Pdq.name, zero, _BITS)
    return edges.matches(items, Relation.COPY)
