"""Reads Weibo posts as weibo-crawler writes them: JSON, or a table with Chinese names.

Fields: dataabc/weibo-crawler, weibo.py and README.md.
"""

from frametrace.posts.model import Post
from frametrace.posts.readers.shared.reader_contract import Reader
from frametrace.posts.readers.shared.weibo_values import (
    account_in_file_name,
    china_time,
    is_bare_repost,
    picture_files,
    video_files,
)
from frametrace.posts.rows import Row, Shape
from frametrace.posts.values import joined_links

__all__ = ["READERS"]

_NAMES = {
    "正文": "text",
    "头条文章url": "article_url",
    "原始图片url": "pics",
    "视频url": "video_url",
    "位置": "location",
    "日期": "created_at",
    "工具": "source",
    "点赞数": "attitudes_count",
    "评论数": "comments_count",
    "转发数": "reposts_count",
    "话题": "topics",
    "@用户": "at_users",
    "完整日期": "full_created_at",
    "是否原创": "is_original",
    "源用户id": "retweet.user_id",
    "源用户昵称": "retweet.screen_name",
}
_ORIGINAL = "源微博"  # begins the names of columns about the post that was shared

_COUNTS = {"attitudes_count": "likes", "comments_count": "comments", "reposts_count": "reposts"}


def _parse_table(row: Row) -> Post:
    row.values = {_json_name(name): value for name, value in row.values.items()}
    return _parse(row)


def _json_name(name: str) -> str:
    if name not in _NAMES and name.startswith(_ORIGINAL):
        inside = name.removeprefix(_ORIGINAL)
        return f"retweet.{_NAMES.get(inside, inside)}"
    return _NAMES.get(name, name)


def _parse(row: Row) -> Post:
    """Make a Post; a share without comment is a repost, one with a comment is its own post."""
    post_id = row.key("id")
    original = row.reference("retweet.id")
    is_repost = bool(original) and is_bare_repost(row.values.get("text", ""))
    created_at = row.values.get("created_at", "")
    is_precise = "T" in created_at or not row.values.get("full_created_at")
    posted_at, precision = row.time("created_at" if is_precise else "full_created_at", china_time)
    prefix = "retweet." if is_repost else ""
    article = row.take(f"{prefix}article_url").strip()
    return Post(
        platform="weibo",
        post_id=post_id,
        account_id=row.take("user_id").strip() or account_in_file_name(row),
        account_name=row.take("screen_name"),
        posted_at=posted_at,
        precision=precision,
        text=row.take(f"{prefix}text"),
        media=_files(row, original if is_repost else post_id, prefix, created_at),
        links=(article,) if article else (),
        hashtags=tuple(t for part in row.take(f"{prefix}topics").split(",") if (t := part.strip())),
        repost_of=original if is_repost else "",
        engagement=row.counts(_COUNTS),
        extra=row.rest(),
        source=row.source,
        line=row.line,
    )


def _files(row: Row, post_id: str, prefix: str, created_at: str) -> tuple[str, ...]:
    """The paths of pictures and videos beside the file; their links stay in `extra`.

    The tool names them by the first eleven characters of the time, in any format.
    """
    links = joined_links(row.values.get(f"{prefix}pics", ""))
    created_at = row.values.get("retweet.created_at", "") if prefix else created_at
    videos = tuple(
        link for link in row.values.get(f"{prefix}video_url", "").split(";") if "://" in link
    )
    if not created_at:
        return (*links, *videos)
    kind, name = (
        "转发微博" if prefix else "原创微博",
        f"{created_at[:11].replace('-', '')}_{post_id}",
    )
    return (
        *picture_files(f"img/{kind}图片/{name}", links),
        *video_files(f"video/{kind}视频/{name}", videos),
    )


READERS = (
    Reader(
        name="weibo-crawler-csv",
        title="A Weibo account's posts from weibo-crawler; the file's name is the account",
        example="weibo/林/1669800001.csv",
        platform="weibo",
        time="second; day in older versions",
        shape=Shape.TABLE,
        required=(("id",), ("bid",), ("正文",), ("日期", "完整日期")),
        parse=_parse_table,
        short_rows=True,  # if no post of the file is a share
    ),
    Reader(
        name="weibo-crawler-json",
        title="A Weibo account's posts from weibo-crawler",
        example="weibo/林/1669800001.json",
        platform="weibo",
        time="second; day in older versions",
        shape=Shape.RECORDS,
        required=(("id",), ("bid",), ("user_id",), ("attitudes_count",), ("created_at",)),
        parse=_parse,
    ),
)
