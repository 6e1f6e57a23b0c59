"""Finds the posts of a case that reuse pictures or framings of an earlier case, with evidence.

Each picture of a post has one row per earlier case: the nearest copy in that case. A picture that
contains a photo of the earlier case, or is a part of one, has a row for each such photo; a post has
a row for each framing. Two pictures that are copies of one photo but were not compared with each
other are tied through a third picture, which the row names.
"""

from itertools import combinations
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from frametrace.case.store import Case
from frametrace.embed.signals import pdq
from frametrace.matcher.account_names import connect
from frametrace.matcher.between_cases.origins import Origins, origins_of
from frametrace.matcher.photos.group_assignment import SAME_BYTES
from frametrace.matcher.result_schemas import MATCHES, POST_FIELDS, GroupKind, Relation
from frametrace.matcher.saved_results import Matches
from frametrace.posts.errors import CaseError

if TYPE_CHECKING:
    import duckdb

__all__ = ["REUSES", "reuses_of"]

# A is the earlier case, B the case with the post. `sha256_a` and `sha256_b` are digests of
# pictures, or, if the relation is `similar`, of captions or pictures. Among equally near copies in
# A, the one with the smallest digest is listed. `signal`, `distance` (bits of 256) and `similarity`
# tie B's item to `via_sha256`, or to A's item where that is null. `posts_a`, `accounts_a` and
# `first_at_a` describe A's posts that carry exactly this picture or caption. Ordered by cases, then
# pictures before framings, then by the number of A's posts, then by time.
REUSES = pa.schema(
    [
        *(MATCHES.field(name) for name in ("sha256_a", "sha256_b", "relation")),
        *(MATCHES.field(name) for name in ("signal", "distance", "similarity")),
        ("via_sha256", pa.string()),
        ("group_id", pa.string()),
        pa.field("case_a", pa.string(), nullable=False),
        pa.field("case_b", pa.string(), nullable=False),
        *POST_FIELDS,
        ("media_path", pa.string()),
        ("media_path_a", pa.string()),
        ("platforms_a", pa.list_(pa.string())),
        ("posts_a", pa.int64()),
        ("accounts_a", pa.int64()),
        ("first_at_a", pa.timestamp("us", tz="UTC")),
    ]
)

_COPY_COLUMNS = ["sha256_a", "sha256_b", "signal", "distance", "similarity"]

# `equals` maps each picture to the one that represents its hash: their match has distance 0.
_PREPARE = f"""
CREATE TEMP TABLE photos AS SELECT media_sha256 AS sha256, group_id, relation, medoid_sha256,
    coalesce(via_sha256, medoid_sha256) AS tie, signal, distance, similarity
FROM (SELECT DISTINCT ON (media_sha256, group_id, relation) * FROM members
    WHERE kind = '{GroupKind.PHOTO}' ORDER BY media_sha256, group_id, relation);
CREATE TEMP TABLE of_photo AS SELECT * FROM photos WHERE relation = '{Relation.COPY}';
CREATE TEMP TABLE listed AS SELECT * FROM photos WHERE relation <> '{Relation.COPY}';
CREATE TEMP TABLE equals AS SELECT sha256_b AS sha256, min(sha256_a) AS representative FROM copies
WHERE signal = '{pdq.Pdq.name}' AND distance = 0 GROUP BY sha256_b;
CREATE TEMP TABLE edges AS
SELECT coalesce(p.representative, sha256_a) AS picture,
    coalesce(q.representative, sha256_b) AS partner,
    c.signal, c.distance, c.similarity
FROM copies c LEFT JOIN equals p ON p.sha256 = sha256_a LEFT JOIN equals q ON q.sha256 = sha256_b
WHERE signal <> '{pdq.Pdq.name}' OR distance > 0;
INSERT INTO edges SELECT partner, picture, signal, distance, similarity FROM edges;
CREATE TEMP TABLE carried AS
SELECT m.platform, m.post_id, m.sha256, min(m.path) AS path, true AS shown FROM post_media m
GROUP BY ALL
UNION ALL SELECT platform, post_id, caption_sha256, NULL, false FROM posts
WHERE caption_sha256 IS NOT NULL;
"""  # noqa: S608

# `a` are the pictures of case A, `b` those of B's posts that A doesn't have.
_PICTURES_OF_CASES = """
CREATE OR REPLACE TEMP TABLE a AS
SELECT DISTINCT c.sha256, coalesce(e.representative, c.sha256) AS representative
FROM carried c JOIN origins o USING (platform, post_id) LEFT JOIN equals e USING (sha256)
WHERE shown AND o.cases & $a <> 0;
CREATE OR REPLACE TEMP TABLE b AS
SELECT DISTINCT c.sha256, coalesce(e.representative, c.sha256) AS representative
FROM carried c JOIN origins o USING (platform, post_id) LEFT JOIN equals e USING (sha256)
WHERE shown AND o.cases & $b <> 0 AND o.cases & $a = 0;
CREATE OR REPLACE TEMP TABLE firsts AS SELECT representative, min(sha256) AS sha256 FROM a
GROUP BY representative;
"""

_COPIES = f"""
SELECT * EXCLUDE (rank) FROM (
    SELECT b.sha256 AS sha256_b, a.sha256 AS sha256_a, 0 AS rank, '{SAME_BYTES}' AS signal,
        0 AS distance, 1.0 AS similarity, NULL AS via_sha256
    FROM b JOIN a USING (sha256)
    UNION ALL
    SELECT b.sha256, f.sha256, 1, '{pdq.Pdq.name}', 0, 1.0, NULL
    FROM b JOIN firsts f USING (representative)
    UNION ALL
    SELECT b.sha256, f.sha256, CASE e.signal WHEN '{pdq.Pdq.name}' THEN 1 ELSE 2 END,
        e.signal, e.distance, e.similarity,
        CASE WHEN e.signal = '{pdq.Pdq.name}' THEN NULL WHEN b.sha256 <> e.picture THEN e.picture
            WHEN f.sha256 <> e.partner THEN e.partner END
    FROM b JOIN edges e ON e.picture = b.representative
    JOIN firsts f ON f.representative = e.partner
    UNION ALL
    SELECT y.sha256, x.sha256, 3, if(own, x.signal, y.signal), if(own, x.distance, y.distance),
        if(own, x.similarity, y.similarity),
        nullif(nullif(if(own, x.tie, y.tie), x.sha256), y.sha256)
    FROM (SELECT *, sha256 = medoid_sha256 AS own FROM of_photo) y JOIN b USING (sha256)
    JOIN (SELECT p.* FROM of_photo p JOIN a USING (sha256) QUALIFY row_number() OVER (
        PARTITION BY group_id ORDER BY p.sha256 <> medoid_sha256, p.sha256) = 1) x USING (group_id)
)
QUALIFY row_number() OVER (
    PARTITION BY sha256_b ORDER BY rank, distance, similarity DESC, sha256_a) = 1
"""  # noqa: S608

# `listed` are pictures of A or B that contain the group's photo or are a part of it.
_LISTED = f"""
SELECT y.sha256 AS sha256_b, x.sha256 AS sha256_a, y.relation, y.signal, y.distance, y.similarity,
    nullif(y.tie, x.sha256) AS via_sha256, group_id
FROM listed y JOIN b USING (sha256) JOIN of_photo x USING (group_id) JOIN a ON a.sha256 = x.sha256
QUALIFY row_number() OVER (PARTITION BY y.sha256, group_id ORDER BY x.sha256 <> y.tie,
    x.sha256 <> x.medoid_sha256, x.sha256) = 1
UNION ALL
SELECT y.sha256, x.sha256, CASE x.relation WHEN '{Relation.PART}' THEN '{Relation.CONTAINS}'
        ELSE '{Relation.PART}' END, x.signal, x.distance, x.similarity,
    nullif(x.tie, y.sha256), group_id
FROM of_photo y JOIN b USING (sha256) JOIN listed x USING (group_id) JOIN a ON a.sha256 = x.sha256
QUALIFY row_number() OVER (PARTITION BY y.sha256, group_id, x.relation ORDER BY y.sha256 <> x.tie,
    x.similarity DESC, x.sha256) = 1
"""  # noqa: S608

# Each post of B is tied to the next post of A on its path to the framing's medoid, or else to A's
# earliest post. The medoid itself is tied to the post of A that is most similar to it.
_FRAMED = f"""
WITH RECURSIVE framed AS (
    SELECT m.*, coalesce(caption_sha256, media_sha256) AS item, o.cases
    FROM members m JOIN origins o USING (platform, post_id) WHERE kind = '{GroupKind.FRAMING}'
),
steps AS (
    SELECT group_id, platform, post_id, via_platform AS to_platform, via_post_id AS to_post, 1 AS n
    FROM framed WHERE cases & $b <> 0 AND cases & $a = 0 AND via_post_id IS NOT NULL
    UNION ALL
    SELECT w.group_id, w.platform, w.post_id, f.via_platform, f.via_post_id, n + 1
    FROM steps w JOIN framed f ON (f.group_id, f.platform, f.post_id)
        = (w.group_id, w.to_platform, w.to_post)
    WHERE f.cases & $a = 0 AND f.via_post_id IS NOT NULL
),
reached AS (
    SELECT w.group_id, w.platform, w.post_id, f.item, n
    FROM steps w JOIN framed f ON (f.group_id, f.platform, f.post_id)
        = (w.group_id, w.to_platform, w.to_post) WHERE f.cases & $a <> 0
),
of_a AS (
    SELECT f.*, v.item AS via_item FROM framed f LEFT JOIN framed v
        ON (v.group_id, v.platform, v.post_id) = (f.group_id, f.via_platform, f.via_post_id)
    WHERE f.cases & $a <> 0
),
earliest AS (
    SELECT group_id, item, signal, similarity, via_item FROM of_a QUALIFY row_number() OVER (
        PARTITION BY group_id ORDER BY posted_at IS NULL, posted_at, platform, post_id) = 1
),
next_to_medoid AS (
    SELECT a.*, f.platform AS b_platform, f.post_id AS b_post FROM of_a a JOIN framed f
        ON (f.group_id, f.platform, f.post_id) = (a.group_id, a.via_platform, a.via_post_id)
    WHERE f.via_post_id IS NULL QUALIFY row_number() OVER (PARTITION BY a.group_id
        ORDER BY a.decades DESC, a.posted_at IS NULL, a.posted_at, a.platform, a.post_id) = 1
),
tied AS (
    SELECT f.group_id, f.platform, f.post_id, f.item AS sha256_b,
        coalesce(r.item, m.item, e.item) AS sha256_a,
        CASE WHEN f.via_post_id IS NOT NULL THEN f.signal ELSE coalesce(m.signal, e.signal) END
            AS signal,
        CASE WHEN f.via_post_id IS NOT NULL THEN f.similarity
            ELSE coalesce(m.similarity, e.similarity) END AS similarity,
        CASE WHEN f.via_post_id IS NOT NULL THEN v.item
            WHEN m.item IS NULL THEN e.via_item END AS via_sha256
    FROM framed f JOIN earliest e USING (group_id)
    LEFT JOIN reached r ON (r.group_id, r.platform, r.post_id)
        = (f.group_id, f.platform, f.post_id)
    LEFT JOIN next_to_medoid m
        ON (m.group_id, m.b_platform, m.b_post) = (f.group_id, f.platform, f.post_id)
    LEFT JOIN framed v ON (v.group_id, v.platform, v.post_id)
        = (f.group_id, f.via_platform, f.via_post_id)
    WHERE f.cases & $b <> 0 AND f.cases & $a = 0
)
SELECT sha256_b, sha256_a, '{Relation.SIMILAR}' AS relation, signal, NULL AS distance, similarity,
    nullif(nullif(via_sha256, sha256_a), sha256_b) AS via_sha256, group_id, platform, post_id
FROM tied
"""  # noqa: S608

_ROWS = f"""
WITH pairs AS (
    SELECT c.*, g.group_id, m.platform, m.post_id, m.path FROM (
        SELECT sha256_b, sha256_a, '{Relation.COPY}' AS relation, signal, distance, similarity,
            via_sha256 FROM copy_pairs
    ) c LEFT JOIN of_photo g ON g.sha256 = c.sha256_b
    JOIN carried m ON m.sha256 = c.sha256_b
    UNION ALL
    SELECT l.*, m.platform, m.post_id, m.path FROM listed_pairs l
    JOIN carried m ON m.sha256 = l.sha256_b
    UNION ALL
    SELECT *, NULL FROM framed_pairs
),
of_a AS (
    SELECT c.sha256, min(c.path) AS media_path_a,
        list_sort(list_distinct(list(p.platform))) AS platforms_a,
        count(DISTINCT (p.platform, p.post_id)) AS posts_a,
        count(DISTINCT (p.platform, p.account_id)) AS accounts_a, min(p.posted_at) AS first_at_a
    FROM carried c JOIN posts p USING (platform, post_id) JOIN origins o USING (platform, post_id)
    WHERE o.cases & $a <> 0 AND c.sha256 IN (SELECT sha256_a FROM pairs) GROUP BY c.sha256
)
SELECT r.* EXCLUDE (path, platform, post_id), $name_a AS case_a, $name_b AS case_b,
    {", ".join(f"p.{field.name}" for field in POST_FIELDS)}, r.path AS media_path,
    a.* EXCLUDE (sha256)
FROM pairs r JOIN of_a a ON a.sha256 = r.sha256_a JOIN posts p USING (platform, post_id)
JOIN origins o USING (platform, post_id) WHERE o.cases & $b <> 0 AND o.cases & $a = 0
ORDER BY r.relation = '{Relation.SIMILAR}', a.posts_a DESC, r.sha256_a, p.posted_at NULLS LAST,
    p.platform, p.post_id, r.path,
    r.relation, r.sha256_b, r.group_id
"""  # noqa: S608


def reuses_of(union: Case, members: pa.Table, matches: Matches) -> pa.Table:
    """What each case of a union reuses of each case before it, in the schema `REUSES`.

    `members` are the members of all groups, whether they span cases or not. Raises `CaseError` if
    the case is not a union.
    """
    if (origins := origins_of(union)) is None:
        raise CaseError(f"{union.path} is not a union of cases")
    pairs = combinations(range(len(origins.names)), 2)
    with connect(union, "posts", "post_media") as connection:
        connection.register("members", members)
        connection.register("origins", origins.posts)
        connection.register("copies", _copies(matches))
        connection.execute(_PREPARE)
        tables = [_between(connection, origins, a, b) for a, b in pairs]
    return pa.concat_tables(tables)


def _between(connection: "duckdb.DuckDBPyConnection", origins: Origins, a: int, b: int) -> pa.Table:
    """What case B reuses of case A; `a` and `b` are the cases' numbers."""
    bits = {"a": 1 << a, "b": 1 << b}
    for statement in filter(str.strip, _PICTURES_OF_CASES.split(";")):
        used = {name: bit for name, bit in bits.items() if f"${name}" in statement}
        connection.execute(statement, used)
    for name, query, parameters in (
        ("copy_pairs", _COPIES, {}),
        ("listed_pairs", _LISTED, {}),
        ("framed_pairs", _FRAMED, bits),
    ):
        connection.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS {query}", parameters)
    names = {"name_a": origins.names[a], "name_b": origins.names[b]}
    rows: pa.Table = connection.sql(_ROWS, params={**bits, **names}).to_arrow_table()
    return rows.select(REUSES.names).cast(REUSES)


def _copies(matches: Matches) -> pa.Table:
    """The copies among the matches, with their signals and distances."""
    schema = pa.schema([MATCHES.field(name) for name in _COPY_COLUMNS])
    copies = [
        batch.filter(pc.equal(batch["relation"], str(Relation.COPY))).select(_COPY_COLUMNS)
        for batch in matches.batches()
    ]
    return pa.Table.from_batches(copies, schema)
