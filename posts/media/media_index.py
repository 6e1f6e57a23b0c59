"""Indexes the pictures and videos in all folders and archives that are searched."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from functools import cached_property
from operator import itemgetter
from pathlib import Path, PurePosixPath
from unicodedata import normalize

import numpy as np
from numpy.typing import NDArray

from frametrace.posts.errors import SourceError
from frametrace.posts.media.fourcat_downloads import LIST_NAME, Downloads
from frametrace.posts.media.ids_in_file_names import long_ids_in
from frametrace.posts.media.link_names import FileName, name_of_file
from frametrace.posts.media.path_lookup import checked_file
from frametrace.posts.model import MediaFile, Skipped
from frametrace.posts.sources.archives import TarArchive, ZipArchive, has_archive_suffix
from frametrace.posts.sources.containers import (
    Container,
    Folder,
    SourceLocation,
    container_at,
    open_media_root,
)
from frametrace.posts.sources.media_files import holds_media
from frametrace.posts.sources.paths import is_system_file, printable
from frametrace.posts.sources.sibling_sources import AllSources

__all__ = ["MediaIndex", "SearchRoots"]

_MAX_NAMESAKES = 200  # files of one name that are compared with a path


class MediaIndex:
    """All media files in some containers and in the archives in them; each has a number.

    `files` has (stem, container, path) of each, sorted by the stem: the file's name without suffix.
    `read_files` are the full paths of files that posts were read from: `other_files`, the counts of
    the remaining files by their suffix, leaves them out. `damaged` are the archives and lists of
    downloads that can't be read.
    """

    def __init__(self, roots: Collection[Container], read_files: Collection[str] = ()) -> None:
        self._roots, self._read_files = roots, read_files
        self._download_lists: list[tuple[Container, str]] = []
        self.damaged: list[Skipped] = []
        self.other_files: Counter[str] = Counter()
        self.files = self._list_files()

    def __len__(self) -> int:
        return len(self.files)

    def file(self, number: int) -> MediaFile:
        """The file with a number."""
        _, container, path = self.files[number]
        return MediaFile(str(container.path), path)

    def numbers_beginning_with(self, text: str) -> Iterator[int]:
        """The numbers of the files whose stem begins with `text`."""
        for at in range(bisect_left(self.files, text, key=itemgetter(0)), len(self.files)):
            if not self.files[at][0].startswith(text):
                return
            yield at

    @cached_property
    def by_long_id(self) -> dict[str, list[int]]:
        """The numbers of the files that have a long number inside their names."""
        numbers: dict[str, list[int]] = {}
        for number, (_, _, path) in enumerate(self.files):
            for post_id in long_ids_in(path):
                numbers.setdefault(post_id, []).append(number)
        return numbers

    @cached_property
    def by_name(self) -> dict[FileName, list[MediaFile]]:
        """The files by their names, to be found by the names of links."""
        files: dict[FileName, list[MediaFile]] = {}
        for _, container, path in self.files:
            files.setdefault(name_of_file(path), []).append(MediaFile(str(container.path), path))
        return files

    def numbers_ending_with(self, named: str) -> list[int]:
        """The numbers of files whose paths end with the path `named`, ignoring case.

        If more than 200 files have its name, only 200 are compared.
        """
        ending = _folded_path(named)
        name = PurePosixPath(ending).name
        hashes, order = self._name_hashes
        wanted = hash(name)
        first, last = (int(np.searchsorted(hashes, wanted, side)) for side in ("left", "right"))
        return [
            number
            for number in order[first : min(last, first + _MAX_NAMESAKES)].tolist()
            if f"/{_folded_path(self.files[number][2])}".endswith(f"/{ending}")
        ]

    @cached_property
    def _name_hashes(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The hashes of the files' names, sorted, and the number of each one's file."""
        names = (hash(_folded_path(path).rpartition("/")[2]) for _, _, path in self.files)
        hashes = np.fromiter(names, np.int64, len(self.files))
        order = np.argsort(hashes, kind="stable")
        return hashes[order], order

    def _list_files(self) -> list[tuple[str, Container, str]]:
        """List every media file, sorted by its stem; a file under two roots is listed once."""
        files: dict[Path, tuple[str, Container, str]] = {}
        for container in dict.fromkeys(self._containers()):
            for path in container.paths():
                if path.endswith(LIST_NAME) and PurePosixPath(path).name == LIST_NAME:
                    self._download_lists.append((container, path))
                elif holds_media(container, path):
                    entry = PurePosixPath(path).stem, container, path
                    files.setdefault(container.path / path, entry)
                elif not self._is_expected(container, path):
                    self.other_files[PurePosixPath(path).suffix.lower()] += 1
        return sorted(files.values(), key=lambda item: (item[0], str(item[1].path), item[2]))

    def _is_expected(self, container: Container, path: str) -> bool:
        """Whether a file that is not a media file is read otherwise, or belongs to a program."""
        return (
            has_archive_suffix(path)
            or is_system_file(path)
            or f"{container.path}/{path}" in self._read_files
        )

    @cached_property
    def downloads(self) -> Downloads:
        """What 4CAT's lists say about downloaded files: their links and their posts."""
        downloads = Downloads()
        for container, path in self._download_lists if self.files else ():
            try:
                downloads.load(container, path)
            except ValueError as error:
                name = printable(container.path.name)
                self.damaged.append(Skipped(name, 0, printable(path), str(error)))
        return downloads

    def _containers(self) -> Iterator[Container]:
        """The roots and the archives in folders."""
        for root in self._roots:
            yield root
            for path in root.paths():
                if not has_archive_suffix(path) or is_system_file(path):
                    continue
                if isinstance(root, Folder):
                    yield from self._archive(root, path)
                else:
                    reason = "an archive inside another is not read; unpack it"
                    self.damaged.append(Skipped(root.path.name, 0, printable(path), reason))

    def _archive(self, root: Folder, path: str) -> Iterator[ZipArchive | TarArchive]:
        """Yield the archive at a path in a folder, or report it as damaged."""
        try:
            archive = container_at(root.path / checked_file(root, path).path)
            archive.paths()
        except (ValueError, OSError, SourceError) as error:
            self.damaged.append(Skipped(root.path.name, 0, printable(path), str(error)))
        else:
            if not isinstance(archive, Folder):
                yield archive


class SearchRoots:
    """The media folders and the folders of sources that are searched, and the index of both.

    Raises SourceError for a media folder that can't be opened.
    """

    def __init__(self, media: Sequence[Path]) -> None:
        self.media = _opened(media)
        self.sources: tuple[Container, ...] = ()
        self.all_sources = AllSources()
        self.read_files: set[str] = set()  # full paths of files that posts were read from

    def add_sources(self, sources: Iterable[Path]) -> None:
        """Search sources as well, before the index is first used. Raises SourceError."""
        self.sources = tuple(dict.fromkeys((*self.sources, *_opened(sources))))

    @cached_property
    def index(self) -> MediaIndex:
        """The media files in all of them."""
        return MediaIndex(tuple(dict.fromkeys((*self.media, *self.sources))), self.read_files)

    def is_nearest(self, full_path: str, location: SourceLocation | None) -> bool:
        """Whether no other source is nearer to a file than the one at `location`."""
        own = location.folder_path if location else ""
        return self.all_sources.nearest(full_path) in {"", own}

    def is_within_reach(self, full_path: str, location: SourceLocation | None) -> bool:
        """Whether a file is in the source's own folder or a media folder, and in no other source's.

        A media folder that users named serves all sources, even inside the folder of one of them.
        """
        media = [f"{root.path}/" for root in self.media if full_path.startswith(f"{root.path}/")]
        if not media and not (location and full_path.startswith(f"{location.folder_path}/")):
            return False
        if self.is_nearest(full_path, location):
            return True
        nearest = f"{self.all_sources.nearest(full_path)}/"
        return any(root.startswith(nearest) for root in media)


def _opened(roots: Iterable[Path]) -> tuple[Container, ...]:
    containers = tuple(dict.fromkeys(map(open_media_root, roots)))
    for container in containers:
        container.paths()  # raises SourceError if an archive can't be opened
    return containers


def _folded_path(path: str) -> str:
    """A path for comparisons: with POSIX separators, in lower case and Unicode's NFC form."""
    return PurePosixPath(normalize("NFC", path.replace("\\", "/")).casefold()).as_posix()
