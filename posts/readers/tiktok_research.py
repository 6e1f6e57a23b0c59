"""Reads videos from TikTok's Research API: its responses, JSON lines, or tables.

Fields: developers.tiktok.com, "Query Videos" and "Codebook"; tables may have the names that
traktok gives them (JBGruber/traktok, R/parse_research.r).
"""

from frametrace.posts.model import Post
from frametrace.posts.readers.shared.account_keys import account_by_handle
from frametrace.posts.readers.shared.reader_contract import Reader
from frametrace.posts.rows import Row, Shape
from frametrace.posts.values import first_texts, parse_list, parse_objects

__all__ = ["READERS"]

_REQUIRED = (
    ("id", "video_id"),
    ("username", "author_name"),
    ("create_time",),
    ("video_description",),
    ("region_code", "hashtag_names", "music_id", "voice_to_text", "view_count", "like_count"),
)

_COUNTS = {
    "like_count": "likes",
    "comment_count": "comments",
    "share_count": "shares",
    "view_count": "views",
    "favorites_count": "bookmarks",
}


def _parse(row: Row) -> Post:
    """Make a Post of a row; the API gives the account's handle only, and no files."""
    posted_at, precision = row.time("create_time")
    name = row.key("username", "author_name")
    tags = parse_list(row.take("hashtag_names")) or first_texts(
        parse_objects(row.take("hashtag_info_list")), "hashtag_name"
    )
    return Post(
        platform="tiktok",
        post_id=row.key("id", "video_id"),
        account_id=account_by_handle(name, "", "username")[0],
        account_name=name,
        posted_at=posted_at,
        precision=precision,
        text=row.take("video_description"),
        hashtags=tags,
        engagement=row.counts(_COUNTS),
        extra=row.rest(),
        source=row.source,
        line=row.line,
    )


READERS = (
    Reader(
        name="tiktok-research-csv",
        title="TikTok Research API videos",
        example="tiktok_videos.csv",
        platform="tiktok",
        time="second",
        shape=Shape.TABLE,
        required=_REQUIRED,
        parse=_parse,
    ),
    Reader(
        name="tiktok-research-jsonl",
        title="TikTok Research API videos, as API responses or one per line",
        example="tiktok_videos.json",
        platform="tiktok",
        time="second",
        shape=Shape.RECORDS,
        required=_REQUIRED,
        parse=_parse,
    ),
)
