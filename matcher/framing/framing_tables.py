"""Builds the tables of framing groups: posts, the evidence that ties each of them, and matches."""

import hashlib
from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from frametrace.case.store import Case
from frametrace.matcher.account_names import connect
from frametrace.matcher.framing.clustering import FramingGroups
from frametrace.matcher.framing.distinct_contents import NONE, Contents
from frametrace.matcher.framing.fusion import FusedEvidence
from frametrace.matcher.framing.neighbour_graph import Edges
from frametrace.matcher.framing.pair_similarity import Basis, PairSimilarity
from frametrace.matcher.photos.group_assignment import SAME_BYTES
from frametrace.matcher.result_schemas import (
    MATCHES,
    MEMBERS,
    TIED_BY,
    GroupKind,
    Relation,
    upgraded,
)

__all__ = [
    "MIN_REPORTED_RARITY",
    "framing_matches",
    "framing_members",
    "group_ids",
]

MIN_REPORTED_RARITY = 0.5  # weaker evidence is not listed

# One row per post of a group. A content without a neighbour that ties it in is the medoid.
_MEMBERS = """
WITH grouped AS (
    SELECT p.platform, p.post_id, t.* FROM posts_of p JOIN content_rows t USING (content)
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
FROM grouped p JOIN posts o USING (platform, post_id)
LEFT JOIN pictures m USING (platform, post_id)
LEFT JOIN earliest v ON v.content = p.via AND p.via <> p.content
"""


def _digests(contents: Contents, content: np.ndarray) -> pa.StringArray:
    """The digest that represents each content: its caption's, else its first picture's."""
    first = contents.pictures.starts[content]
    items = np.append(contents.pictures.items, 0)
    has_pictures = np.diff(contents.pictures.starts)[content] > 0
    caption = contents.caption[content]
    captions = contents.text_digests.take(pa.array(caption, mask=caption == NONE))
    pictures = contents.picture_digests.take(pa.array(items[first], mask=~has_pictures))
    digests: pa.StringArray = pc.coalesce(captions, pictures)
    return digests


def framing_matches(contents: Contents, edges: Edges) -> pa.Table:
    """The pairs of captions, texts in pictures, and pictures that tie contents, as `MATCHES`.

    Each pair is listed once; copies of one photo are reported by the photo groups.
    """
    parts = []
    evidence = edges.evidence
    for pairs, digests in (
        (evidence.captions, contents.text_digests),
        (evidence.ocr_texts, contents.text_digests),
        (evidence.pictures, contents.picture_digests),
    ):
        keep = (pairs.rarity >= MIN_REPORTED_RARITY) & (pairs.basis != Basis.PHOTO)
        keep &= pairs.a != pairs.b
        for basis in (Basis.CAPTION_KEY, Basis.CAPTION, Basis.CLIP):
            chosen = pairs.take(np.flatnonzero(keep & (pairs.basis == basis)))
            low, high = np.minimum(chosen.a, chosen.b), np.maximum(chosen.a, chosen.b)
            width = max(len(digests), 1)
            key, first = np.unique(low * width + high, return_index=True)
            a, b = (digests.take(pa.array(side)) for side in np.divmod(key, width))
            parts.append(_match_rows(a, b, basis, chosen.similarity[first]))
    return pa.concat_tables(parts)


def _match_rows(a: pa.Array, b: pa.Array, basis: Basis, similarity: np.ndarray) -> pa.Table:
    swapped = pc.greater(a, b)
    columns = {
        "sha256_a": pc.if_else(swapped, b, a),
        "sha256_b": pc.if_else(swapped, a, b),
        "relation": pa.repeat(str(Relation.SIMILAR), len(a)),
        "signal": pa.repeat(basis.signal, len(a)),
        "similarity": pa.array(similarity, pa.float32()),
    }
    arrays = [columns.get(field.name, pa.nulls(len(a), field.type)) for field in MATCHES]
    return pa.Table.from_arrays(arrays, schema=MATCHES)


def framing_members(case: Case, contents: Contents, groups: FramingGroups) -> pa.Table:
    """The posts of the groups and what ties them in, in the schema `MEMBERS`; not yet ordered."""
    content = np.flatnonzero(groups.group != NONE)
    medoid = groups.medoid[groups.group[content]]
    is_medoid = medoid == content
    strongest = _strongest(groups.ties, content)
    one = pa.scalar(1, pa.float32())
    rows = pa.table(
        {
            "content": content,
            "via": groups.via[content],
            "group_id": group_ids(contents, groups).take(pa.array(groups.group[content])),
            "medoid_sha256": _digests(contents, medoid),
            "signal": pc.if_else(pa.array(is_medoid), SAME_BYTES, strongest["signal"]),
            "similarity": pc.if_else(pa.array(is_medoid), one, strongest["similarity"]),
            "decades": pa.array(groups.ties.rarity[content], pa.float32(), mask=is_medoid),
            "tied_by": _tied_by(contents, groups, content),
        }
    )
    with connect(case, "posts", "post_media", "skipped") as connection:
        connection.register("posts_of", contents.posts)
        connection.register("content_rows", rows)
        values = {"kind": str(GroupKind.FRAMING), "relation": str(Relation.SIMILAR)}
        members = connection.sql(_MEMBERS, params=values).to_arrow_table()
    return upgraded(members, MEMBERS)


def group_ids(contents: Contents, groups: FramingGroups) -> pa.StringArray:
    """The id of each group: 16 hex digits of the digest of its medoid's text and pictures."""
    ids = []
    for content in groups.medoid.tolist():
        start, stop = contents.pictures.starts[content : content + 2]
        items = pa.array(contents.pictures.items[start:stop])
        pictures = sorted(contents.picture_digests.take(items).to_pylist())
        text = contents.caption[content]
        caption = "" if text == NONE else contents.text_digests[int(text)].as_py()
        digest = hashlib.sha256("|".join([caption, *pictures]).encode()).hexdigest()
        ids.append(f"{GroupKind.FRAMING}-{digest[:16]}")
    return pa.array(ids, pa.string())


def _strongest(ties: FusedEvidence, content: np.ndarray) -> Mapping[str, pa.Array]:
    """The rarest kind of evidence that ties each content: its signal and raw similarity."""
    kinds = [part.take(content) for part in (ties.captions, ties.ocr_texts, ties.pictures)]
    strongest = np.stack([kind.rarity for kind in kinds]).argmax(axis=0)
    at = strongest, np.arange(len(content))
    basis = np.stack([kind.basis for kind in kinds])[at]
    similarity = np.stack([kind.similarity for kind in kinds])[at]
    return {
        "signal": pa.array([member.signal for member in Basis]).take(pa.array(basis)),
        "similarity": pa.array(similarity, pa.float32()),
    }


def _tied_by(contents: Contents, groups: FramingGroups, content: np.ndarray) -> pa.ListArray:
    """All evidence that ties each content, the rarest first; null for medoids."""
    ties = groups.ties
    captions = ties.captions
    # One of the two texts is in a picture.
    across = (captions.a != contents.caption) | (captions.b != contents.caption[groups.via])
    medoids = set(groups.medoid.tolist())
    rows = []
    for at in content.tolist():
        kinds = {
            "caption and lettering" if across[at] else "captions": captions,
            "lettering": ties.ocr_texts,
            "pictures": ties.pictures,
        }
        rows.append(None if at in medoids else _tie_rows(kinds, at))
    return pa.array(rows, TIED_BY)


def _tie_rows(kinds: Mapping[str, PairSimilarity], at: int) -> list[Mapping[str, Any]]:
    """The rows of `TIED_BY` for one content."""
    rarest_first = sorted(kinds.items(), key=lambda item: -float(item[1].rarity[at]))
    return [
        {
            "kind": kind,
            "signal": Basis(int(pairs.basis[at])).signal,
            "similarity": float(pairs.similarity[at]),
            "decades": float(pairs.rarity[at]),
        }
        for kind, pairs in rarest_first
        if pairs.rarity[at] >= MIN_REPORTED_RARITY
    ]
