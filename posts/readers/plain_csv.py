"""Frametrace's own format as a table; lists are written as JSON, as Python does, or `a|b`."""

from frametrace.posts.readers import plain
from frametrace.posts.readers.shared.reader_contract import Reader
from frametrace.posts.rows import Shape

__all__ = ["READER"]

READER = Reader(
    name="plain-csv",
    title="Frametrace's own columns",
    example="posts.csv",
    platform="as written",
    time="as written",
    shape=Shape.TABLE,
    required=plain.REQUIRED,
    parse=plain.parse,
)
