"""A post as weiboSpider writes it, in JSON or, under Chinese names, in a table.

Fields: dataabc/weiboSpider, weibo_spider/{weibo,parser/page_parser,writer/csv_writer}.py.
"""

from frametrace.posts.model import Post
from frametrace.posts.readers.shared.post_keys import weibo_number
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
    "微博id": "id",
    "微博正文": "content",
    "头条文章url": "article_url",
    "原始图片url": "original_pictures",
    "被转发微博原始图片url": "retweet_pictures",
    "是否为原创微博": "original",
    "微博视频url": "video_url",
    "发布位置": "publish_place",
    "发布时间": "publish_time",
    "发布工具": "publish_tool",
    "点赞数": "up_num",
    "转发数": "retweet_num",
    "评论数": "comment_num",
}
_NONE = "无"
_WORDS, _WHOSE, _WHAT = "转发理由:", "\n原始用户: ", "\n转发内容: "

_COUNTS = {"up_num": "likes", "comment_num": "comments", "retweet_num": "reposts"}


def parse_table(row: Row) -> Post:
    """Make a Post of a row of the table."""
    row.values = {_NAMES.get(name, name): value for name, value in row.values.items()}
    return parse(row)


def parse(row: Row) -> Post:
    """Make a Post; one shared without a word is the other's, one with words is its own."""
    short = row.key("id")
    shared = row.values.get("original", "").strip().lower() == "false"
    words, whose, what = _shared(row.take("content")) if shared else (row.take("content"), "", "")
    bare = bool(whose) and is_bare_repost(words)
    stamp = row.values.get("publish_time", "")[:11].replace("-", "")
    posted_at, precision = row.time("publish_time", china_time)
    pictures = row.values.get("retweet_pictures" if bare else "original_pictures", "")
    article = row.take("article_url").strip()
    told = {"retweet_user": whose, "retweet_content": "" if bare else what}
    links = joined_links(pictures)
    return Post(
        platform="weibo",
        post_id=weibo_number(short),
        account_id=row.take("user_id").strip() or account_in_file_name(row),
        posted_at=posted_at,
        precision=precision,
        text=what if bare else words,
        media=picture_files(f"img/{stamp}_{short}", links) if stamp else links,
        links=(article,) if article else (),
        repost_of=f"@{whose}" if bare else "",  # whose it is; which one, it does not tell
        engagement=row.counts(_COUNTS),
        extra={"bid": short, **{k: v for k, v in told.items() if v}, **row.rest(_NONE)},
        source=row.source,
        line=row.line,
    )


def _shared(content: str) -> tuple[str, str, str]:
    """The words of who shared a post, whose post it is, and what that says."""
    before, _, what = content.partition(_WHAT)
    words, _, whose = before.partition(_WHOSE)
    return words.strip().removeprefix(_WORDS).strip(), whose.strip(), what.strip()
