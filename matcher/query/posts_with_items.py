"""The answer to a query: matching items with their evidence, and the posts that carry them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from frametrace.case.row_lookup import rows_with
from frametrace.case.store import Case
from frametrace.matcher.account_names import handles_of
from frametrace.matcher.result_schemas import EVIDENCE, POST_FIELDS, SPANS, Relation

__all__ = ["ANSWER", "MatchingItem", "QueryAnswer", "answer_with_posts"]

# One row per post (and picture of it), nearest first; columns as in the matches table. A is the
# query picture or video. `mirrored` and `rotation` are given for `pdq` as well. `spans` are given
# if either is a video: then the evidence is that of the two frames that agree best.
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
        ("spans", SPANS),
    ]
)

_LINK_COLUMNS = ("sha256", "platform", "post_id", "path")
_POST_COLUMNS = (*(field.name for field in POST_FIELDS), "text")
_RANKS = {  # the order of the relations in an answer
    str(relation): rank
    for rank, relation in enumerate(
        (
            *(Relation.COPY, Relation.CONTAINS, Relation.SIMILAR),
            *(Relation.SAME_SCENE, Relation.SHARES_ELEMENT),
        )
    )
}


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
    spans: list[dict[str, object]] | None = None


class _Row(NamedTuple):
    """A row of an answer: the item, the number of the post that carries it, and the link's path."""

    item: MatchingItem
    post: int
    path: str | None


def answer_with_posts(
    case: Case, items: Sequence[MatchingItem], carriers: str, limit: int, notes: Sequence[str]
) -> QueryAnswer:
    """The posts that carry the items, each item with its best evidence.

    `carriers` is the kind of the items: "picture" or "caption or picture". `limit` 0 gives all
    rows.
    """
    best = {item.sha256: item for item in sorted(items, key=_evidence_order)}
    digests = pa.array(sorted(best), pa.string())
    links = rows_with(case, "post_media", "sha256", digests, _LINK_COLUMNS)
    ids = pa.array(sorted(set(links["post_id"].to_pylist())), pa.string())
    posts = rows_with(case, "posts", "post_id", ids, _POST_COLUMNS)
    rows = _rows_by_pictures(best, links, posts)
    if carriers != "picture":
        by_caption = rows_with(case, "posts", "caption_sha256", digests, _POST_COLUMNS)
        captions = enumerate(by_caption["caption_sha256"].to_pylist(), len(posts))
        rows += [_Row(best[caption], at, None) for at, caption in captions]
        posts = pa.concat_tables([posts, by_caption.select(posts.column_names)])
    ordered = _ordered(rows, posts)
    shown = ordered[:limit] if limit else ordered
    return QueryAnswer(_with_handles(case, _table_of(shown, posts)), len(rows), tuple(notes))


def _evidence_order(item: MatchingItem) -> tuple[int, float, str]:
    """The sort key of evidence, the best last."""
    rank = _RANKS.get(item.relation, len(_RANKS))
    return -rank, float(np.float32(item.similarity)), item.signal


def _rows_by_pictures(
    best: Mapping[str, MatchingItem], links: pa.Table, posts: pa.Table
) -> list[_Row]:
    keys = zip(posts["platform"].to_pylist(), posts["post_id"].to_pylist(), strict=True)
    post_at = {key: at for at, key in enumerate(keys)}
    columns = (links[name].to_pylist() for name in _LINK_COLUMNS)
    return [
        _Row(best[sha256], post_at[platform, post_id], path)
        for sha256, platform, post_id, path in zip(*columns, strict=True)
        if (platform, post_id) in post_at
    ]


def _ordered(rows: Sequence[_Row], posts: pa.Table) -> list[_Row]:
    """Nearest first, then the earliest posts; those without a time come last."""
    times = posts["posted_at"].cast(pa.int64()).to_pylist()
    platforms, ids = posts["platform"].to_pylist(), posts["post_id"].to_pylist()

    def key(row: _Row) -> tuple[object, ...]:
        rank, similarity, _ = _evidence_order(row.item)
        time = times[row.post]
        return (
            *(-rank, -similarity, row.item.signal != "sha256"),
            *(time is None, time or 0, platforms[row.post], ids[row.post]),
            *(row.path is None, row.path or ""),
        )

    return sorted(rows, key=key)


def _table_of(rows: Sequence[_Row], posts: pa.Table) -> pa.Table:
    posts = posts.take(pa.array([row.post for row in rows], pa.int64()))
    columns: dict[str, pa.ChunkedArray | list[object]] = {
        name: posts[name].cast(ANSWER.field(name).type)
        for name in posts.column_names
        if name in ANSWER.names
    }
    for name in MatchingItem.__slots__:
        columns[name] = [getattr(row.item, name) for row in rows]
    columns["media_path"] = [row.path for row in rows]
    return pa.table({name: columns[name] for name in ANSWER.names}, ANSWER)


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
