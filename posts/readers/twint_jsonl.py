"""twint: posts of X as records, one a line."""

from frametrace.posts.readers import twint_post
from frametrace.posts.readers.shared.reader_contract import Reader
from frametrace.posts.rows import Shape

__all__ = ["READER"]

READER = Reader(
    name="twint-jsonl",
    title="twint posts of X, one a line",
    example="twint.json",
    platform="twitter",
    time="second",
    shape=Shape.RECORDS,
    required=twint_post.REQUIRED,
    parse=twint_post.parse,
)
