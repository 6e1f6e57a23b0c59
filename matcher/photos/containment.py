"""Pictures that contain a photo, and parts of it: listed with it, and merging no two photos.

Of two pictures one of which is seen whole in the other, the one whose photo fewer posts carry is
taken to be made of the other: a collage or a screenshot of a known photo, or a narrow cut-out of
one. It is listed with the photo of the other. Of equals, the larger picture is.
"""

import numpy as np
import pyarrow as pa

from frametrace.case.views import query_over
from frametrace.embed.signals.local import Local
from frametrace.matcher.photos.assignment import LISTED, Nodes
from frametrace.matcher.photos.star_clustering import Stars
from frametrace.matcher.pictures.verified_pairs import Sightings
from frametrace.matcher.results import EVIDENCE, Relation

__all__ = ["links_of", "listed_with"]

_SHARED = 0.5  # of the cells of a copy that show the photo, or another picture, show both
_MOST_WHOLES = 16  # photos that a picture is a part of; one of more is a logo, and says nothing

# A picture that several of a photo's copies tie to it is tied by the photo's medoid if that is one
# of them, else by the one that agrees most.
_BEST = f"""
CREATE TEMP TABLE best AS SELECT * FROM links
QUALIFY row_number() OVER (
    PARTITION BY picture, photo ORDER BY relation, tie <> photo, similarity DESC, tie) = 1;
DELETE FROM best WHERE relation = '{Relation.PART}' AND picture IN (
    SELECT picture FROM best WHERE relation = '{Relation.PART}'
    GROUP BY picture HAVING count(*) > {_MOST_WHOLES})
"""  # noqa: S608

# What is a copy of the photo is not listed with it again.
_LISTED = f"""
SELECT h.sha256, b.photo AS medoid_sha256,
    CASE WHEN itself THEN nullif(b.tie, b.photo) ELSE b.picture END AS via_sha256,
    CASE WHEN itself THEN '{Local.name}' ELSE h.signal END AS signal,
    CASE WHEN itself THEN NULL ELSE h.distance END AS distance,
    CASE WHEN itself THEN b.similarity ELSE h.similarity END AS similarity,
    {", ".join(f"CASE WHEN itself THEN b.{name} END AS {name}" for name in EVIDENCE.names)},
    b.relation
FROM (SELECT *, sha256 = medoid_sha256 AS itself FROM held) h
JOIN best b ON b.picture = h.medoid_sha256
ANTI JOIN places p ON p.sha256 = h.sha256 AND p.medoid_sha256 = b.photo
ORDER BY b.photo, h.sha256
"""  # noqa: S608


def listed_with(links: pa.Table, places: pa.Table, held: pa.Table) -> pa.Table:
    """What is listed with a photo without being a copy of it, in the schema `LISTED`.

    `links` are those of `links_of`. `places` are the pictures' own photos; `held` are their places
    by PDQ alone: the copies of what is listed come with it, and are tied to it. Copies by local
    features were compared with the photo themselves.
    """
    own = places.select(["sha256", "medoid_sha256"])
    with query_over(links=links, places=own, held=held) as connection:
        connection.execute(_BEST)
        return connection.sql(_LISTED).to_arrow_table().cast(LISTED)


def links_of(pairs: Sightings, copies: Sightings, nodes: Nodes, cut: Stars) -> pa.Table:
    """Which picture is listed with which photo, and what ties it there.

    `pairs` are those in which one picture contains the other, of nodes that are cut into photos by
    their `copies`. Where a copy ties it, such as a collage, it shows the photo and not what else
    the copy shows.
    """
    inner, outer = pairs.contained()
    photo = cut.medoid
    apart = photo[inner] != photo[outer]
    posts = np.bincount(photo, nodes.weight, len(photo))
    is_part = posts[photo[outer]] > posts[photo[inner]]
    picture, tie = np.where(is_part, inner, outer), np.where(is_part, outer, inner)
    kept = np.flatnonzero(apart)
    kept = kept[_in_one_place(pairs, copies, cut, picture[kept], tie[kept])]
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


def _in_one_place(
    pairs: Sightings, copies: Sightings, cut: Stars, picture: np.ndarray, tie: np.ndarray
) -> np.ndarray:
    """Where what a picture shares with a copy is what the copy shares with its photo, (k,) bool.

    Copies by a hash, and the photo itself, show it all over.
    """
    via = cut.via[tie]
    asked = np.flatnonzero((via != tie) & copies.holds(tie, via))
    kept = np.ones(len(tie), bool)
    if len(asked):
        of_photo = copies.cells(tie[asked], via[asked])
        shared = pairs.cells(tie[asked], picture[asked])
        both = (of_photo & shared).sum(axis=1)
        fewer = np.minimum(of_photo.sum(axis=1), shared.sum(axis=1))
        kept[asked] = both >= _SHARED * np.maximum(fewer, 1)
    return kept
