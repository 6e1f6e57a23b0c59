"""X's API, version 1.1: one post a record, as twarc 1, tweepy and DocNow's Hydrator keep them.

Sources: docs of the X API v1.1 (Tweet object, streaming messages); DocNow/twarc, twarc/json2csv.py.
"""

from collections.abc import Iterable
from dataclasses import replace

from frametrace.posts.model import Post
from frametrace.posts.readers import x_legacy
from frametrace.posts.readers.shared.reader_contract import Reader
from frametrace.posts.rows import Row, Shape

__all__ = ["READER"]

_ORIGINAL = "retweeted_status."
_OTHERS = (_ORIGINAL, "quoted_status.")  # what others wrote

# What streams say between posts: that one was deleted, that some were left out.
_NOTICES = (
    *("delete.", "disconnect.", "limit.", "scrub_geo."),
    *("status_withheld.", "user_withheld.", "warning."),
)


def _posts_of(row: Row) -> Iterable[Row]:
    is_notice = all(name.startswith(_NOTICES) for name in row.values)
    return () if row.values and is_notice else (row,)


def _parse(row: Row) -> Post:
    post_id = row.key("id_str")
    row.take("id")  # which many a program has rounded
    repost_of = row.reference(f"{_ORIGINAL}id_str")
    posted_at, precision = row.time("created_at")
    post = _shown(row)
    return Post(
        platform="twitter",
        post_id=post_id,
        account_id=row.key("user.id_str"),
        account_name=row.take("user.screen_name"),
        posted_at=posted_at,
        precision=precision,
        text=post.text,
        media=post.pictures,
        links=post.links,
        hashtags=post.hashtags,
        repost_of=repost_of,
        engagement=row.counts(x_legacy.COUNTS),
        extra=_extra(row),
        source=row.source,
        line=row.line,
    )


def _shown(row: Row) -> x_legacy.Shown:
    """What the post shows; a native repost cuts its own text, so it shows what it repeats."""
    own, original = x_legacy.shown(row), x_legacy.shown(row, _ORIGINAL)
    if not original.text:
        return own
    return replace(original, media=original.media or own.media)


def _extra(row: Row) -> dict[str, str]:
    return {name: text for name, text in row.rest().items() if not name.startswith(_OTHERS)}


READER = Reader(
    name="x-api-v1",
    title="X API v1.1 posts, as twarc 1, tweepy or Hydrator keep them",
    example="tweets.jsonl",
    platform="twitter",
    time="second",
    shape=Shape.RECORDS,
    required=(
        ("id_str",),
        ("user.id_str",),
        ("created_at",),
        ("full_text", "text", "extended_tweet.full_text"),
    ),
    parse=_parse,
    parts=_posts_of,
)
