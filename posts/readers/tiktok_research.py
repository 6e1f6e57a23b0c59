"""A video as TikTok's Research API tells of it, which tables and JSON records share.

Fields: developers.tiktok.com, "Query Videos" and "Codebook"; in tables also the names that traktok
gives them (JBGruber/traktok, R/parse_research.r).
"""

from frametrace.posts.model import Post
from frametrace.posts.readers.account_keys import account_of
from frametrace.posts.rows import Row
from frametrace.posts.values import first_texts, parse_list, parse_objects

__all__ = ["REQUIRED", "parse"]

REQUIRED = (
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


def parse(row: Row) -> Post:
    """Make a Post of a row; the API names accounts by their handles only, and no pictures."""
    posted_at, precision = row.time("create_time")
    name = row.key("username", "author_name")
    tags = parse_list(row.take("hashtag_names")) or first_texts(
        parse_objects(row.take("hashtag_info_list")), "hashtag_name"
    )
    return Post(
        platform="tiktok",
        post_id=row.key("id", "video_id"),
        account_id=account_of(name, "", "username")[0],
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
