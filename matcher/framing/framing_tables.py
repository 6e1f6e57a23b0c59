"""Framing groups as tables: who posted what, what ties each post in, what each group is about."""

import hashlib
from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from frametrace.case.store import Case
from frametrace.matcher.account_names import connect
from frametrace.matcher.framing.clustering import Communities, Edges
from frametrace.matcher.framing.distinct_contents import NONE, Contents
from frametrace.matcher.framing.fusion import Fused
from frametrace.matcher.framing.similarity import Alike, Means
from frametrace.matcher.photos.assignment import SAME_BYTES
from frametrace.matcher.results import MATCHES, MEMBERS, TIED_BY, GroupKind, Relation, upgraded

__all__ = ["digest_of", "matches_of", "members_of"]

_COUNTS = 0.5  # decades below which a kind of evidence is not told

# One row per post of a group. A content without a neighbour that ties it in is the group's own.
_MEMBERS = """
WITH placed AS (
    SELECT p.platform, p.post_id, t.* FROM posts_of p JOIN told t USING (content)
),
earliest AS (
    SELECT p.content, arg_min({'platform': o.platform, 'post_id': o.post_id},
        (o.posted_at IS NULL, o.posted_at, o.platform, o.post_id)) AS post
    FROM posts_of p JOIN posts o USING (platform, post_id) GROUP BY p.content
),
pictures AS (
    SELECT platform, post_id, arg_min(sha256, (path, sha256)) AS sha256, min(path) AS path
    FROM post_media WHERE sha256 NOT IN (SELECT sha256 FROM skipped WHERE sha256 IS NOT NULL)
    GROUP BY ALL
)
SELECT p.group_id, $kind AS kind, $relation AS relation,
    o.platform, o.post_id, o.account_id, o.account_kind, o.account_name, o.posted_at, o.text,
    m.sha256 AS media_sha256, m.path AS media_path, o.caption_sha256,
    p.medoid_sha256, p.signal, p.similarity, p.decades, p.tied_by,
    v.post.platform AS via_platform, v.post.post_id AS via_post_id
FROM placed p JOIN posts o USING (platform, post_id)
LEFT JOIN pictures m USING (platform, post_id)
LEFT JOIN earliest v ON v.content = p.via AND p.via <> p.content
"""


def digest_of(contents: Contents, content: np.ndarray) -> pa.StringArray:
    """What stands for some contents: the digest of the caption, else of the first picture."""
    first = contents.pictures.starts[content]
    items = np.append(contents.pictures.items, 0)
    captions = contents.texts.take(_numbers(contents.caption[content]))
    pictures = contents.files.take(pa.array(items[first], mask=~_shows(contents, content)))
    digests: pa.StringArray = pc.coalesce(captions, pictures)
    return digests


def _shows(contents: Contents, content: np.ndarray) -> np.ndarray:
    shown: np.ndarray = np.diff(contents.pictures.starts)[content] > 0
    return shown


def _numbers(items: np.ndarray) -> pa.Array:
    return pa.array(items, mask=items == NONE)


def matches_of(contents: Contents, edges: Edges) -> pa.Table:
    """The pairs of captions, lettering and pictures by which contents are tied, as `MATCHES`.

    Each once; copies of one photo are told by the photo groups.
    """
    found = []
    for alike in (edges.fused.captions, edges.fused.lettering, edges.fused.looks):
        names = contents.files if alike is edges.fused.looks else contents.texts
        keep = (alike.decades >= _COUNTS) & (alike.means != Means.PHOTO) & (alike.a != alike.b)
        for means in (Means.CAPTION_KEY, Means.CAPTION, Means.CLIP):
            at = keep & (alike.means == means)
            low, high = np.minimum(alike.a[at], alike.b[at]), np.maximum(alike.a[at], alike.b[at])
            pair, first = np.unique(low * max(len(names), 1) + high, return_index=True)
            a, b = np.divmod(pair, max(len(names), 1))
            similarity = alike.similarity[at][first]
            found.append(_rows(names.take(pa.array(a)), names.take(pa.array(b)), means, similarity))
    return pa.concat_tables(found)


def _rows(a: pa.Array, b: pa.Array, means: Means, similarity: np.ndarray) -> pa.Table:
    swapped = pc.greater(a, b)
    columns = {
        "sha256_a": pc.if_else(swapped, b, a),
        "sha256_b": pc.if_else(swapped, a, b),
        "relation": pa.repeat(str(Relation.SIMILAR), len(a)),
        "signal": pa.repeat(means.signal, len(a)),
        "similarity": pa.array(similarity, pa.float32()),
    }
    arrays = [columns.get(field.name, pa.nulls(len(a), field.type)) for field in MATCHES]
    return pa.Table.from_arrays(arrays, schema=MATCHES)


def members_of(case: Case, contents: Contents, found: Communities) -> pa.Table:
    """The posts of the groups and what ties them in, in the schema `MEMBERS`; not yet ordered."""
    content = np.flatnonzero(found.group != NONE)
    medoid = found.medoid[found.group[content]]
    names = digest_of(contents, medoid)
    own = medoid == content
    best = _strongest(found.ties, content)
    told = pa.table(
        {
            "content": content,
            "via": found.via[content],
            "group_id": group_ids(contents, found).take(pa.array(found.group[content])),
            "medoid_sha256": names,
            "signal": pc.if_else(pa.array(own), SAME_BYTES, best["signal"]),
            "similarity": pc.if_else(pa.array(own), pa.scalar(1, pa.float32()), best["similarity"]),
            "decades": pa.array(found.ties.decades[content], pa.float32(), mask=own),
            "tied_by": tied_by(contents, found, content),
        }
    )
    with connect(case, "posts", "post_media", "skipped") as connection:
        connection.register("posts_of", contents.posts)
        connection.register("told", told)
        values = {"kind": str(GroupKind.FRAMING), "relation": str(Relation.SIMILAR)}
        rows = connection.sql(_MEMBERS, params=values).to_arrow_table()
    return upgraded(rows, MEMBERS)


def group_ids(contents: Contents, found: Communities) -> pa.StringArray:
    """The name of each group: 16 digits of what its medoid says and shows."""
    names = []
    for content in found.medoid.tolist():
        start, stop = contents.pictures.starts[content : content + 2]
        shown = sorted(
            contents.files.take(pa.array(contents.pictures.items[start:stop])).to_pylist()
        )
        text = contents.caption[content]
        said = "" if text == NONE else contents.texts[int(text)].as_py()
        names.append(hashlib.sha256("|".join([said, *shown]).encode()).hexdigest()[:16])
    return pa.array([f"{GroupKind.FRAMING}-{name}" for name in names], pa.string())


def _strongest(ties: Fused, content: np.ndarray) -> Mapping[str, pa.Array]:
    """The signal, and its similarity, that says most of what ties each content."""
    parts = (ties.captions, ties.lettering, ties.looks)
    decades = np.stack([part.decades[content] for part in parts])
    strongest = decades.argmax(axis=0)
    means = np.stack([part.means[content] for part in parts])[strongest, np.arange(len(content))]
    similarity = np.stack([part.similarity[content] for part in parts])
    return {
        "signal": _signals(means),
        "similarity": pa.array(similarity[strongest, np.arange(len(content))], pa.float32()),
    }


def _signals(means: np.ndarray) -> pa.StringArray:
    return pa.array([each.signal for each in Means]).take(pa.array(means))


def tied_by(contents: Contents, found: Communities, content: np.ndarray) -> pa.ListArray:
    """All that ties each content, the strongest kind first; null for a group's own."""
    captions = found.ties.captions
    across = (captions.a != contents.caption) | (captions.b != contents.caption[found.via])
    own = set(found.medoid.tolist())
    rows = []
    for at in content.tolist():
        kinds = {
            "caption and lettering" if across[at] else "captions": captions,
            "lettering": found.ties.lettering,
            "pictures": found.ties.looks,
        }
        rows.append(None if at in own else _told(kinds, at))
    return pa.array(rows, TIED_BY)


def _told(kinds: Mapping[str, Alike], at: int) -> list[Mapping[str, Any]]:
    """The rows of `TIED_BY` for one content."""
    strongest = sorted(kinds.items(), key=lambda each: -float(each[1].decades[at]))
    return [
        {
            "kind": kind,
            "signal": Means(int(alike.means[at])).signal,
            "similarity": float(alike.similarity[at]),
            "decades": float(alike.decades[at]),
        }
        for kind, alike in strongest
        if alike.decades[at] >= _COUNTS
    ]
