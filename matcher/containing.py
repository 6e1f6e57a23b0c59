"""Pictures that contain a photo, and parts of it: listed with it, and merging no two photos.

Of two pictures one of which is seen whole in the other, the one whose photo fewer posts carry is
taken to be made of the other: a collage or a screenshot of a known photo, or a narrow cut-out of
one. It is listed with the photo of the other. Of equals, the larger picture is.
"""

import numpy as np
import pyarrow as pa

from frametrace.embed.held import query_over
from frametrace.embed.signals.local import Local
from frametrace.matcher.placing import LISTED, Nodes
from frametrace.matcher.results import EVIDENCE, Relation
from frametrace.matcher.sightings import Sightings
from frametrace.matcher.stars import Stars

__all__ = ["links_of", "listed_with"]

_HALF = 0.55  # of a picture that is seen in another: what it shows is there
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


def links_of(pairs: Sightings, nodes: Nodes, cut: Stars) -> pa.Table:
    """Which picture is listed with which photo, and what ties it there.

    `pairs` are those in which one picture contains the other, of nodes that are cut into photos.
    """
    inner, outer = pairs.contained()
    photo = cut.medoid
    seen = np.maximum(pairs.rows["part_a"].to_numpy(), pairs.rows["part_b"].to_numpy())
    apart = photo[inner] != photo[outer]
    # Of a collage that stands for a photo, less than half may be seen, and not that photo.
    apart &= (seen >= _HALF) | (photo[inner] == inner)
    inner, outer = inner[apart], outer[apart]
    posts = np.bincount(photo, nodes.weight, len(photo))
    is_part = posts[photo[outer]] > posts[photo[inner]]
    picture, tie = np.where(is_part, inner, outer), np.where(is_part, outer, inner)
    relation = np.where(is_part, str(Relation.PART), str(Relation.CONTAINS))
    columns = {
        "picture": nodes.name.take(pa.array(picture)),
        "tie": nodes.name.take(pa.array(tie)),
        "photo": nodes.name.take(pa.array(photo[tie])),
        "relation": pa.array(relation, pa.string()),
        "similarity": pairs.rows["similarity"].filter(pa.array(apart)),
    }
    evidence = pairs.seen_from(tie, picture, np.ones(len(tie), bool))
    columns |= zip(EVIDENCE.names, evidence, strict=True)
    return pa.table(columns)
