"""Framing groups: which captions say the same, which photos look alike.

The graph holds pairs that are among each other's nearest neighbours (a caption that is near to
everything is near to nobody in particular), communities are found by Leiden (Traag, Waltman and
van Eck 2019), and each is cut into stars whose members are all alike to the medoid itself.
"""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from frametrace.embed.case import Case
from frametrace.embed.held import connect, query_over
from frametrace.embed.signals import caption_key
from frametrace.embed.signals.caption import Caption
from frametrace.embed.signals.caption_key import CaptionKey
from frametrace.embed.signals.clip import Clip
from frametrace.embed.tables import signal_table
from frametrace.index.codes import Codes
from frametrace.index.dense import DenseIndex
from frametrace.index.minhash import MinHashIndex
from frametrace.index.store import open_index
from frametrace.matcher.edges import Edges
from frametrace.matcher.placing import PLACES, SAME_BYTES, Nodes, place
from frametrace.matcher.results import EVIDENCE, MATCHES, Relation
from frametrace.matcher.settings import MatchSettings
from frametrace.matcher.stars import Stars, stars

__all__ = ["match_captions", "match_looks"]

_SEED = 0
_BLOCK = 4096  # queries of one search, and pairs of vectors compared at a time

# Six standard errors of a similarity that 64 MinHash values estimate (0.05 at 0.8).
_ESTIMATE_SLACK = 0.3

# The captions that say something and were written, not reposted, in the order of their keys.
_CAPTIONS = """
SELECT k.sha256, k.key, count(*) AS posts, dense_rank() OVER (ORDER BY k.key) - 1 AS node
FROM caption_key k JOIN posts p ON p.caption_sha256 = k.sha256
WHERE k.key IS NOT NULL AND p.repost_of IS NULL GROUP BY k.sha256, k.key ORDER BY node, k.sha256
"""

# Every picture whose photo is in a group of several photos.
_SEEN = """
SELECT f.sha256, f.medoid_sha256 AS photo, p.medoid_sha256
FROM photos f JOIN places p ON p.sha256 = f.medoid_sha256
WHERE p.medoid_sha256 IN (SELECT medoid_sha256 FROM places GROUP BY 1 HAVING count(*) > 1)
ORDER BY p.medoid_sha256, f.sha256
"""


def match_captions(case: Case, settings: MatchSettings) -> tuple[pa.Table, pa.Table]:
    """Match captions by their vectors and keys; reposts and captions that say little stay out.

    Captions of one key are one node. Returns the matches (of the captions that stand for equal
    keys, and of these to their equals) and the captions' places.
    """
    if not case.epoch.rows(signal_table(CaptionKey.name)):
        return MATCHES.empty_table(), PLACES.empty_table()
    with connect(case, "posts", signal_table(CaptionKey.name)) as connection:
        captions = connection.sql(_CAPTIONS).to_arrow_table().combine_chunks()
    item, node = captions["sha256"].combine_chunks(), captions["node"].to_numpy()
    first = np.flatnonzero(np.diff(node, prepend=-1))
    weight = np.bincount(node, captions["posts"].to_numpy()).astype(np.int64)
    name = item.take(pa.array(first))
    nodes = Nodes(item, node, name, weight, CaptionKey.name)
    parts = [_key_edges(case, nodes, captions["key"].take(pa.array(first)), settings)]
    if Caption.name in case.epoch.signals:
        parts.append(_vector_edges(case, Caption.name, nodes, settings.min_caption, settings))
    matches, places = _grouped(nodes, Edges.concatenate(parts))
    others = np.flatnonzero(np.diff(node, prepend=-1) == 0)
    equals = Edges.of_similarities(
        first[node[others]], others, CaptionKey.name, np.ones(len(others))
    )
    return pa.concat_tables([matches, equals.matches(item, Relation.SIMILAR)]), places


def match_looks(case: Case, photos: pa.Table, settings: MatchSettings) -> tuple[pa.Table, pa.Table]:
    """Match photos that look alike by CLIP; `photos` are the places that `match_photos` found.

    Returns the matches of the photos' medoids, and the places of all pictures that look like the
    medoid of their group. Copies of one photo don't look alike, they are one: a group of one photo
    is left out.
    """
    if Clip.name not in case.epoch.signals:
        return MATCHES.empty_table(), PLACES.empty_table()
    medoids = photos.filter(pc.equal(photos["sha256"], photos["medoid_sha256"]))
    name = medoids["sha256"].combine_chunks()
    nodes = Nodes.alone(name, np.ones(len(name), np.int64), Clip.name)
    matches, places = _grouped(
        nodes, _vector_edges(case, Clip.name, nodes, settings.min_clip, settings)
    )
    return matches, _seen(case, photos, places, settings.min_clip)


def _grouped(nodes: Nodes, edges: Edges) -> tuple[pa.Table, pa.Table]:
    found = _communities(edges, nodes)
    return edges.matches(nodes.name, Relation.SIMILAR), place(nodes, edges, found)


def _communities(edges: Edges, nodes: Nodes) -> Stars:
    from sknetwork.clustering import Leiden

    graph = edges.graph(len(nodes.name))
    labels = Leiden(random_state=_SEED).fit_predict(graph) if graph.nnz else None
    return stars(graph, nodes.weight, labels, direct=True)


def _key_edges(case: Case, nodes: Nodes, keys: pa.StringArray, settings: MatchSettings) -> Edges:
    """Pairs of captions whose keys are alike, verified on the keys; `keys` are the nodes'."""
    index = open_index(case, CaptionKey.name)
    assert isinstance(index, MinHashIndex)
    owner, a, b = _owners(index.codes, nodes)
    hits = index.pairs()
    hits = hits.where(hits.value >= settings.min_caption_key - _ESTIMATE_SLACK)
    a, b = np.append(owner[hits.query], a), np.append(owner[hits.row], b)
    known = (a >= 0) & (b >= 0)
    a, b = a[known], b[known]
    pairs = zip(keys.take(pa.array(a)).to_pylist(), keys.take(pa.array(b)).to_pylist(), strict=True)
    similarity = np.fromiter((caption_key.jaccard(x, y) for x, y in pairs), np.float64, len(a))
    alike = similarity >= settings.min_caption_key
    return Edges.of_similarities(a[alike], b[alike], CaptionKey.name, similarity[alike])


def _vector_edges(
    case: Case, signal: str, nodes: Nodes, least: float, settings: MatchSettings
) -> Edges:
    """Pairs of nodes that are mutually among each other's nearest, with a similarity of `least`.

    Only the codes of nodes are asked about and found: a hundred near-equal captions, or copies of
    one photo, would else be each other's only neighbours.
    """
    index = open_index(case, signal)
    assert isinstance(index, DenseIndex)
    owner, a, b = _owners(index.codes, nodes)
    rows = np.flatnonzero(owner >= 0)
    if len(rows) < len(owner):
        index = DenseIndex.build(index.codes.only(rows))
    u = len(rows)
    keys, similarities = [np.empty(0, np.int64)], [np.empty(0, np.float32)]
    for start in range(0, u, _BLOCK):
        hits = index.search(index.codes.codes[start : start + _BLOCK], settings.neighbours + 1)
        hits = hits.where((hits.value >= least) & (hits.query + start != hits.row))
        keys.append((hits.query + start) * u + hits.row)
        similarities.append(hits.value)
    key, similarity = np.concatenate(keys), np.concatenate(similarities)
    x, y = np.divmod(key, max(u, 1))
    mutual = (x < y) & np.isin(key, y * u + x)
    return Edges.of_similarities(
        np.append(owner[rows[x[mutual]]], a),
        np.append(owner[rows[y[mutual]]], b),
        signal,
        np.append(similarity[mutual], np.ones(len(a))),
    )


def _owners(codes: Codes, nodes: Nodes) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The node that stands for each code, (u,) with -1 for none; and its pairs with the others.

    A code is that of a node where it is that of the item that stands for the node.
    """
    found = pc.index_in(codes.digests(), value_set=nodes.name).fill_null(-1)
    node = found.to_numpy().astype(np.int64)
    code = np.repeat(np.arange(len(codes)), np.diff(codes.starts))[node >= 0]
    node = node[node >= 0]
    taken, first = np.unique(code, return_index=True)
    owner = np.full(len(codes), -1, np.int64)
    owner[taken] = node[first]
    others = owner[code] != node
    return owner, owner[code[others]], node[others]


def _seen(case: Case, photos: pa.Table, places: pa.Table, least: float) -> pa.Table:
    """The pictures of the grouped photos that look like the medoid, compared with it anew."""
    with query_over(photos=photos, places=places) as connection:
        seen = connection.sql(_SEEN).to_arrow_table()
    index = open_index(case, Clip.name)
    assert isinstance(index, DenseIndex)
    codes = index.codes
    item, medoid = seen["sha256"], seen["medoid_sha256"]
    is_medoid = pc.equal(item, medoid)
    similarity = np.where(is_medoid.to_numpy(), 1, _similarities(codes, item, medoid))
    keep = (similarity >= least) | pc.equal(item, seen["photo"]).to_numpy()
    columns = [
        item,
        medoid,
        pa.nulls(len(item), pa.string()),
        pc.if_else(is_medoid, SAME_BYTES, Clip.name),
        pc.if_else(is_medoid, 0, pa.scalar(None, pa.int32())).cast(pa.int32()),
        pa.array(similarity, pa.float32()),
        *(pa.nulls(len(item), column.type) for column in EVIDENCE),
    ]
    return pa.Table.from_arrays(columns, schema=PLACES).filter(pa.array(keep))


def _similarities(codes: Codes, a: pa.ChunkedArray, b: pa.ChunkedArray) -> np.ndarray:
    """The cosine similarity of each pair of items, (n,) float32; -1 where one has no vector."""
    items = codes.digests()
    code = np.append(np.repeat(np.arange(len(codes)), np.diff(codes.starts)), -1)
    x, y = (code[pc.index_in(part, value_set=items).fill_null(-1).to_numpy()] for part in (a, b))
    similarity = np.full(len(x), -1, np.float32)
    known = np.flatnonzero((x >= 0) & (y >= 0))
    for start in range(0, len(known), _BLOCK):
        at = known[start : start + _BLOCK]
        similarity[at] = np.einsum("ij,ij->i", codes.codes[x[at]], codes.codes[y[at]])
    return np.minimum(similarity, 1)
