"""auto-archiver's results as JSON records, one a line."""

from frametrace.posts.readers import auto_archiver
from frametrace.posts.readers.shared.reader_contract import Reader
from frametrace.posts.rows import Shape

__all__ = ["READER"]

READER = Reader(
    name="auto-archiver-jsonl",
    title="Bellingcat auto-archiver, its results one a line",
    example="results.jsonl",
    platform="of each link",
    time="as written",
    shape=Shape.RECORDS,
    required=(("metadata.url",), ("media",)),
    foreign=("post_id",),
    parse=auto_archiver.parse,
)
