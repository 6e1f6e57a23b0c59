"""Which photos a picture contains: a collage of two known photos is listed with both."""

import numpy as np
import pyarrow as pa

from frametrace.embed.signals.local import Local
from frametrace.matcher.placing import PLACES
from frametrace.matcher.results import EVIDENCE
from frametrace.matcher.sightings import Sightings
from frametrace.matcher.stars import Stars

__all__ = ["containing"]

# A picture that contains several of a photo's copies is tied to the photo's medoid if that is one
# of them, else to the one that agrees most.
_BEST = """
CREATE TEMP TABLE best AS SELECT * FROM links
QUALIFY row_number() OVER (
    PARTITION BY container, photo ORDER BY part <> photo, similarity DESC, part) = 1
"""

# What is a copy of the photo is not listed again as a picture that contains it.
_CONTAINED = f"""
SELECT h.sha256, b.photo AS medoid_sha256,
    CASE WHEN itself THEN nullif(b.part, b.photo) ELSE b.container END AS via_sha256,
    CASE WHEN itself THEN '{Local.name}' ELSE h.signal END AS signal,
    CASE WHEN itself THEN NULL ELSE h.distance END AS distance,
    CASE WHEN itself THEN b.similarity ELSE h.similarity END AS similarity,
    {", ".join(f"CASE WHEN itself THEN b.{column.name} END" for column in EVIDENCE)}
FROM (SELECT *, sha256 = medoid_sha256 AS itself FROM held) h
JOIN best b ON b.container = h.medoid_sha256
ANTI JOIN places p ON p.sha256 = h.sha256 AND p.medoid_sha256 = b.photo
ORDER BY b.photo, h.sha256
"""  # noqa: S608


def containing(
    pairs: Sightings, names: pa.StringArray, cut: Stars, places: pa.Table, held: pa.Table
) -> pa.Table:
    """The pictures that contain a photo, in the schema `PLACES`: what ties them to its group.

    `pairs` are those in which one picture contains the other, of nodes called `names` that are cut
    into the photos `cut`. `places` are the pictures' own photos; `held` are their places by PDQ
    alone: the copies of a container come with it, and are tied to it. Copies by local features were
    compared with the photo themselves.
    """
    import duckdb

    inner, outer = pairs.contained()
    apart = np.flatnonzero(cut.medoid[inner] != cut.medoid[outer])
    inner, outer = inner[apart], outer[apart]
    columns = {
        "container": names.take(pa.array(outer)),
        "part": names.take(pa.array(inner)),
        "photo": names.take(pa.array(cut.medoid[inner])),
        "similarity": pairs.rows["similarity"].take(pa.array(apart)),
    }
    evidence = pairs.seen_from(inner, outer, np.ones(len(inner), bool))
    columns |= zip((column.name for column in EVIDENCE), evidence, strict=True)
    with duckdb.connect() as connection:
        connection.execute("SET enable_progress_bar = false")
        connection.register("links", pa.table(columns))
        connection.register("places", places.select(["sha256", "medoid_sha256"]))
        connection.register("held", held)
        connection.execute(_BEST)
        return connection.sql(_CONTAINED).to_arrow_table().rename_columns(PLACES.names).cast(PLACES)
