"""What Meta's downloads of one's own information share: files, texts, and keys for posts.

They are written for their owner: a post has no id there, and whose it is stands in another file.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import chain
from pathlib import PurePosixPath
from typing import Any

from frametrace.posts.readers.contract import Neighbour
from frametrace.posts.readers.mojibake import repair_mojibake
from frametrace.posts.readers.nested import text_at
from frametrace.posts.rows import Row
from frametrace.posts.values import json_text, parse_json

__all__ = ["ACCOUNT_ID", "ACCOUNT_NAME", "account_of", "files_of", "key_of", "profiles", "rest_of"]

# What rows are told of the export's owner, beside what stands in them.
ACCOUNT_ID = "export.account_id"
ACCOUNT_NAME = "export.account_name"

# How far above its posts an export may keep who its owner is.
_FOLDERS_ABOVE = 3

_MOVING = frozenset((".3gp", ".avi", ".m4v", ".mkv", ".mov", ".mp4", ".srt", ".webm"))


def profiles(read: Neighbour, paths: Iterable[str]) -> Iterator[Mapping[str, Any]]:
    """Read the first files of these paths that there are, beside the posts or in a folder above."""
    for path in paths:
        for above in range(_FOLDERS_ABOVE + 1):
            try:
                found = parse_json(text) if (text := read("../" * above + path)) else None
            except (ValueError, RecursionError):
                continue
            if isinstance(found, dict):
                yield found
                break


def account_of(row: Row, file: str) -> tuple[str, str]:
    """Whose post it is, as an id and a name. Raises ValueError if the export does not tell."""
    account_id = row.take(ACCOUNT_ID).strip()
    if not account_id:
        raise ValueError(f"nothing says whose it is: {file} is not beside it; add the whole export")
    return account_id, row.take(ACCOUNT_NAME).strip() or account_id


def key_of(account_id: str, posted_at: datetime | None, text: str, files: Iterable[str]) -> str:
    """Name a post by its second and by what it says: the same in each file that holds it.

    Only the first file's name counts, since its folders differ between exports.
    """
    second = str(int(posted_at.timestamp())) if posted_at else "undated"
    name = PurePosixPath(next(iter(files), "")).name
    told = "\0".join((account_id, text, name)).encode("utf-8", "surrogatepass")
    return f"export:{second}:{hashlib.sha256(told).hexdigest()[:12]}"


def files_of(items: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    """The files of pictures, as the export names them from its root; of a video, its still."""
    stills = (item.get("thumbnail") for item in items)
    both = chain.from_iterable(zip(items, stills, strict=True))
    files = (_file(held) for held in both)
    return tuple(dict.fromkeys(file for file in files if file and not _is_moving(file)))


def rest_of(row: Row, items: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """What nobody took of a row, in its right letters, and the videos among `items`."""
    videos = tuple(dict.fromkeys(filter(_is_moving, map(_file, items))))
    rest = {repair_mojibake(name): repair_mojibake(text) for name, text in row.rest().items()}
    return rest | ({"videos": json_text(videos)} if videos else {})


def _file(item: object) -> str:
    return repair_mojibake(text_at(item, "uri"))


def _is_moving(file: str) -> bool:
    return PurePosixPath(file).suffix.lower() in _MOVING
