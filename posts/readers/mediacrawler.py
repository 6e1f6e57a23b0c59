"""Reads Douyin, TikTok, Weibo and Xiaohongshu posts from MediaCrawler's tables and JSON.

Fields: NanmiCoder/MediaCrawler, store/{douyin,tiktok,weibo,xhs}/__init__.py.
"""

from frametrace.posts.model import Post
from frametrace.posts.readers.shared.account_keys import account_by_handle
from frametrace.posts.readers.shared.platforms import platform_or
from frametrace.posts.readers.shared.reader_contract import Reader
from frametrace.posts.readers.shared.shown_files import Shown, videos_with_covers
from frametrace.posts.rows import Row, Shape
from frametrace.posts.values import distinct, joined_links, with_title

__all__ = ["READERS"]

# Tables of comments have no `liked_count`, those of creators no post's id.
_REQUIRED = (
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


def _parse(row: Row) -> Post:
    posted_at, precision = row.time("time" if "time" in row.values else "create_time")
    platform = _platform(row)
    account_id, account_extra = _account(row, platform)
    files = _files(row)
    return Post(
        platform=platform,
        post_id=row.key("aweme_id", "note_id"),
        account_id=account_id,
        account_name=row.take("nickname"),
        posted_at=posted_at,
        precision=precision,
        text=with_title(row.take("title"), row.take("desc", "content")),
        media=files.media,
        stills=files.stills,
        hashtags=tuple(tag for part in row.take("tag_list").split(",") if (tag := part.strip())),
        engagement=row.counts(_COUNTS),
        extra=account_extra | row.rest(),
        source=row.source,
        line=row.line,
    )


def _platform(row: Row) -> str:
    """The platform, which only the names of the columns show."""
    if row.values.get("aweme_id"):
        return platform_or(row.values.get("aweme_url", ""), "douyin")
    return "weibo" if "content" in row.values else "xiaohongshu"


def _account(row: Row, platform: str) -> tuple[str, dict[str, str]]:
    """Key an account of TikTok by its handle, those of other platforms by their numbers."""
    if platform == "tiktok":
        return account_by_handle(row.take("user_unique_id"), row.take("user_id"), "user_unique_id")
    return row.key("user_id"), {}


def _files(row: Row) -> Shown:
    """The pictures of an album, or a video and its cover; for Weibo it stores none."""
    cover = row.take("cover_url").strip()
    if album := joined_links(row.take("note_download_url")):
        return Shown(album)  # what it calls the video is then the sound
    pictures = joined_links(row.take("image_list")) or distinct((cover,))
    videos = joined_links(row.take("video_download_url", "video_url"))
    return videos_with_covers(pictures, videos[:1])  # others are versions of it


READERS = (
    Reader(
        name="mediacrawler-csv",
        title="Douyin, TikTok, Weibo and Xiaohongshu posts from MediaCrawler",
        example="search_contents_2019-08-20.csv",
        platform="douyin, tiktok, weibo, xiaohongshu",
        time="second",
        shape=Shape.TABLE,
        required=_REQUIRED,
        parse=_parse,
    ),
    Reader(
        name="mediacrawler-jsonl",
        title="Douyin, TikTok, Weibo and Xiaohongshu posts from MediaCrawler",
        example="search_contents_2019-08-20.jsonl",
        platform="douyin, tiktok, weibo, xiaohongshu",
        time="second",
        shape=Shape.RECORDS,
        required=_REQUIRED,
        parse=_parse,
    ),
)
