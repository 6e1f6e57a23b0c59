"""Frametrace's own format as JSON records, one a line."""

from frametrace.posts.readers import plain
from frametrace.posts.readers.shared.reader_contract import Reader
from frametrace.posts.rows import Shape

__all__ = ["READER"]

READER = Reader(
    name="plain-jsonl",
    title="Frametrace's own fields, one record a line",
    example="posts.jsonl",
    platform="as written",
    time="as written",
    shape=Shape.RECORDS,
    required=plain.REQUIRED,
    parse=plain.parse,
)
