"""A post as MediaCrawler stores it, of Douyin, TikTok, Weibo or Xiaohongshu, in tables and JSON.

Fields: NanmiCoder/MediaCrawler, store/{douyin,tiktok,weibo,xhs}/__init__.py.
"""

from frametrace.posts.model import Post
from frametrace.posts.readers.joined import joined_links
from frametrace.posts.readers.sites import platform_or
from frametrace.posts.rows import Row

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
    return Post(
        platform=_platform(row),
        post_id=row.key("aweme_id", "note_id"),
        account_id=row.key("user_id"),
        account_name=row.take("nickname"),
        posted_at=posted_at,
        precision=precision,
        text=_text(row),
        media=_pictures(row),
        hashtags=tuple(tag for part in row.take("tag_list").split(",") if (tag := part.strip())),
        engagement=row.counts(_COUNTS),
        extra=row.rest(),
        source=row.source,
        line=row.line,
    )


def _platform(row: Row) -> str:
    if row.values.get("aweme_id"):
        return platform_or(row.values.get("aweme_url", ""), "douyin")
    return "weibo" if "content" in row.values else "xiaohongshu"


def _text(row: Row) -> str:
    """Title and words; where a post has no title, its first words stand there again."""
    title, words = row.take("title").strip(), row.take("desc", "content")
    return words if words.startswith(title) else f"{title}\n{words}".strip()


def _pictures(row: Row) -> tuple[str, ...]:
    """The pictures of an album, or a video's cover; of Weibo it stores none."""
    cover = row.take("cover_url").strip()
    found = joined_links(row.take("note_download_url", "image_list"))
    return found or ((cover,) if cover else ())
