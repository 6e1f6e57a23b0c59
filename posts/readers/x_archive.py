"""Reads the tweets and users files of X/Twitter's information-operations archives."""

from frametrace.posts.model import Account, Post, Precision
from frametrace.posts.readers.shared.reader_contract import Reader
from frametrace.posts.readers.shared.x_values import x_text
from frametrace.posts.rows import Row, Shape
from frametrace.posts.values import parse_python_list

__all__ = ["READERS"]

_COUNTS = {
    "like_count": "likes",
    "reply_count": "replies",
    "retweet_count": "reposts",
    "quote_count": "quotes",
}


def _parse_tweet(row: Row) -> Post:
    posted_at, precision = row.time("tweet_time")
    return Post(
        platform="twitter",
        post_id=row.key("tweetid"),
        account_id=row.key("userid"),
        account_name=row.take("user_screen_name"),
        posted_at=posted_at,
        # X gives no seconds: if a tool has added them, all are :00.
        precision=Precision.MINUTE if precision is Precision.SECOND else precision,
        text=x_text(row.take("tweet_text")),
        links=parse_python_list(row.take("urls")),
        hashtags=parse_python_list(row.take("hashtags")),
        repost_of=row.take("retweet_tweetid"),
        engagement=row.counts(_COUNTS),
        extra=row.rest(blank="absent"),
        source=row.source,
        line=row.line,
    )


def _parse_user(row: Row) -> Account:
    created_at, _ = row.time("account_creation_date")
    return Account(
        platform="twitter",
        account_id=row.key("userid"),
        name=row.take("user_screen_name"),
        created_at=created_at,
        extra=row.rest(),
        source=row.source,
        line=row.line,
    )


READERS = (
    Reader(
        name="x-archive",
        title="X/Twitter information-operations archive, tweets",
        example="thailand_092020_tweets_csv_hashed.zip",
        platform="twitter",
        time="minute",
        shape=Shape.TABLE,
        required=(("tweetid",), ("userid",), ("tweet_time",)),
        parse=_parse_tweet,
    ),
    Reader(
        name="x-archive-users",
        title="X/Twitter information-operations archive, users",
        example="china_082019_1_users_csv_hashed.csv",
        platform="twitter",
        time="day",
        shape=Shape.TABLE,
        required=(("userid",), ("account_creation_date",)),
        parse=_parse_user,
        foreign=("tweetid", "tweet_text"),
    ),
)
