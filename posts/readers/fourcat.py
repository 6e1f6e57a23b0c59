"""4CAT's tables of posts of X, and of platforms that it gives the same columns."""

import re

from frametrace.posts.model import Post
from frametrace.posts.readers.contract import Reader
from frametrace.posts.readers.sites import platform_of
from frametrace.posts.rows import Row, Shape

__all__ = ["READER"]

_COUNTS = {
    "like_count": "likes",
    "reply_count": "replies",
    "retweet_count": "reposts",
    "quote_count": "quotes",
    "impression_count": "views",
}

# Lists are joined by commas, which links may hold too.
_BETWEEN_LINKS = re.compile(r",(?=[a-z]+://)")


def _parse(row: Row) -> Post:
    link = row.take("link")
    posted_at, precision = row.unix("unix_timestamp")
    if posted_at is None:
        posted_at, precision = row.time("timestamp")
    return Post(
        platform=platform_of(link) if link else "twitter",
        post_id=row.key("id"),
        account_id=row.key("author_id"),
        account_name=row.take("author"),
        posted_at=posted_at,
        precision=precision,
        text=row.take("body"),
        media=_links(row.take("images")),
        links=_links(row.take("urls")),
        hashtags=tuple(tag for part in row.take("hashtags").split(",") if (tag := part.strip())),
        repost_of=_repeated(row),
        engagement=row.counts(_COUNTS),
        extra=({"link": link} if link else {}) | row.rest(),
        source=row.source,
        line=row.line,
    )


def _repeated(row: Row) -> str:
    """Whose post a native repost repeats: which one, these tables do not tell."""
    whose = row.take("retweeted_user").strip()
    is_repost = row.values.get("is_retweet", "").strip().lower() in {"yes", "true", "1"}
    return f"@{whose}" if is_repost else ""


def _links(text: str) -> tuple[str, ...]:
    return tuple(link for part in _BETWEEN_LINKS.split(text) if (link := part.strip(" ,")))


READER = Reader(
    name="4cat",
    title="4CAT posts of X; pictures in 4CAT's zip archives",
    example="twitter-import-1566223402.csv",
    platform="twitter",
    time="second",
    shape=Shape.TABLE,
    required=(
        ("id",),
        ("author_id",),
        ("body",),
        ("unix_timestamp", "timestamp"),
        ("images", "retweet_count"),
    ),
    parse=_parse,
)
