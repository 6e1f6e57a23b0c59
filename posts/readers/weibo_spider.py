"""Reads Weibo posts as weiboSpider writes them: JSON, or a table with Chinese names.

Fields: dataabc/weiboSpider, weibo_spider/{weibo,parser/page_parser,writer/csv_writer}.py.
"""

from frametrace.posts.model import Post
from frametrace.posts.readers.shared.post_keys import weibo_number
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
_BLANK = "无"

# A share holds its comment, the original's author and the original's text in one column.
_COMMENT, _AUTHOR, _TEXT = "转发理由:", "\n原始用户: ", "\n转发内容: "

_COUNTS = {"up_num": "likes", "comment_num": "comments", "retweet_num": "reposts"}


def _parse_table(row: Row) -> Post:
    row.values = {_NAMES.get(name, name): value for name, value in row.values.items()}
    return _parse(row)


def _parse(row: Row) -> Post:
    """Make a Post; a share without comment is a repost, one with a comment is its own post."""
    short_name = row.key("id")
    is_share = row.values.get("original", "").strip().lower() == "false"
    content = row.take("content")
    comment, author, text = _split_share(content) if is_share else (content, "", "")
    is_repost = bool(author) and is_bare_repost(comment)
    file_date = row.values.get("publish_time", "")[:11].replace("-", "")
    posted_at, precision = row.time("publish_time", china_time)
    pictures = row.values.get("retweet_pictures" if is_repost else "original_pictures", "")
    article = row.take("article_url").strip()
    original = {"retweet_user": author, "retweet_content": "" if is_repost else text}
    links, videos = joined_links(pictures), joined_links(row.values.get("video_url", ""))[:1]
    name = f"{file_date}_{short_name}"
    files = *picture_files(f"img/{name}", links), *video_files(f"video/{name}", videos)
    return Post(
        platform="weibo",
        post_id=weibo_number(short_name),
        account_id=row.take("user_id").strip() or account_in_file_name(row),
        posted_at=posted_at,
        precision=precision,
        text=text if is_repost else comment,
        media=files if file_date else (*links, *videos),
        links=(article,) if article else (),
        repost_of=f"@{author}" if is_repost else "",  # its id is not given
        engagement=row.counts(_COUNTS),
        extra={"bid": short_name, **{k: v for k, v in original.items() if v}, **row.rest(_BLANK)},
        source=row.source,
        line=row.line,
    )


def _split_share(content: str) -> tuple[str, str, str]:
    """The comment of a share, the author of the original, and the original's text."""
    before, _, text = content.partition(_TEXT)
    comment, _, author = before.partition(_AUTHOR)
    return comment.strip().removeprefix(_COMMENT).strip(), author.strip(), text.strip()


READERS = (
    Reader(
        name="weibo-spider-csv",
        title="A Weibo account's posts from weiboSpider; the file's name is the account",
        example="weibo/林/1669800001.csv",
        platform="weibo",
        time="minute",
        shape=Shape.TABLE,
        required=(("微博id",), ("微博正文",), ("发布时间",)),
        parse=_parse_table,
    ),
    Reader(
        name="weibo-spider-json",
        title="A Weibo account's posts from weiboSpider; the file's name is the account",
        example="weibo/林/1669800001.json",
        platform="weibo",
        time="minute",
        shape=Shape.RECORDS,
        required=(("id",), ("content",), ("publish_time",), ("up_num", "retweet_num")),
        parse=_parse,
    ),
)
