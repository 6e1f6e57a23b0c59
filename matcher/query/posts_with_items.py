"""The answer to a query: matching items with their evidence, and the posts that carry them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING

import pyarrow as pa

from frametrace.case.store import Case
from frametrace.case.views import connect, keep_shards, shards_with
from frametrace.matcher.account_names import handles_of
from frametrace.matcher.result_schemas import EVIDENCE, POST_FIELDS

if TYPE_CHECKING:
    import duckdb

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

_PICTURES = "sha256 IN (SELECT sha256 FROM items)"
_CAPTIONS = "caption_sha256 IN (SELECT sha256 FROM items)"
_OF_CARRIERS = "post_id IN (SELECT post_id FROM carriers)"
_FIND_PICTURES = f"""
CREATE TEMP TABLE carriers AS
SELECT sha256, platform, post_id, path FROM post_media WHERE {_PICTURES}
"""  # noqa: S608
_ADD_CAPTIONS = f"""
INSERT INTO carriers
SELECT caption_sha256, platform, post_id, NULL FROM posts WHERE {_CAPTIONS}
"""  # noqa: S608

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
        _find_carriers(connection, case, captions=carriers != "picture")
        rows = connection.sql(_CARRYING_POSTS).to_arrow_table().cast(ANSWER)
    shown = rows.slice(0, limit) if limit else rows
    return QueryAnswer(_with_handles(case, shown), rows.num_rows, tuple(notes))


def _find_carriers(connection: "duckdb.DuckDBPyConnection", case: Case, *, captions: bool) -> None:
    """Make the table `carriers`: the items, and the posts whose picture or caption they are."""
    items = _count(connection, "items")
    _read_few_shards(connection, case, "post_media", {_PICTURES: items})
    connection.execute(_FIND_PICTURES)
    rows_of = {_OF_CARRIERS: _count(connection, "carriers")}
    if captions:
        rows_of[_CAPTIONS] = items
    _read_few_shards(connection, case, "posts", rows_of)
    if captions:
        connection.execute(_ADD_CAPTIONS)


def _count(connection: "duckdb.DuckDBPyConnection", table: str) -> int:
    (count,) = connection.execute(f"SELECT count(*) FROM {table}").fetchall()[0]  # noqa: S608
    return int(count)


def _read_few_shards(
    connection: "duckdb.DuckDBPyConnection", case: Case, table: str, rows_of: Mapping[str, int]
) -> None:
    """Let a view read only shards with rows that meet a condition, if that spares most of them.

    `rows_of` are the conditions, and about how many rows meet each.
    """
    files = case.files(table)
    if sum(rows_of.values()) < len(files):
        shards = [
            shards_with(connection, case, table, condition)
            for condition, rows in rows_of.items()
            if rows
        ]
        keep_shards(connection, table, sorted(set(chain(*shards))) or [str(files[0])])


def _with_handles(case: Case, rows: pa.Table) -> pa.Table:
    """The rows with accounts named by their handle where some sources give only the number."""
    accounts = rows["account_id"].to_pylist()
    if not any(map(str.isdecimal, accounts)):
        return rows
    handles = handles_of(case)
    names = zip(*(handles[name].to_pylist() for name in ("platform", "number")), strict=True)
    handle = dict(zip(names, handles["handle"].to_pylist(), strict=True))
    keys = zip(rows["platform"].to_pylist(), accounts, strict=True)
    named = pa.array([handle.get(key, key[1]) for key in keys], pa.string())
    at = rows.schema.get_field_index("account_id")
    return rows.set_column(at, rows.schema.field(at), named)
