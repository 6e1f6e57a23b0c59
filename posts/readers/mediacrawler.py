"""A post as MediaCrawler stores it, of Douyin, TikTok, Weibo or Xiaohongshu, in tables and JSON.

Fields: NanmiCoder/MediaCrawler, store/{douyin,tiktok,weibo,xhs}/__init__.py.
"""

from frametrace.posts.model import Post
from frametrace.posts.readers.account_keys import account_of
from frametrace.posts.readers.sites import platform_or
from frametrace.posts.rows import Row
from frametrace.posts.values import joined_links, with_title

__all__ = ["REQUIRED", "parse"]

# Comments have no `liked_count`, and creators no post's id.
REQUIRED = (
    ("aweme_id", "note_id"),
    ("user_id",),
    ("nickname",),
    ("last_modify_ts",),
    ("liked_count",),
)

_COUNTS = {
    "liked_count": "likes",
    "collected_count": "bookmarks",
    "comment_count": "comments",
    "comments_count": "comments",
    "share_count": "shares",
    "shared_count": "shares",
}


def parse(row: Row) -> Post:
    """Make a Post of a row; which platform it is of is told by the names that it has."""
    posted_at, precision = row.time("time" if "time" in row.values else "create_time")
    platform = _platform(row)
    account_id, kept = _account(row, platform)
    return Post(
        platform=platform,
        post_id=row.key("aweme_id", "note_id"),
        account_id=account_id,
        account_name=row.take("nickname"),
        posted_at=posted_at,
        precision=precision,
        text=with_title(row.take("title"), row.take("desc", "content")),
        media=_pictures(row),
        hashtags=tuple(tag for part in row.take("tag_list").split(",") if (tag := part.strip())),
        engagement=row.counts(_COUNTS),
        extra=kept | row.rest(),
        source=row.source,
        line=row.line,
    )


def _platform(row: Row) -> str:
    if row.values.get("aweme_id"):
        return platform_or(row.values.get("aweme_url", ""), "douyin")
    return "weibo" if "content" in row.values else "xiaohongshu"


def _account(row: Row, platform: str) -> tuple[str, dict[str, str]]:
    """TikTok's are named by their handles, those of other platforms by their numbers."""
    if platform == "tiktok":
        return account_of(row.take("user_unique_id"), row.take("user_id"), "user_unique_id")
    return row.key("user_id"), {}


def _pictures(row: Row) -> tuple[str, ...]:
    """The pictures of an album, or a video's cover; of Weibo it stores none."""
    cover = row.take("cover_url").strip()
    found = joined_links(row.take("note_download_url", "image_list"))
    return found or ((cover,) if cover else ())
