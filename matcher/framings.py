"""Framing groups: which captions say the same, which photos look alike.

The graph holds pairs that are among each other's nearest neighbours (a caption that is near to
everything is near to nobody in particular), communities are found by Leiden (Traag, Waltman and
van Eck 2019), and each is cut into stars so that no member is tied in by a chain.
"""

from collections.abc import Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from frametrace.embed.case import Case
from frametrace.embed.held import connect
from frametrace.embed.signals import caption_key
from frametrace.embed.signals.caption import Caption
from frametrace.embed.signals.clip import Clip
from frametrace.index.dense import DenseIndex
from frametrace.index.minhash import MinHashIndex
from frametrace.index.store import open_index
from frametrace.matcher.edges import Edges
from frametrace.matcher.placing import PLACES, Nodes, place
from frametrace.matcher.results import MATCHES, Relation
from frametrace.matcher.settings import MatchSettings
from frametrace.matcher.stars import Stars, stars

__all__ = ["match_captions", "match_looks"]

_SEED = 0
_BLOCK = 4096  # queries of one search


def match_captions(case: Case, settings: MatchSettings) -> tuple[pa.Table, pa.Table]:
    """Match captions by their vectors and keys; reposts and captions that say little stay out.

    Returns the matches and the captions' places.
    """
    with connect(case, "posts", "signals/caption_key") as connection:
        if caption_key.CaptionKey.name not in case.epoch.signals:
            return MATCHES.empty_table(), PLACES.empty_table()
        rows = connection.execute(
            "SELECT k.sha256, k.key, count(*) FROM caption_key k "
            "JOIN posts p ON p.caption_sha256 = k.sha256 "
            "WHERE k.key IS NOT NULL AND p.repost_of IS NULL GROUP BY ALL ORDER BY k.sha256"
        ).fetchall()
    names = [row[0] for row in rows]
    at = {name: position for position, name in enumerate(names)}
    parts = [_key_edges(case, at, {row[0]: row[1] for row in rows}, settings)]
    if Caption.name in case.epoch.signals:
        parts.append(
            _vector_edges(case, Caption.name, at, settings.min_caption, settings.neighbours)
        )
    return _grouped(names, [row[2] for row in rows], parts)


def match_looks(case: Case, photos: pa.Table, settings: MatchSettings) -> tuple[pa.Table, pa.Table]:
    """Match photos that look alike by CLIP; `photos` are the places that `match_photos` found.

    Returns the matches of the photos' medoids, and the places of all pictures. Copies of one photo
    don't look alike, they are one: a community of one photo is left out.
    """
    if Clip.name not in case.epoch.signals:
        return MATCHES.empty_table(), PLACES.empty_table()
    medoids = photos.filter(pc.equal(photos["sha256"], photos["medoid_sha256"]))
    names = medoids["sha256"].to_pylist()
    at = {name: position for position, name in enumerate(names)}
    edges = _vector_edges(case, Clip.name, at, settings.min_clip, settings.neighbours)
    matches, places = _grouped(names, [1] * len(names), [edges])
    return matches, _spread(places, photos)


def _grouped(names: list[str], weight: list[int], parts: list[Edges]) -> tuple[pa.Table, pa.Table]:
    edges = Edges.concatenate(parts)
    name = np.array(names, object)
    nodes = Nodes(name, np.arange(len(names)), name, np.array(weight), "sha256")
    places = place(nodes, edges, _communities(edges, nodes))
    return edges.matches(names, Relation.SIMILAR), places


def _communities(edges: Edges, nodes: Nodes) -> Stars:
    from sknetwork.clustering import Leiden

    graph = edges.graph(len(nodes.name))
    apart = np.arange(len(nodes.name))
    labels = Leiden(random_state=_SEED).fit_predict(graph) if graph.nnz else apart
    return stars(graph, nodes.weight, labels)


def _key_edges(
    case: Case, at: Mapping[str, int], keys: Mapping[str, str], settings: MatchSettings
) -> Edges:
    """Pairs of captions whose keys are alike, verified on the keys."""
    index = open_index(case, caption_key.CaptionKey.name)
    assert isinstance(index, MinHashIndex)
    a, b, similarity = [], [], []
    for x, y in _candidates(index):
        if x in at and y in at:
            value = caption_key.jaccard(keys[x], keys[y])
            if value >= settings.min_caption_key:
                a.append(at[x])
                b.append(at[y])
                similarity.append(value)
    pairs = np.array(a, np.int64), np.array(b, np.int64)
    values = np.array(similarity, np.float32)
    return Edges.of_similarities(*pairs, caption_key.CaptionKey.name, values)


def _candidates(index: MinHashIndex) -> list[tuple[str, str]]:
    """Pairs of captions: those of one code with its first, those of candidate codes' firsts."""
    firsts = index.codes.representatives()
    hits = index.pairs()
    found = [
        (firsts[x], firsts[y]) for x, y in zip(hits.query.tolist(), hits.row.tolist(), strict=True)
    ]
    for code in np.flatnonzero(np.diff(index.codes.starts) > 1).tolist():
        first, *others = index.codes.items_of(code)
        found.extend((first, other) for other in others)
    return found


def _vector_edges(
    case: Case, signal: str, at: Mapping[str, int], least: float, neighbours: int
) -> Edges:
    """Pairs of items that are mutually among each other's nearest, with a similarity of `least`."""
    index = open_index(case, signal)
    assert isinstance(index, DenseIndex)
    codes = index.codes
    owners = [[at[i] for i in codes.items_of(c) if i in at] for c in range(len(codes))]
    keep = np.array([bool(items) for items in owners], bool)
    query, row, value = [], [], []
    for start in range(0, len(codes), _BLOCK):
        hits = index.search(codes.codes[start : start + _BLOCK], neighbours + 1)
        hits = hits.where((hits.value >= least) & (hits.query + start != hits.row))
        query.append(hits.query + start)
        row.append(hits.row)
        value.append(hits.value)
    x, y, similarity = (np.concatenate(part or [np.empty(0)]) for part in (query, row, value))
    mutual = np.isin(x * len(codes) + y, y * len(codes) + x) & keep[x.astype(int)]
    mutual &= (x < y) & keep[y.astype(int)]
    first = np.array([items[0] if items else -1 for items in owners], np.int64)
    a, b = first[x[mutual].astype(int)], first[y[mutual].astype(int)]
    equals = [(items[0], other) for items in owners for other in items[1:]]
    same = np.array(equals, np.int64).reshape(-1, 2)
    return Edges.of_similarities(
        np.concatenate([a, same[:, 0]]),
        np.concatenate([b, same[:, 1]]),
        signal,
        np.concatenate([similarity[mutual], np.ones(len(same))]),
    )


def _spread(places: pa.Table, photos: pa.Table) -> pa.Table:
    """Give every picture the place of the photo it shows."""
    import duckdb

    with duckdb.connect() as connection:
        connection.register("places", places)
        connection.register("photos", photos)
        return connection.sql(
            "SELECT f.sha256, p.medoid_sha256, "
            "CASE WHEN p.sha256 = p.medoid_sha256 THEN NULL ELSE p.via_sha256 END AS via_sha256, "
            "p.signal, p.distance, p.similarity FROM photos f "
            "JOIN places p ON p.sha256 = f.medoid_sha256 "
            "WHERE p.medoid_sha256 IN (SELECT medoid_sha256 FROM places GROUP BY 1 "
            "HAVING count(*) > 1) ORDER BY p.medoid_sha256, f.sha256"
        ).to_arrow_table()
