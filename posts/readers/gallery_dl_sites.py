"""Reads gallery-dl's documents of Facebook, Pixiv, Reddit, Tumblr and Weibo."""

from frametrace.posts.model import Post
from frametrace.posts.readers.reddit import account_of, text_of
from frametrace.posts.readers.shared.html_text import plain_text
from frametrace.posts.readers.shared.post_keys import canonical_id
from frametrace.posts.readers.shared.weibo_values import is_bare_repost
from frametrace.posts.rows import Row
from frametrace.posts.values import parse_list, with_title

__all__ = ["facebook", "pixiv", "reddit", "tumblr", "weibo"]

_REDDIT_COUNTS = {"ups": "likes", "num_comments": "comments", "num_crossposts": "reposts"}
_PIXIV_COUNTS = {
    "total_view": "views",
    "total_bookmarks": "bookmarks",
    "total_comments": "comments",
}
_WEIBO_COUNTS = {
    "status.attitudes_count": "likes",
    "status.comments_count": "comments",
    "status.reposts_count": "reposts",
}


def facebook(row: Row, media: tuple[str, ...]) -> Post:
    """Make a Post of a photo, which has a page and an id of its own."""
    posted_at, precision = row.time("date")
    return Post(
        platform="facebook",
        post_id=row.key("id"),
        account_id=row.key("user_id" if row.values.get("user_id") else "user_pfbid"),
        account_name=row.take("username"),
        posted_at=posted_at,
        precision=precision,
        text=row.take("caption"),
        media=media,
        extra=row.rest(),
        source=row.source,
        line=row.line,
    )


def pixiv(row: Row, media: tuple[str, ...]) -> Post:
    """Make a Post of a work, whose caption is HTML."""
    posted_at, precision = row.time("create_date" if "create_date" in row.values else "date")
    tags = row.values.get("tags", "")
    return Post(
        platform="pixiv",
        post_id=row.key("id"),
        account_id=row.key("user.id"),
        account_name=row.take("user.account"),
        posted_at=posted_at,
        precision=precision,
        text=with_title(row.take("title"), plain_text(row.take("caption"))),
        media=media,
        hashtags=() if "{" in tags else parse_list(row.take("tags")),
        engagement=row.counts(_PIXIV_COUNTS),
        extra=row.rest(),
        source=row.source,
        line=row.line,
    )


def reddit(row: Row, media: tuple[str, ...]) -> Post:
    """Make a Post of a submission, or of the comment that has the picture."""
    at = "comment." if row.values.get("comment.id") else ""
    post_id = canonical_id("reddit", row.key(f"{at}id"))
    name = row.take(f"{at}author").strip()
    posted_at, precision = row.unix(f"{at}created_utc")
    texts = ("", row.take("comment.body")) if at else (row.take("title"), row.take("selftext"))
    return Post(
        platform="reddit",
        post_id=post_id,
        account_id=account_of(name, post_id),
        account_name=name,
        posted_at=posted_at,
        precision=precision,
        text=text_of(*texts),
        media=media,
        engagement=row.counts({f"{at}{column}": name for column, name in _REDDIT_COUNTS.items()}),
        extra=row.rest(),
        source=row.source,
        line=row.line,
    )


def tumblr(row: Row, media: tuple[str, ...]) -> Post:
    """Make a Post; a reblog without comment repeats the post at its root."""
    posted_at, precision = row.unix("timestamp")
    body = plain_text(row.take("caption", "body"))
    added = plain_text(row.take("reblog.comment"))
    root = row.values.get("reblogged_root_id", "").strip()
    root = root or row.values.get("reblogged_from_id", "").strip()
    uuid = row.values.get("blog.uuid", "").strip()
    name = row.key("blog_name", "blog.name")
    return Post(
        platform="tumblr",
        post_id=row.key("id_string", "id"),
        account_id=uuid if uuid.startswith("t:") else name,
        account_name=name,
        posted_at=posted_at,
        precision=precision,
        text=body or added or row.take("summary"),
        media=media,
        hashtags=parse_list(row.take("tags")),
        repost_of="" if added else root,
        engagement=row.counts({"note_count": "notes"}),
        extra=row.rest(),
        source=row.source,
        line=row.line,
    )


def weibo(row: Row, media: tuple[str, ...]) -> Post:
    """Make a Post; a share without comment is a repost, one with a comment is its own post."""
    posted_at, precision = row.time("status.date")
    if posted_at is None:
        posted_at, precision = row.time("status.created_at")
    text = row.take("status.text_raw") or plain_text(row.take("status.text"))
    original = row.reference("status.retweeted_status.id")
    is_repost = bool(original) and is_bare_repost(text)
    if is_repost:
        original_html = row.values.get("status.retweeted_status.text", "")
        text = row.values.get("status.retweeted_status.text_raw") or plain_text(original_html)
    return Post(
        platform="weibo",
        post_id=row.key("status.idstr", "status.id"),
        account_id=row.key("status.user.idstr", "status.user.id"),
        account_name=row.take("status.user.screen_name"),
        posted_at=posted_at,
        precision=precision,
        text=text,
        media=media,
        repost_of=original if is_repost else "",
        engagement=row.counts(_WEIBO_COUNTS),
        extra=row.rest(),
        source=row.source,
        line=row.line,
    )
