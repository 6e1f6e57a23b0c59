"""The answer to a query: matching items with their evidence, and the posts that carry them."""

from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa

from frametrace.case.store import Case
from frametrace.matcher.account_names import connect
from frametrace.matcher.result_schemas import EVIDENCE, POST_FIELDS

__all__ = ["ANSWER", "MatchingItem", "QueryAnswer", "answer_with_posts"]

# One row per post (and picture of it), nearest first; columns as in the matches table. A is the
# query picture. `mirrored` and `rotation` are given for `pdq` as well.
ANSWER = pa.schema(
    [
        pa.field("signal", pa.string(), nullable=False),
        pa.field("relation", pa.string(), nullable=False),
        ("distance", pa.int32()),
        ("similarity", pa.float32()),
        *EVIDENCE,
        *POST_FIELDS,
        ("text", pa.string()),
        pa.field("sha256", pa.string(), nullable=False),
        ("media_path", pa.string()),
    ]
)

_CARRIERS = {
    "picture": "SELECT sha256, platform, post_id, path FROM post_media",
    "caption or picture": "SELECT caption_sha256 AS sha256, platform, post_id, NULL AS path "
    "FROM posts UNION ALL SELECT sha256, platform, post_id, path FROM post_media",
}

_CARRYING_POSTS = """
WITH ranked AS (
    SELECT *, list_position(
        ['copy', 'contains', 'similar', 'same_scene', 'shares_element'], relation) AS rank
    FROM items
)
SELECT i.* EXCLUDE (rank, sha256), p.platform, p.post_id, p.account_id, p.account_kind,
    p.account_name, p.posted_at, p.text, i.sha256, c.path AS media_path
FROM (
    SELECT * FROM ranked QUALIFY row_number()
    OVER (PARTITION BY sha256 ORDER BY rank, similarity DESC, signal DESC) = 1
) i JOIN carriers c USING (sha256) JOIN posts p USING (platform, post_id)
ORDER BY i.rank, i.similarity DESC, i.signal <> 'sha256',
    p.posted_at NULLS LAST, p.platform, p.post_id, c.path
"""


@dataclass(frozen=True, slots=True)
class QueryAnswer:
    """Rows in the schema `ANSWER`, their number before the limit, and notes for the user."""

    rows: pa.Table
    total: int
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class MatchingItem:
    """A picture or caption of the case that matches the query, with the evidence."""

    sha256: str
    signal: str
    relation: str
    distance: int | None
    similarity: float
    inliers: int | None = None
    mirrored: bool | None = None
    scale: float | None = None
    rotation: float | None = None
    shift_x: float | None = None
    shift_y: float | None = None
    part_a: float | None = None
    part_b: float | None = None
    altered: list[dict[str, float]] | None = None
    altered_part: float | None = None


def answer_with_posts(
    case: Case, items: Sequence[MatchingItem], carriers: str, limit: int, notes: Sequence[str]
) -> QueryAnswer:
    """The posts that carry the items, each item with its best evidence.

    `carriers` is the kind of the items: "picture" or "caption or picture". `limit` 0 gives all
    rows.
    """
    columns = {name: [getattr(item, name) for item in items] for name in MatchingItem.__slots__}
    schema = pa.schema([ANSWER.field(name) for name in MatchingItem.__slots__])
    with connect(case, "posts", "post_media") as connection:
        connection.register("items", pa.Table.from_pydict(columns, schema))
        connection.execute(f"CREATE TEMP VIEW carriers AS {_CARRIERS[carriers]}")
        rows = connection.sql(_CARRYING_POSTS).to_arrow_table().cast(ANSWER)
    return QueryAnswer(rows.slice(0, limit) if limit else rows, rows.num_rows, tuple(notes))
