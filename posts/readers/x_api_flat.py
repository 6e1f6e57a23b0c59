"""X's API, version 2: one post a line with its expansions in place, as `twarc2 flatten` writes.

4CAT stores the posts that it collected of this API in nearly the same form.
"""

from frametrace.posts.readers import x_post
from frametrace.posts.readers.shared.reader_contract import Reader
from frametrace.posts.rows import Shape

__all__ = ["READER"]

READER = Reader(
    name="x-api-flat",
    title="X API v2 posts, one a line, as twarc2 flattens them and 4CAT stores them",
    example="flattened.jsonl",
    platform="twitter",
    time="second",
    shape=Shape.RECORDS,
    required=x_post.REQUIRED,
    parse=x_post.parse,
)
