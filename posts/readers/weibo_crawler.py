"""A post as weibo-crawler writes it, in JSON or, under Chinese names, in a table.

Fields: dataabc/weibo-crawler, weibo.py and README.md.
"""

from frametrace.posts.model import Post
from frametrace.posts.readers.shared.weibo_values import (
    account_in_file_name,
    china_time,
    is_bare_repost,
    picture_files,
)
from frametrace.posts.rows import Row
from frametrace.posts.values import joined_links

__all__ = ["parse", "parse_table"]

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
_SOURCE = "源微博"  # before the names of what belongs to the post that was shared

_COUNTS = {"attitudes_count": "likes", "comments_count": "comments", "reposts_count": "reposts"}


def parse_table(row: Row) -> Post:
    """Make a Post of a row of the table, whose file is named by the account."""
    row.values = {_named(name): value for name, value in row.values.items()}
    return parse(row)


def _named(name: str) -> str:
    if name not in _NAMES and name.startswith(_SOURCE):
        inside = name.removeprefix(_SOURCE)
        return f"retweet.{_NAMES.get(inside, inside)}"
    return _NAMES.get(name, name)


def parse(row: Row) -> Post:
    """Make a Post; one shared without a word is the other's, one with words is its own."""
    post_id = row.key("id")
    original = row.reference("retweet.id")
    bare = bool(original) and is_bare_repost(row.values.get("text", ""))
    stamp = row.values.get("created_at", "")
    when = "created_at" if "T" in stamp or not row.values.get("full_created_at") else ""
    posted_at, precision = row.time(when or "full_created_at", china_time)
    prefix = "retweet." if bare else ""
    article = row.take(f"{prefix}article_url").strip()
    return Post(
        platform="weibo",
        post_id=post_id,
        account_id=row.take("user_id").strip() or account_in_file_name(row),
        account_name=row.take("screen_name"),
        posted_at=posted_at,
        precision=precision,
        text=row.take(f"{prefix}text"),
        media=_pictures(row, original if bare else post_id, prefix, stamp),
        links=(article,) if article else (),
        hashtags=tuple(t for part in row.take(f"{prefix}topics").split(",") if (t := part.strip())),
        repost_of=original if bare else "",
        engagement=row.counts(_COUNTS),
        extra=row.rest(),
        source=row.source,
        line=row.line,
    )


def _pictures(row: Row, post_id: str, prefix: str, stamp: str) -> tuple[str, ...]:
    """Where its pictures lie beside the file, were they downloaded; their links stay as they are.

    They are named by the first eleven signs of the time, whatever these are.
    """
    links = joined_links(row.values.get(f"{prefix}pics", ""))
    stamp = row.values.get("retweet.created_at", "") if prefix else stamp
    folder = "转发微博图片" if prefix else "原创微博图片"
    if not stamp:
        return links
    return picture_files(f"img/{folder}/{stamp[:11].replace('-', '')}_{post_id}", links)
