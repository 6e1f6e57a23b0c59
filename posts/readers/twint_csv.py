"""twint: posts of X as a table."""

from frametrace.posts.readers import twint_post
from frametrace.posts.readers.shared.reader_contract import Reader
from frametrace.posts.rows import Shape

__all__ = ["READER"]

READER = Reader(
    name="twint-csv",
    title="twint posts of X",
    example="twint.csv",
    platform="twitter",
    time="second",
    shape=Shape.TABLE,
    required=twint_post.REQUIRED,
    parse=twint_post.parse,
)
