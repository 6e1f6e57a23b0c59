"""X/Twitter information-operations archive: the tweets file of a disclosed campaign."""

from frametrace.posts.model import Post, Precision
from frametrace.posts.readers.contract import Reader
from frametrace.posts.readers.x_text import x_text
from frametrace.posts.rows import Row, Shape
from frametrace.posts.values import parse_python_list

__all__ = ["READER"]

_COUNTS = {
    "like_count": "likes",
    "reply_count": "replies",
    "retweet_count": "reposts",
    "quote_count": "quotes",
}


def _parse(row: Row) -> Post:
    posted_at, written = row.time("tweet_time")
    return Post(
        platform="twitter",
        post_id=row.key("tweetid"),
        account_id=row.key("userid"),
        account_name=row.take("user_screen_name"),
        posted_at=posted_at,
        # Where a tool has added seconds they are all :00.
        precision=Precision.MINUTE if written is Precision.SECOND else written,
        text=x_text(row.take("tweet_text")),
        links=parse_python_list(row.take("urls")),
        hashtags=parse_python_list(row.take("hashtags")),
        repost_of=row.take("retweet_tweetid"),
        engagement=row.counts(_COUNTS),
        extra=row.rest(blank="absent"),
        source=row.source,
        line=row.line,
    )


READER = Reader(
    name="x-archive",
    title="X/Twitter information-operations archive, tweets",
    example="thailand_092020_tweets_csv_hashed.zip",
    platform="twitter",
    time="minute",
    shape=Shape.TABLE,
    required=(("tweetid",), ("userid",), ("tweet_time",)),
    parse=_parse,
)
