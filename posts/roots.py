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
from frametrace.posts.sources import DAMAGED

__all__ = ["Archive", "Folder", "leaves", "open_root"]


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder on disk, by its absolute path."""

    path: Path

    def paths(self) -> Iterator[str]:
        """Give every file as a relative POSIX path, sorted."""
        return files_in(self.path)

    def holds(self, path: str) -> bool:
        """Whether there is a regular file at `path`, perhaps through a link that leaves."""
        try:
            return (self.path / path).is_file()
        except (OSError, ValueError):
            return False

    def keeps(self, path: str) -> bool:
        """Whether `path` stays inside after following its links."""
        return not leaves(path) and is_inside(self.path, self.path / path)

    def read(self, path: str, limit: int) -> bytes:
        """Read a file of at most `limit` bytes. Raises OSError or ValueError."""
        file = self.path / path
        status = file.stat()
        if not stat.S_ISREG(status.st_mode):
            raise ValueError("it is not a file")
        if status.st_size > limit:
            raise ValueError(f"{status.st_size:,} bytes are over the limit of {limit:,}")
        with file.open("rb") as opened:
            return opened.read(limit + 1)


@dataclass(frozen=True, slots=True)
class Archive:
    """A zip archive, by its absolute path; it is read in place."""

    path: Path

    def paths(self) -> Iterator[str]:
        """Give every member's name, sorted. Raises one of `DAMAGED` if the archive is."""
        return iter(sorted(info.filename for info in self._zip().infolist() if not info.is_dir()))

    def holds(self, path: str) -> bool:
        """Whether the archive can be opened and has a member of that name."""
        try:
            return path in self._zip().NameToInfo
        except DAMAGED:
            return False

    def keeps(self, path: str) -> bool:
        """Whether the member's name would stay inside a folder it were unpacked to."""
        return not leaves(path)

    def read(self, path: str, limit: int) -> bytes:
        """Read a member; what it declares as its size is not trusted. Raises one of `DAMAGED`."""
        if not self.holds(path):
            raise FileNotFoundError(0, "the archive has no such member")
        member = self._zip().getinfo(path)
        if member.file_size > limit:
            raise ValueError(f"{member.file_size:,} bytes are over the limit of {limit:,}")
        with self._zip().open(member) as opened:
            return opened.read(limit + 1)

    def _zip(self) -> zipfile.ZipFile:
        status = self.path.stat()
        return _opened(self.path, os.getpid(), status.st_mtime_ns, status.st_size)


def open_root(path: Path) -> Folder | Archive:
    """Take a folder or an archive as a place for media. Raises SourceError if it is neither."""
    try:
        root = path.resolve()
        if root.is_dir():
            return Folder(root)
        if root.is_file():
            return Archive(root)
    except (OSError, RuntimeError, ValueError):
        pass
    raise SourceError(f"{printable(str(path))}: there is no such media folder or zip archive.")


def leaves(path: str) -> bool:
    """Whether a relative path points out of its folder, on any system (`..`, `/x`, `C:x`)."""
    spelled = PureWindowsPath(path)
    return bool(spelled.anchor) or ".." in spelled.parts or "\0" in path


@lru_cache(maxsize=16)
def _opened(path: Path, process: int, modified: int, size: int) -> zipfile.ZipFile:
    """Keep archives open, because finding a member means reading the whole directory.

    Each process has its own, since they would share one file position; a changed file is reopened.
    """
    return zipfile.ZipFile(path)
