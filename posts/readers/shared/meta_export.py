"""Finds the owner, keys, pictures and texts in Meta's "Download your information".

The export is made for the account's owner: posts have no ids, and another file names the owner.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import chain
from pathlib import PurePosixPath
from typing import Any

from frametrace.posts.readers.shared.json_paths import text_at
from frametrace.posts.readers.shared.mojibake import repair_mojibake
from frametrace.posts.readers.shared.reader_contract import Neighbour
from frametrace.posts.readers.shared.shown_files import Shown, shown_files
from frametrace.posts.rows import Row
from frametrace.posts.sources.media_files import is_video
from frametrace.posts.values import distinct, json_text, parse_json

__all__ = [
    "ACCOUNT_ID",
    "ACCOUNT_NAME",
    "content_key",
    "owner_of",
    "picture_paths",
    "profiles",
    "rest_of",
    "shown_paths",
]

# Columns that each row gets from the files beside it.
ACCOUNT_ID = "export.account_id"
ACCOUNT_NAME = "export.account_name"

_MAX_FOLDERS_ABOVE = 3  # folders between the posts and the profile above them

_SUBTITLES = ".srt"


def profiles(read: Neighbour, paths: Iterable[str]) -> Iterator[Mapping[str, Any]]:
    """Read the nearest file of each path, beside the posts or in a folder above."""
    for path in paths:
        for above in range(_MAX_FOLDERS_ABOVE + 1):
            try:
                document = parse_json(text) if (text := read("../" * above + path)) else None
            except (ValueError, RecursionError):
                continue
            if isinstance(document, dict):
                yield document
                break


def owner_of(row: Row, file: str) -> tuple[str, str]:
    """The id and the name of the post's account. Raises ValueError if the export lacks them."""
    account_id = row.take(ACCOUNT_ID).strip()
    if not account_id:
        raise ValueError(
            f"nothing says whose post it is: {file} is not beside it; add the whole export"
        )
    return account_id, row.take(ACCOUNT_NAME).strip() or account_id


def content_key(
    account_id: str, posted_at: datetime | None, text: str, files: Iterable[str]
) -> str:
    """Make a key from a post's time, text and first file: the same in every export with the post.

    Only the name of that file counts, since its folders differ between exports.
    """
    second = str(int(posted_at.timestamp())) if posted_at else "undated"
    name = PurePosixPath(next(iter(files), "")).name
    content = "\0".join((account_id, text, name)).encode("utf-8", "surrogatepass")
    return f"export:{second}:{hashlib.sha256(content).hexdigest()[:12]}"


def picture_paths(items: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    """The paths of pictures from the root of the export; for a video, of its still.

    Posts have keys by the first of them.
    """
    stills = (item.get("thumbnail") for item in items)
    both = chain.from_iterable(zip(items, stills, strict=True))
    files = (_file(item) for item in both)
    return distinct(file for file in files if not (is_video(file) or _is_subtitles(file)))


def shown_paths(items: Sequence[Mapping[str, Any]]) -> Shown:
    """The paths of pictures and videos from the root of the export, and of the stills of these."""
    pairs = ((_file(item), _file(item.get("thumbnail"))) for item in items)
    return shown_files(("" if _is_subtitles(file) else file, still) for file, still in pairs)


def rest_of(row: Row, items: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """The columns that are left, with their encoding repaired, and subtitles among `items`."""
    subtitles = distinct(filter(_is_subtitles, map(_file, items)))
    rest = {repair_mojibake(name): repair_mojibake(text) for name, text in row.rest().items()}
    return rest | ({"subtitles": json_text(subtitles)} if subtitles else {})


def _file(item: object) -> str:
    return repair_mojibake(text_at(item, "uri"))


def _is_subtitles(file: str) -> bool:
    return PurePosixPath(file).suffix.lower() == _SUBTITLES
