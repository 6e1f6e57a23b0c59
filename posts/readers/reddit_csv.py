"""Reddit: submissions and comments as a table with the API's names, as data frames write it."""

from frametrace.posts.readers import reddit_post
from frametrace.posts.readers.shared.reader_contract import Reader
from frametrace.posts.rows import Shape

__all__ = ["READER"]

READER = Reader(
    name="reddit-csv",
    title="Reddit submissions and comments with the API's column names",
    example="submissions.csv",
    platform="reddit",
    time="second",
    shape=Shape.TABLE,
    required=reddit_post.REQUIRED,
    parse=reddit_post.parse,
)
