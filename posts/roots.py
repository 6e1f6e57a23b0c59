"""Where media lie: folders and zip archives, seen alike and never left."""

import os
import stat
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path, PureWindowsPath

from frametrace.posts.errors import SourceError
from frametrace.posts.folders import files_in, is_inside, printable
from frametrace.posts.sources import DAMAGED, open_member

__all__ = ["Archive", "Folder", "Place", "leaves", "open_root", "place_at"]

_OUTWARD = ("..", ":", "\0")  # no other relative path needs a second look


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder on disk, by its absolute path.

    Paths inside are joined as text: making a `Path` costs as much as reading a small picture.
    """

    path: Path

    def paths(self) -> Iterator[str]:
        """Give every file as a relative POSIX path, sorted."""
        return files_in(self.path)

    def holds(self, path: str) -> bool:
        """Whether there is a regular file at `path`, perhaps through a link that leaves."""
        return os.path.isfile(f"{self.path}/{path}")  # noqa: PTH113

    def keeps(self, path: str) -> bool:
        """Whether `path` stays inside after following its links."""
        if leaves(path):
            return False
        return not self._has_link(path) or is_inside(self.path.resolve(), self.path / path)

    def read(self, path: str, limit: int) -> bytes:
        """Read a file of at most `limit` bytes. Raises OSError or ValueError."""
        file = f"{self.path}/{path}"
        status = os.stat(file)  # noqa: PTH116
        if not stat.S_ISREG(status.st_mode):
            raise ValueError("it is not a file")
        if status.st_size > limit:
            raise ValueError(f"{status.st_size:,} bytes are over the limit of {limit:,}")
        with open(file, "rb") as opened:  # noqa: PTH123
            data: bytes = opened.read(status.st_size + 1)  # room for all of the limit takes longer
        if len(data) > status.st_size:
            raise ValueError("it grew while it was read")
        return data

    def _has_link(self, path: str) -> bool:
        """Whether anything below this folder on the way to `path` is a link."""
        ends = (at for at, sign in enumerate(f"{path}/") if sign == "/")
        return any(os.path.islink(f"{self.path}/{path[:end]}") for end in ends)  # noqa: PTH114


@dataclass(frozen=True, slots=True)
class Archive:
    """A zip archive, by its absolute path; it is read in place."""

    path: Path

    def paths(self) -> Iterator[str]:
        """Give every member's name, sorted. Raises SourceError if the archive can't be opened."""
        return iter(sorted(info.filename for info in self._zip().infolist() if not info.is_dir()))

    def holds(self, path: str) -> bool:
        """Whether the archive can be opened and has a member of that name."""
        try:
            return path in self._zip().NameToInfo
        except SourceError:
            return False

    def keeps(self, path: str) -> bool:
        """Whether the member's name would stay inside a folder it were unpacked to."""
        return not leaves(path)

    def read(self, path: str, limit: int) -> bytes:
        """Read a member; what it declares as its size is not trusted.

        Raises SourceError or one of `DAMAGED`.
        """
        archive = self._zip()
        with open_member(archive, path) as opened:
            if (size := archive.getinfo(path).file_size) > limit:
                raise ValueError(f"{size:,} bytes are over the limit of {limit:,}")
            return opened.read(limit + 1)

    def _zip(self) -> zipfile.ZipFile:
        try:
            status = self.path.stat()
            return _opened(self.path, os.getpid(), status.st_mtime_ns, status.st_size)
        except DAMAGED as error:
            name = printable(self.path.name)
            raise SourceError(f"{name}: the archive can't be opened: {error}") from error


Place = Folder | Archive


def open_root(path: Path) -> Place:
    """Take a folder or an archive as a place for media, with all links followed.

    Raises SourceError if it is neither.
    """
    name = printable(str(path))
    try:
        root = path.resolve()
        if printable(str(root)) != str(root):
            raise SourceError(f"{name}: its name is not valid UTF-8. Rename it.")
        return place_at(root)
    except (OSError, RuntimeError, ValueError):
        raise SourceError(f"{name}: there is no such media folder or zip archive.") from None


def place_at(root: Path) -> Place:
    """The folder or the archive at an absolute path. Raises OSError if it is neither."""
    status = root.stat()
    if stat.S_ISDIR(status.st_mode):
        return Folder(root)
    if stat.S_ISREG(status.st_mode):
        return Archive(root)
    raise OSError(f"{root} is neither a folder nor a zip archive")


def leaves(path: str) -> bool:
    """Whether a relative path points out of its folder, on any system (`..`, `/x`, `C:x`)."""
    if path[:1] not in {"/", "\\"} and not any(sign in path for sign in _OUTWARD):
        return False
    spelled = PureWindowsPath(path)
    return bool(spelled.anchor) or ".." in spelled.parts or "\0" in path


@lru_cache(maxsize=16)
def _opened(path: Path, process: int, modified: int, size: int) -> zipfile.ZipFile:
    """Keep archives open, because finding a member means reading the whole directory.

    Each process has its own, since they would share one file position; a changed file is reopened.
    """
    return zipfile.ZipFile(path)
