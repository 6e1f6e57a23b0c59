"""auto-archiver's table (`csv_db`)."""

from frametrace.posts.readers import auto_archiver
from frametrace.posts.readers.shared.reader_contract import Reader
from frametrace.posts.rows import Shape

__all__ = ["READER"]

READER = Reader(
    name="auto-archiver-csv",
    title="Bellingcat auto-archiver, its table",
    example="db.csv",
    platform="of each link",
    time="as written",
    shape=Shape.TABLE,
    required=(("metadata", "metadata.url"), ("media",)),
    foreign=("post_id",),
    parse=auto_archiver.parse,
)
