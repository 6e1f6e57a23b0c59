"""Lists pictures that contain a photo, or are a part of it, with that photo; photos stay separate.

If one picture is seen whole in another, the one whose photo fewer posts carry is assumed to be made
from the other: a collage or a screenshot of a known photo, or a narrow crop of it. It is listed
with the other's photo. If both photos have the same number of posts, the larger picture is listed.
"""

import numpy as np
import pyarrow as pa

from frametrace.case.views import query_over
from frametrace.embed.signals.local import Local
from frametrace.matcher.photos.group_assignment import LISTED, Nodes
from frametrace.matcher.photos.node_pairs import NodePairs
from frametrace.matcher.photos.star_clustering import StarClusters
from frametrace.matcher.result_schemas import EVIDENCE, Relation

__all__ = ["links_of", "listed_with"]

# The cells of a copy that show its photo, and those that show another picture, overlap by at least
# this part of the smaller number; otherwise the other picture shows something else in the copy.
_MIN_OVERLAP = 0.5
_MAX_WHOLES = 16  # photos that a picture is a part of; a picture in more of them is a logo

# If several copies of a photo tie a picture to it, only the best tie is kept: that of the photo's
# medoid if it is one of them, otherwise that of the most similar copy.
_BEST = f"""
CREATE TEMP TABLE best AS SELECT * FROM links
QUALIFY row_number() OVER (
    PARTITION BY picture, photo ORDER BY relation, tie <> photo, similarity DESC, tie) = 1;
DELETE FROM best WHERE relation = '{Relation.PART}' AND picture IN (
    SELECT picture FROM best WHERE relation = '{Relation.PART}'
    GROUP BY picture HAVING count(*) > {_MAX_WHOLES})
"""  # noqa: S608

# Copies of the photo are not listed with it again.
_LISTED = f"""
SELECT h.sha256, b.photo AS medoid_sha256,
    CASE WHEN itself THEN nullif(b.tie, b.photo) ELSE b.picture END AS via_sha256,
    CASE WHEN itself THEN '{Local.name}' ELSE h.signal END AS signal,
    CASE WHEN itself THEN NULL ELSE h.distance END AS distance,
    CASE WHEN itself THEN b.similarity ELSE h.similarity END AS similarity,
    {", ".join(f"CASE WHEN itself THEN b.{name} END AS {name}" for name in EVIDENCE.names)},
    b.relation
FROM (SELECT *, sha256 = medoid_sha256 AS itself FROM by_hash) h
JOIN best b ON b.picture = h.medoid_sha256
ANTI JOIN assigned p ON p.sha256 = h.sha256 AND p.medoid_sha256 = b.photo
ORDER BY b.photo, h.sha256
"""  # noqa: S608


def listed_with(links: pa.Table, assigned: pa.Table, by_hash: pa.Table) -> pa.Table:
    """The pictures that are listed with a photo without being copies of it, in the schema `LISTED`.

    `links` come from `links_of`; `assigned` are the pictures' own photos, and `by_hash` their
    photos by PDQ alone: copies by PDQ of a listed picture are listed with it, and tied to it.
    Copies by local features were compared with the photo themselves.
    """
    own = assigned.select(["sha256", "medoid_sha256"])
    with query_over(links=links, assigned=own, by_hash=by_hash) as connection:
        connection.execute(_BEST)
        return connection.sql(_LISTED).to_arrow_table().cast(LISTED)


def links_of(pairs: NodePairs, copies: NodePairs, nodes: Nodes, stars: StarClusters) -> pa.Table:
    """Which picture is listed with which photo, and what ties it there.

    In `pairs` one picture contains the other; `stars` are the photos, formed by `copies`. If a copy
    that shows more than the photo, such as a collage, ties a picture, the picture must show the
    photo and not the rest.
    """
    inner, outer = pairs.contained()
    photo = stars.medoid
    of_different_photos = photo[inner] != photo[outer]
    posts = np.bincount(photo, nodes.weight, len(photo))
    is_part = posts[photo[outer]] > posts[photo[inner]]
    picture, tie = np.where(is_part, inner, outer), np.where(is_part, outer, inner)
    kept = np.flatnonzero(of_different_photos)
    kept = kept[_shows_photo(pairs, copies, stars, picture[kept], tie[kept])]
    picture, tie, is_part = picture[kept], tie[kept], is_part[kept]
    relation = np.where(is_part, str(Relation.PART), str(Relation.CONTAINS))
    columns = {
        "picture": nodes.name.take(pa.array(picture)),
        "tie": nodes.name.take(pa.array(tie)),
        "photo": nodes.name.take(pa.array(photo[tie])),
        "relation": pa.array(relation, pa.string()),
        "similarity": pairs.rows["similarity"].take(pa.array(kept)),
    }
    evidence = pairs.seen_from(tie, picture, np.ones(len(tie), bool))
    columns |= zip(EVIDENCE.names, evidence, strict=True)
    return pa.table(columns)


def _shows_photo(
    pairs: NodePairs, copies: NodePairs, stars: StarClusters, picture: np.ndarray, tie: np.ndarray
) -> np.ndarray:
    """Whether what a picture shares with a copy is the copy's photo, (k,) bool.

    Copies by a hash, and the medoid, show the photo all over.
    """
    via = stars.via[tie]
    checked = np.flatnonzero((via != tie) & copies.holds(tie, via))
    shows_photo = np.ones(len(tie), bool)
    if len(checked):
        with_photo = copies.cells(tie[checked], via[checked])
        with_picture = pairs.cells(tie[checked], picture[checked])
        overlap = (with_photo & with_picture).sum(axis=1)
        fewer = np.minimum(with_photo.sum(axis=1), with_picture.sum(axis=1))
        shows_photo[checked] = overlap >= _MIN_OVERLAP * np.maximum(fewer, 1)
    return shows_photo
