"""Reads 4CAT's `.metadata.json`: the link and the posts of each file that it downloaded."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

from frametrace.posts.errors import SourceError
from frametrace.posts.model import Post
from frametrace.posts.sources.compression import READ_ERRORS
from frametrace.posts.sources.containers import Container
from frametrace.posts.values import parse_json

__all__ = ["LIST_NAME", "Download", "Downloads", "row_has_link"]

LIST_NAME = ".metadata.json"
_MAX_LIST = 2**25  # bytes; it is read whole, and 4CAT writes some 300 for a link


@dataclass(frozen=True, slots=True)
class Download:
    """A file downloaded from `url`: its `path` in `container`. `list_path` is that of the list."""

    url: str
    container: Container
    path: str
    list_path: str


@dataclass(slots=True)
class Downloads:
    """All files that the lists name, by their links and by the ids of their posts."""

    _by_link: dict[str, list[Download]] = field(default_factory=dict)
    _by_post: dict[str, list[Download]] = field(default_factory=dict)

    def load(self, container: Container, path: str) -> None:
        """Read the list at `path`; failed downloads are left out.

        Raises ValueError, with a plain reason, if it can't be read.
        """
        folder = PurePosixPath(path).parent
        for url, entry in _entries(container, path):
            for name in _file_names(entry):
                file_path = (folder / name).as_posix()
                download = Download(url, container, file_path, f"{container.path}/{path}")
                self._by_link.setdefault(url, []).append(download)
                for post_id in _post_ids(entry):
                    self._by_post.setdefault(post_id, []).append(download)

    def of_link(self, url: str) -> Sequence[Download]:
        """The files downloaded from a link."""
        return self._by_link.get(url, ())

    def of_post(self, post_id: str) -> Sequence[Download]:
        """The files of the posts with an id, on any platform."""
        return self._by_post.get(post_id, ())


def row_has_link(post: Post, url: str) -> bool:
    """Whether a post's row holds a link in any of its columns."""
    return (
        url in post.media
        or url in post.stills
        or url in post.links
        or url in post.text
        or any(url in value for value in post.extra.values())
    )


def _entries(container: Container, path: str) -> Iterable[tuple[str, Any]]:
    try:
        data = container.read(path, _MAX_LIST)
        if len(data) > _MAX_LIST:
            raise ValueError(f"it is larger than {_MAX_LIST:,} bytes")
        entries: Iterable[tuple[str, Any]] = parse_json(data.decode("utf-8-sig")).items()
    except (*READ_ERRORS, SourceError, AttributeError, RecursionError) as error:
        raise ValueError(f"the list of downloads can't be read: {error}") from None
    return entries


def _file_names(entry: Any) -> Iterator[str]:
    """The files of a link: one, or a list if 4CAT downloaded something other than pictures."""
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
