"""Reads TikTok videos from pyktok's tables. Fields: dfreelon/pyktok, src/pyktok/pyktok.py."""

from frametrace.posts.model import Post
from frametrace.posts.readers.shared.account_keys import account_by_handle
from frametrace.posts.readers.shared.reader_contract import Reader
from frametrace.posts.rows import Row, Shape

__all__ = ["READER"]

_COUNTS = {
    "video_diggcount": "likes",
    "video_commentcount": "comments",
    "video_sharecount": "shares",
    "video_playcount": "views",
}


def _parse(row: Row) -> Post:
    posted_at, precision = row.local_time("video_timestamp")
    name = row.key("author_username")
    return Post(
        platform="tiktok",
        post_id=row.key("video_id"),
        account_id=account_by_handle(name, "", "author_username")[0],
        account_name=name,
        posted_at=posted_at,
        precision=precision,
        text=row.take("video_description", "video_title"),
        engagement=row.counts(_COUNTS),
        extra=row.rest(),
        source=row.source,
        line=row.line,
    )


READER = Reader(
    name="pyktok",
    title="TikTok videos from pyktok",
    example="pyktok_metadata.csv",
    platform="tiktok",
    time="day: the collector's local time, without a zone",
    shape=Shape.TABLE,
    required=(
        ("video_id",),
        ("video_timestamp",),
        ("author_username",),
        ("video_description", "video_title"),
    ),
    parse=_parse,
)
