"""Where files lie: folders and archives, seen alike and never left."""

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from frametrace.posts.errors import SourceError
from frametrace.posts.model import Skipped
from frametrace.posts.sources.archives import Archive, Tar, archive_at, leaves
from frametrace.posts.sources.compression import DAMAGED
from frametrace.posts.sources.paths import (
    at_once,
    files_in,
    is_inside,
    is_picture,
    is_picture_data,
    printable,
)
from frametrace.posts.sources.sibling_sources import Neighbours

__all__ = [
    "Archive",
    "Base",
    "Folder",
    "Place",
    "Tar",
    "holds_picture",
    "leaves",
    "open_root",
    "pictures_in",
    "place_at",
]


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

    def open(self, path: str) -> IO[bytes]:
        """Open a regular file. Raises OSError or ValueError."""
        file = self.path / path
        if not stat.S_ISREG(file.stat().st_mode):
            raise ValueError("it is not a file")
        return at_once(file)

    def read(self, path: str, limit: int) -> bytes:
        """Read a file of at most `limit` bytes. Raises OSError or ValueError."""
        file = f"{self.path}/{path}"
        status = os.stat(file)  # noqa: PTH116
        if not stat.S_ISREG(status.st_mode):
            raise ValueError("it is not a file")
        if status.st_size > limit:
            raise ValueError(f"{status.st_size:,} bytes are over the limit of {limit:,}")
        with at_once(file) as opened:
            data: bytes = opened.read(status.st_size + 1)  # room for all of the limit takes longer
        if len(data) > status.st_size:
            raise ValueError("it grew while it was read")
        return data

    def _has_link(self, path: str) -> bool:
        """Whether anything below this folder on the way to `path` is a link."""
        ends = (at for at, sign in enumerate(f"{path}/") if sign == "/")
        return any(os.path.islink(f"{self.path}/{path[:end]}") for end in ends)  # noqa: PTH114


Place = Folder | Archive | Tar
_HERE = frozenset(("", "."))

# Files that a great many of may lie beside pictures, and that hold none themselves.
_NEVER = frozenset(
    {".json", ".jsonl", ".ndjson", ".csv", ".tsv", ".txt", ".js", ".html", ".htm", ".xml", ".md"}
    | {".zip", ".tar", ".gz", ".tgz", ".zst", ".xz", ".bz2", ".pdf", ".css", ".py", ".log"}
)


@dataclass(frozen=True, slots=True)
class Base:
    """Where a source of posts lies: in a folder or an archive, and in which folder of that.

    `around` are the sources in the same place. `beside`: rows name files in its own folder alone.
    """

    place: Place
    folder: str = ""
    around: Neighbours | None = None
    beside: bool = False

    @property
    def at(self) -> str:
        """The absolute path of its own folder."""
        return f"{self.place.path}/{self.folder}" if self.folder not in _HERE else self.whole

    @property
    def whole(self) -> str:
        """The absolute path of the folder or the archive."""
        return str(self.place.path)

    @property
    def own(self) -> str:
        """Its own folder, as it begins paths: `a/b/`, or nothing."""
        return f"{self.folder}/" if self.folder not in _HERE else ""

    def above(self, named: str) -> Iterator[str]:
        """The folders above its own, as they begin paths: `a/` and nothing.

        Not where another source lies, whose picture it would be, but for paths that lead back.
        """
        if self.beside or self.folder in _HERE:
            return
        own = PurePosixPath(self.folder)
        begin = PurePosixPath(named.replace("\\", "/")).parts[:1]
        others = self.around.folders if self.around else frozenset()
        for each in own.parents:
            path = each.as_posix()
            if path not in others or own.relative_to(each).parts[:1] == begin:
                yield "" if path == "." else f"{path}/"


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
        raise SourceError(f"{name}: there is no such media folder or archive.") from None


def place_at(root: Path) -> Place:
    """The folder or the archive at an absolute path. Raises OSError if it is neither."""
    status = root.stat()
    if stat.S_ISDIR(status.st_mode):
        return Folder(root)
    if stat.S_ISREG(status.st_mode):
        return archive_at(root) or Archive(root)  # which says what is wrong with it
    raise OSError(f"{root} is neither a folder nor an archive")


def holds_picture(place: Place, path: str) -> bool:
    """Whether a file is a picture: by its name, or where that says nothing, by its first bytes."""
    name = PurePosixPath(path).name
    if is_picture(path):
        return True
    if PurePosixPath(path).suffix.lower() in _NEVER or name.startswith("."):
        return False
    try:
        with place.open(path) as file:
            return is_picture_data(file.read(16) or b"")
    except (SourceError, *DAMAGED):
        return False


def pictures_in(place: Place) -> Iterator[str | Skipped]:
    """Give every picture of a place, and a Skipped for what is of no use.

    That is a link that leaves it, a name that isn't text, a folder that can't be listed.
    """
    name = printable(place.path.name)
    closed: list[OSError] = []
    paths = files_in(place.path, closed.append) if isinstance(place, Folder) else place.paths()
    for path in (path for path in paths if holds_picture(place, path)):
        if printable(path) != path:
            yield Skipped(name, 0, printable(path), "its name is not valid UTF-8; rename it")
        elif _is_linked(place, path) and not place.keeps(path):
            yield Skipped(name, 0, path, "the link leaves the folder")
        else:
            yield path
    for error in closed:
        folder = Path(error.filename).relative_to(place.path).as_posix()
        yield Skipped(name, 0, printable(folder), f"can't be listed: {error.strerror}")


def _is_linked(place: Place, path: str) -> bool:
    """Whether a file may lie elsewhere: members of an archive may, folders are walked without."""
    return not isinstance(place, Folder) or os.path.islink(f"{place.path}/{path}")  # noqa: PTH114
