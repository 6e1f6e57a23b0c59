"""X's API, version 2: one post a line with its expansions in place, as `twarc2 flatten` writes."""

from frametrace.posts.readers import x_post
from frametrace.posts.readers.contract import Reader
from frametrace.posts.rows import Shape

__all__ = ["READER"]

READER = Reader(
    name="x-api-flat",
    title="X API v2 posts, one a line, as twarc2 flattens them",
    example="flattened.jsonl",
    platform="twitter",
    time="second",
    shape=Shape.RECORDS,
    required=x_post.REQUIRED,
    foreign=("author_user.id", "author_user.username"),  # as 4CAT spells it
    parse=x_post.parse,
)
