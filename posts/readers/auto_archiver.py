"""Bellingcat's auto-archiver: what it archived, whether told as a table or as JSON records.

A table's cells hold what Python prints of `metadata` and `media`; records hold the same as JSON.
Nobody is named as the author: the site stands for the account.
"""

import re
from collections.abc import Iterable
from typing import Any

from frametrace.posts.model import Post
from frametrace.posts.readers.nested import text_at
from frametrace.posts.readers.printed import objects_in, printed
from frametrace.posts.readers.sites import host_of, platform_of
from frametrace.posts.rows import Row, flatten
from frametrace.posts.sources.archives import escapes_folder
from frametrace.posts.sources.picture_files import is_picture

__all__ = ["parse", "pdq_of", "text_of"]

_HASH = re.compile(r"[0-9a-f]{1,64}")

# Pictures of the page and not of the post.
_OF_THE_PAGE = frozenset({"screenshot", "_final_media"})


def parse(row: Row) -> Post:
    """Make a Post of a row with `metadata.url` and `media`, or with `metadata` as printed."""
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
        text=text_of(row, "metadata.title", "metadata.content", "content"),
        media=tuple(dict.fromkeys(name for file in files if (name := _name(file)))),
        extra=row.rest() | pdq_of(hashes),
        source=row.source,
        line=row.line,
    )


def pdq_of(hashes: Iterable[str]) -> dict[str, str]:
    """Spell PDQ hashes in 64 digits, whose leading zeros are left out; quality is not told."""
    found = (text.strip().lower() for text in hashes)
    whole = dict.fromkeys(text.zfill(64) for text in found if _HASH.fullmatch(text))
    return {"pdq": "|".join(whole)} if whole else {}


def text_of(row: Row, title: str, *content: str) -> str:
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
        return flatten({"metadata": printed(text)})
    except RecursionError:
        raise ValueError("metadata is nested too deep") from None


def _name(file: dict[str, Any]) -> str:
    """Where a picture lies: its path, else its place in the archive, else its link."""
    if text_at(file, "properties", "id") in _OF_THE_PAGE:
        return ""
    urls = file.get("urls")
    told = [text_at(file, name) for name in ("filename", "key", "_key")]
    told += [text_at(urls, at) for at in range(len(urls))] if isinstance(urls, list) else []
    kind = text_at(file, "_mimetype")
    names = [name for name in told if name]
    if not (kind.startswith("image/") if kind else any(map(is_picture, names))):
        return ""
    usable = (name for name in names if "://" not in name and not escapes_folder(name))
    return next(usable, next((name for name in names if "://" in name), names[0]))
