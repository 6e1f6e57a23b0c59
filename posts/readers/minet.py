"""Reads X posts from the tables of minet (twitwi), whose lists are joined by vertical bars."""

from frametrace.posts.model import Post
from frametrace.posts.readers.shared.reader_contract import Reader
from frametrace.posts.readers.shared.x_values import x_text
from frametrace.posts.rows import Row, Shape
from frametrace.posts.values import parse_list

__all__ = ["READER"]

_COUNTS = {
    "like_count": "likes",
    "reply_count": "replies",
    "retweet_count": "reposts",
    "quote_count": "quotes",
    "impression_count": "views",
}


def _parse(row: Row) -> Post:
    posted_at, precision = row.unix("timestamp_utc")
    files = parse_list(row.take("media_files"))
    return Post(
        platform="twitter",
        post_id=row.key("id"),
        account_id=row.key("user_id"),
        account_name=row.take("user_screen_name"),
        posted_at=posted_at,
        precision=precision,
        text=x_text(row.take("text")),
        media=files or parse_list(row.take("media_urls")),
        links=parse_list(row.take("links")),
        hashtags=parse_list(row.take("hashtags")),
        repost_of=row.reference("retweeted_id"),
        engagement=row.counts(_COUNTS),
        extra=row.rest(),
        source=row.source,
        line=row.line,
    )


READER = Reader(
    name="minet",
    title="minet (twitwi) export of X posts",
    example="minet_tweets.csv",
    platform="twitter",
    time="second",
    shape=Shape.TABLE,
    required=(("id",), ("user_id",), ("user_screen_name",), ("timestamp_utc",)),
    parse=_parse,
)
