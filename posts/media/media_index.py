"""The pictures of folders and archives, listed once, by their names and by lists of downloads."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Collection, Iterator
from functools import cached_property
from operator import itemgetter
from pathlib import Path, PurePosixPath
from unicodedata import normalize

import numpy as np
from numpy.typing import NDArray

from frametrace.posts.errors import SourceError
from frametrace.posts.media.fourcat_downloads import DOWNLOADS, Downloads
from frametrace.posts.media.guesses import long_ids_in
from frametrace.posts.media.link_names import stem_of
from frametrace.posts.media.path_lookup import usable
from frametrace.posts.model import MediaFile, Skipped
from frametrace.posts.sources.archives import is_archive
from frametrace.posts.sources.containers import Archive, Folder, Place, Tar, holds_picture, place_at
from frametrace.posts.sources.paths import is_of_system, printable

__all__ = ["MediaIndex"]

_NAMESAKES = 200  # files of one name that are looked at


class MediaIndex:
    """What lies in some places and in the archives in them; a picture goes by its number.

    `read` are the places of files that were read for their posts: they are left out of `aside`.
    """

    def __init__(self, roots: Collection[Place], read: Collection[str] = ()) -> None:
        self._roots, self._read = roots, read
        self._lists: list[tuple[Place, str]] = []  # of downloads, found along with the pictures
        self.damaged: list[Skipped] = []
        self.aside: Counter[str] = Counter()  # files that aren't pictures, by their suffix
        self.files = self._listed()  # (stem, place, path), by the stem

    def __len__(self) -> int:
        return len(self.files)

    def file(self, number: int) -> MediaFile:
        """The picture of a number."""
        _, place, path = self.files[number]
        return MediaFile(str(place.path), path)

    def beginning(self, name: str) -> Iterator[int]:
        """The numbers of the files whose stem begins with `name`."""
        for at in range(bisect_left(self.files, name, key=itemgetter(0)), len(self.files)):
            if not self.files[at][0].startswith(name):
                return
            yield at

    @cached_property
    def by_long_id(self) -> dict[str, list[int]]:
        """The numbers of the files that have a long number inside their names."""
        found: dict[str, list[int]] = {}
        for number, (_, _, path) in enumerate(self.files):
            for post_id in long_ids_in(path):
                found.setdefault(post_id, []).append(number)
        return found

    @cached_property
    def by_stem(self) -> dict[str, list[MediaFile]]:
        """Pictures by their names before all suffixes, as far as links may be named so."""
        found: dict[str, list[MediaFile]] = {}
        for _, place, path in self.files:
            found.setdefault(stem_of(path), []).append(MediaFile(str(place.path), path))
        return found

    def called(self, named: str) -> list[int]:
        """The numbers of files whose paths end with a path, in letters of any case.

        Not of all, where many have its name.
        """
        ends = _folded(named)
        name = PurePosixPath(ends).name
        at, order = self._names
        sought = hash(name)
        first, last = (int(np.searchsorted(at, sought, side)) for side in ("left", "right"))
        return [
            number
            for number in order[first : min(last, first + _NAMESAKES)].tolist()
            if f"/{_folded(self.files[number][2])}".endswith(f"/{ends}")
        ]

    @cached_property
    def _names(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The files' names as numbers, in order, and the numbers of the files."""
        names = (hash(_folded(path).rpartition("/")[2]) for _, _, path in self.files)
        hashed = np.fromiter(names, np.int64, len(self.files))
        order = np.argsort(hashed, kind="stable")
        return hashed[order], order

    def _listed(self) -> list[tuple[str, Place, str]]:
        """Every picture by the stem of its name; a file under two roots is listed once."""
        files: dict[Path, tuple[str, Place, str]] = {}
        for place in dict.fromkeys(self._places()):
            for path in place.paths():
                if path.endswith(DOWNLOADS) and PurePosixPath(path).name == DOWNLOADS:
                    self._lists.append((place, path))
                elif holds_picture(place, path):
                    files.setdefault(place.path / path, (PurePosixPath(path).stem, place, path))
                elif not self._is_expected(place, path):
                    self.aside[PurePosixPath(path).suffix.lower()] += 1
        return sorted(files.values(), key=lambda item: (item[0], str(item[1].path), item[2]))

    def _is_expected(self, place: Place, path: str) -> bool:
        """Whether a file that is not a picture is read otherwise, or is there for a program."""
        return is_archive(path) or is_of_system(path) or f"{place.path}/{path}" in self._read

    @cached_property
    def downloads(self) -> Downloads:
        """Where downloaded files lie, by the link that each had and by the posts that had it."""
        found = Downloads()
        for place, listed in self._lists if self.files else ():
            try:
                found.load(place, listed)
            except ValueError as error:
                name = printable(place.path.name)
                self.damaged.append(Skipped(name, 0, printable(listed), str(error)))
        return found

    def _places(self) -> Iterator[Place]:
        for root in self._roots:
            yield root
            for path in root.paths():
                if not is_archive(path) or is_of_system(path):
                    continue
                if isinstance(root, Folder):
                    yield from self._archive(root, path)
                else:
                    reason = "an archive inside another is not read; unpack it"
                    self.damaged.append(Skipped(root.path.name, 0, printable(path), reason))

    def _archive(self, root: Folder, path: str) -> Iterator[Archive | Tar]:
        """Give an archive that lies in a folder, unless it is of no use: then tell of it once."""
        try:
            archive = place_at(root.path / usable(root, path).path)
            archive.paths()
        except (ValueError, OSError, SourceError) as error:
            self.damaged.append(Skipped(root.path.name, 0, printable(path), str(error)))
        else:
            if not isinstance(archive, Folder):
                yield archive


def _folded(path: str) -> str:
    """A path as it is compared: Windows' separators, letters and accents don't matter."""
    return PurePosixPath(normalize("NFC", path.replace("\\", "/")).casefold()).as_posix()
