"""Reads CooRTweet's table of four columns: who shared what, in which post, and when.

Columns: nicolarighetti/CooRTweet (README), and fabiogiglietto/csds-preprocessor, which writes them.
"""

import re

from frametrace.posts.model import Post
from frametrace.posts.readers.shared.reader_contract import Reader
from frametrace.posts.rows import Row, Shape

__all__ = ["READER"]

_LINK = re.compile(r"https?://\S+", re.IGNORECASE)
_HASHTAG = re.compile(r"#\w+")


def _parse(row: Row) -> Post:
    shared = row.values.get("object_id", "").strip()
    is_link, is_hashtag = _LINK.fullmatch(shared), _HASHTAG.fullmatch(shared)
    if is_link or is_hashtag:
        row.take("object_id")
    posted_at, precision = row.time("timestamp_share")
    return Post(
        platform="unknown",  # the table has no column for it
        post_id=row.key("content_id"),
        account_id=row.key("account_id"),
        posted_at=posted_at,
        precision=precision,
        links=(shared,) if is_link else (),
        hashtags=(shared.lstrip("#"),) if is_hashtag else (),
        extra=row.rest(),
        source=row.source,
        line=row.line,
    )


READER = Reader(
    name="coortweet",
    title="CooRTweet's table of shared links, hashtags or texts",
    example="coortweet.csv",
    platform="unknown",
    time="second",
    shape=Shape.TABLE,
    required=(("object_id",), ("account_id",), ("content_id",), ("timestamp_share",)),
    parse=_parse,
)
