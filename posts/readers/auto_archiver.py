"""Reads posts that Bellingcat's auto-archiver archived, from its table, its JSON or its sheet.

The table's cells (`csv_db`) hold `metadata` and `media` as Python prints them; JSON records hold
the same as JSON; the Google Sheet, saved as CSV, holds links and where each one was archived. None
of these names an author, so the site is used as the account.
"""

import re
from collections.abc import Iterable
from typing import Any

from frametrace.posts.model import Post
from frametrace.posts.readers.shared.json_paths import text_at
from frametrace.posts.readers.shared.platforms import host_of, platform_of
from frametrace.posts.readers.shared.python_literals import objects_in, parse_literal
from frametrace.posts.readers.shared.reader_contract import Reader
from frametrace.posts.readers.shared.shown_files import is_media_link
from frametrace.posts.rows import Row, Shape, flatten
from frametrace.posts.sources.archives import escapes_folder
from frametrace.posts.sources.media_files import is_media
from frametrace.posts.values import distinct

__all__ = ["READERS"]

_HASH = re.compile(r"[0-9a-f]{1,64}")

_KINDS = ("image/", "video/")
# Pictures of the page, not of the post.
_PAGE_PICTURES = frozenset({"screenshot", "_final_media"})


def _parse(row: Row) -> Post:
    if row.values.get("metadata"):
        row.values |= _metadata(row.take("metadata"))
    url = row.key("metadata.url")
    posted_at, precision = row.time("metadata.timestamp")
    files = objects_in(row.values.get("media", ""))
    hashes = (text_at(file, "properties", "pdq_hash") for file in files)
    return Post(
        platform=platform_of(url),
        post_id=url,
        account_id=host_of(url),
        posted_at=posted_at,
        precision=precision,
        text=_text(row, "metadata.title", "metadata.content", "content"),
        media=distinct(map(_file_name, files)),
        extra=row.rest() | _pdq(hashes),
        source=row.source,
        line=row.line,
    )


def _parse_sheet(row: Row) -> Post:
    url = row.key("link")
    posted_at, precision = row.time("upload timestamp")
    return Post(
        platform=platform_of(url),
        post_id=url,
        account_id=host_of(url),
        posted_at=posted_at,
        precision=precision,
        text=_text(row, "upload title", "text content", "textual content"),
        media=_archived_file(row.values.get("archive location", "").strip()),
        extra=_pdq(row.values.get("perceptual hashes", "").split(",")) | row.rest(),
        source=row.source,
        line=row.line,
    )


def _pdq(hashes: Iterable[str]) -> dict[str, str]:
    """Pad PDQ hashes, written without leading zeros, to 64 digits; their quality is not given."""
    stripped = (text.strip().lower() for text in hashes)
    padded = dict.fromkeys(text.zfill(64) for text in stripped if _HASH.fullmatch(text))
    return {"pdq": "|".join(padded)} if padded else {}


def _text(row: Row, title: str, *content: str) -> str:
    """Join title and content, unless one repeats the other or the content is a dump of data."""
    head = row.take(title).strip()
    name = next((name for name in content if row.values.get(name, "").strip()), "")
    body = row.values.get(name, "").strip()
    if not name or body.startswith(("{", "[")):
        return head
    del row.values[name]
    if body in head:
        return head
    return body if head in body else f"{head}\n{body}"


def _metadata(text: str) -> dict[str, str]:
    try:
        return flatten({"metadata": parse_literal(text)})
    except RecursionError:
        raise ValueError("metadata is nested too deep") from None


def _file_name(file: dict[str, Any]) -> str:
    """The path of a picture or video, else its key in the archive, else its link."""
    if text_at(file, "properties", "id") in _PAGE_PICTURES:
        return ""
    urls = file.get("urls")
    candidates = [text_at(file, name) for name in ("filename", "key", "_key")]
    candidates += [text_at(urls, at) for at in range(len(urls))] if isinstance(urls, list) else []
    kind = text_at(file, "_mimetype")
    names = [name for name in candidates if name]
    if not (kind.startswith(_KINDS) if kind else any(map(is_media, names))):
        return ""
    usable = (name for name in names if "://" not in name and not escapes_folder(name))
    return next(usable, next((name for name in names if "://" in name), names[0]))


def _archived_file(location: str) -> tuple[str, ...]:
    """The archived file, if it is a picture or video: most are pages about the post."""
    return (location,) if is_media_link(location) else ()


READERS = (
    Reader(
        name="auto-archiver-csv",
        title="Bellingcat auto-archiver, its table",
        example="db.csv",
        platform="of each link",
        time="as written",
        shape=Shape.TABLE,
        required=(("metadata", "metadata.url"), ("media",)),
        foreign=("post_id",),
        parse=_parse,
    ),
    Reader(
        name="auto-archiver-jsonl",
        title="Bellingcat auto-archiver, its results one per line",
        example="results.jsonl",
        platform="of each link",
        time="as written",
        shape=Shape.RECORDS,
        required=(("metadata.url",), ("media",)),
        foreign=("post_id",),
        parse=_parse,
    ),
    Reader(
        name="auto-archiver-sheet",
        title="Bellingcat auto-archiver, its sheet",
        example="archive-sheet.csv",
        platform="of each link",
        time="as written",
        shape=Shape.TABLE,
        required=(("link",), ("archive location",)),
        parse=_parse_sheet,
    ),
)
