"""auto-archiver's Google Sheet, saved as CSV: links, and where each one was archived."""

from urllib.parse import urlsplit

from frametrace.posts.model import Post
from frametrace.posts.readers.auto_archiver import pdq_of, text_of
from frametrace.posts.readers.contract import Reader
from frametrace.posts.readers.sites import host_of, platform_of
from frametrace.posts.rows import Row, Shape
from frametrace.posts.sources.picture_files import is_picture

__all__ = ["READER"]


def _parse(row: Row) -> Post:
    url = row.key("link")
    posted_at, precision = row.time("upload timestamp")
    return Post(
        platform=platform_of(url),
        post_id=url,
        account_id=host_of(url),
        posted_at=posted_at,
        precision=precision,
        text=text_of(row, "upload title", "text content", "textual content"),
        media=_pictures(row.values.get("archive location", "").strip()),
        extra=pdq_of(row.values.get("perceptual hashes", "").split(",")) | row.rest(),
        source=row.source,
        line=row.line,
    )


def _pictures(archived: str) -> tuple[str, ...]:
    """Most of what is archived is a page about the post, which holds no picture itself."""
    try:
        path = urlsplit(archived).path
    except ValueError:
        return ()
    return (archived,) if is_picture(path) else ()


READER = Reader(
    name="auto-archiver-sheet",
    title="Bellingcat auto-archiver, its sheet",
    example="archive-sheet.csv",
    platform="of each link",
    time="as written",
    shape=Shape.TABLE,
    required=(("link",), ("archive location",)),
    parse=_parse,
)
