"""Reddit: submissions and comments as records: Pushshift, Arctic Shift, listings of the API."""

from collections.abc import Iterable

from frametrace.posts.readers import reddit_post
from frametrace.posts.readers.shared.reader_contract import Reader
from frametrace.posts.rows import Row, Shape

__all__ = ["READER"]


def _posts_of(row: Row) -> Iterable[Row]:
    """Leave out what a listing says it leaves out itself: `more`, with ids alone."""
    return () if row.values.get("kind") == "more" else (row,)


READER = Reader(
    name="reddit-jsonl",
    title="Reddit submissions and comments, as Pushshift, Arctic Shift or the API give them",
    example="RS_2023-12.ndjson",
    platform="reddit",
    time="second",
    shape=Shape.RECORDS,
    required=reddit_post.REQUIRED,
    foreign=("subcategory",),  # gallery-dl's
    parse=reddit_post.parse,
    parts=_posts_of,
)
