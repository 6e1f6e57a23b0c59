"""What 4CAT writes beside the pictures that it downloaded: of which link and posts each one is."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

from frametrace.posts.errors import SourceError
from frametrace.posts.model import Post
from frametrace.posts.sources.compression import DAMAGED
from frametrace.posts.sources.containers import Place
from frametrace.posts.values import json_of

__all__ = ["DOWNLOADS", "Download", "Downloads", "names_link"]

DOWNLOADS = ".metadata.json"

# Bytes; it is read whole. 4CAT needs some 300 for a link.
_LARGEST = 2**25


@dataclass(frozen=True, slots=True)
class Download:
    """One file that was downloaded from `url`; `path` is relative to `place`, `listed` the list."""

    url: str
    place: Place
    path: str
    listed: str


@dataclass(slots=True)
class Downloads:
    """All files that lists name, by the link that each had and by the posts that had it."""

    _by_link: dict[str, list[Download]] = field(default_factory=dict)
    _by_post: dict[str, list[Download]] = field(default_factory=dict)

    def load(self, place: Place, path: str) -> None:
        """Read the list at `path`; what failed to download is left out.

        Raises ValueError, with a plain reason, if it can't be read.
        """
        folder = PurePosixPath(path).parent
        for url, entry in _entries(place, path):
            for name in _names(entry):
                named = (folder / name).as_posix()
                found = Download(url, place, named, f"{place.path}/{path}")
                self._by_link.setdefault(url, []).append(found)
                for post_id in _post_ids(entry):
                    self._by_post.setdefault(post_id, []).append(found)

    def of_link(self, url: str) -> Sequence[Download]:
        """The files that had a link."""
        return self._by_link.get(url, ())

    def of_post(self, post_id: str) -> Sequence[Download]:
        """The files of the posts with an id, of whatever platform."""
        return self._by_post.get(post_id, ())


def names_link(post: Post, url: str) -> bool:
    """Whether a post's row holds a link anywhere."""
    return (
        url in post.media
        or url in post.links
        or url in post.text
        or any(url in value for value in post.extra.values())
    )


def _entries(place: Place, path: str) -> Iterable[tuple[str, Any]]:
    try:
        data = place.read(path, _LARGEST)
        if len(data) > _LARGEST:
            raise ValueError(f"it is larger than {_LARGEST:,} bytes")
        entries: Iterable[tuple[str, Any]] = json_of(data.decode("utf-8-sig")).items()
    except (*DAMAGED, SourceError, AttributeError, RecursionError) as error:
        raise ValueError(f"the list of downloads can't be read: {error}") from None
    return entries


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
