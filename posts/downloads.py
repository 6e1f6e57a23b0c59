"""What 4CAT writes beside the pictures that it downloaded: of which link and posts each one is."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from frametrace.posts.compression import DAMAGED
from frametrace.posts.errors import SourceError
from frametrace.posts.roots import Place
from frametrace.posts.values import json_of

__all__ = ["DOWNLOADS", "Download", "downloads_in"]

DOWNLOADS = ".metadata.json"

# Bytes; it is read whole. 4CAT needs some 300 for a link.
_LARGEST = 2**25


@dataclass(frozen=True, slots=True)
class Download:
    """One file that was downloaded; `path` is relative to the folder or archive it lies in."""

    url: str
    path: str
    post_ids: tuple[str, ...]


def downloads_in(place: Place, path: str) -> Iterator[Download]:
    """Read the list at `path`; what failed to download is left out.

    Raises ValueError, with a plain reason, if it can't be read.
    """
    try:
        data = place.read(path, _LARGEST)
        if len(data) > _LARGEST:
            raise ValueError(f"it is larger than {_LARGEST:,} bytes")
        entries = json_of(data.decode("utf-8-sig")).items()
    except (*DAMAGED, SourceError, AttributeError, RecursionError) as error:
        raise ValueError(f"the list of downloads can't be read: {error}") from None
    folder = PurePosixPath(path).parent
    for url, entry in entries:
        for name in _names(entry):
            yield Download(url, (folder / name).as_posix(), _post_ids(entry))


def _names(entry: Any) -> Iterator[str]:
    """The files of a link: one, or in what else 4CAT downloads a list of them."""
    if not isinstance(entry, dict):
        return
    files = entry.get("files")
    for file in files if isinstance(files, list) else [entry]:
        if not isinstance(file, dict) or file.get("success") is not True:
            continue
        if isinstance(name := file.get("filename"), str) and name:
            yield name


def _post_ids(entry: dict[str, Any]) -> tuple[str, ...]:
    ids = entry.get("post_ids")
    return tuple(map(str, ids)) if isinstance(ids, list) else ()
