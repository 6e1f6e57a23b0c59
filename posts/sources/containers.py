"""Gives folders and archives one interface, whose paths never lead outside."""

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from frametrace.posts.errors import SourceError
from frametrace.posts.sources.archives import TarArchive, ZipArchive, archive_at, escapes_folder
from frametrace.posts.sources.paths import files_in, is_inside, open_without_blocking, printable
from frametrace.posts.sources.sibling_sources import SiblingSources

__all__ = ["Container", "Folder", "SourceLocation", "container_at", "open_media_root"]


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder on disk, by its absolute path.

    Paths are joined as text: making a `Path` takes as long as reading a small picture.
    """

    path: Path

    def paths(self) -> Iterator[str]:
        """Yield every file as a relative POSIX path, sorted."""
        return files_in(self.path)

    def has_file(self, path: str) -> bool:
        """Whether there is a regular file at `path`, perhaps through a link that leads outside."""
        return os.path.isfile(f"{self.path}/{path}")  # noqa: PTH113

    def stays_inside(self, path: str) -> bool:
        """Whether `path` is still inside the folder when its links are followed."""
        if escapes_folder(path):
            return False
        return not self._has_link(path) or is_inside(self.path.resolve(), self.path / path)

    def open(self, path: str) -> IO[bytes]:
        """Open a regular file. Raises OSError or ValueError."""
        file = f"{self.path}/{path}"
        if not stat.S_ISREG(os.stat(file).st_mode):  # noqa: PTH116
            raise ValueError("it is not a file")
        return open_without_blocking(file)

    def packed_bytes(self, path: str) -> int:
        """The size of a file as it is stored. Raises OSError."""
        return os.stat(f"{self.path}/{path}").st_size  # noqa: PTH116

    unpacked_bytes = packed_bytes

    def read(self, path: str, limit: int) -> bytes:
        """Read a file of at most `limit` bytes. Raises OSError or ValueError."""
        file = f"{self.path}/{path}"
        status = os.stat(file)  # noqa: PTH116
        if not stat.S_ISREG(status.st_mode):
            raise ValueError("it is not a file")
        if status.st_size > limit:
            raise ValueError(f"{status.st_size:,} bytes are over the limit of {limit:,}")
        with open_without_blocking(file) as opened:
            # A buffer of `limit` bytes would take longer to allocate.
            data: bytes = opened.read(status.st_size + 1)
        if len(data) > status.st_size:
            raise ValueError("it grew while it was read")
        return data

    def _has_link(self, path: str) -> bool:
        """Whether `path`, or a folder on the way to it, is a link."""
        ends = (at for at, sign in enumerate(f"{path}/") if sign == "/")
        return any(os.path.islink(f"{self.path}/{path[:end]}") for end in ends)  # noqa: PTH114


Container = Folder | ZipArchive | TarArchive
_TOP = frozenset(("", "."))  # spellings of the container's own folder


@dataclass(frozen=True, slots=True)
class SourceLocation:
    """The folder or archive that a source of posts is in, and the folder inside it.

    `siblings` are the sources in the same container. `own_folder_only`: rows name only files in the
    source's own folder.
    """

    container: Container
    folder: str = ""
    siblings: SiblingSources | None = None
    own_folder_only: bool = False

    @property
    def folder_path(self) -> str:
        """The absolute path of the source's own folder."""
        if self.folder in _TOP:
            return self.container_path
        return f"{self.container.path}/{self.folder}"

    @property
    def container_path(self) -> str:
        """The absolute path of the folder or archive."""
        return str(self.container.path)

    @property
    def prefix(self) -> str:
        """The source's own folder as the beginning of a path: `a/b/`, or nothing."""
        return f"{self.folder}/" if self.folder not in _TOP else ""

    def prefixes_above(self, named: str) -> Iterator[str]:
        """The folders above the source's own, as beginnings of paths: `a/`, then nothing.

        Folders of other sources are left out, since their pictures are probably theirs, unless the
        path `named` leads back into the source's own folder.
        """
        if self.own_folder_only or self.folder in _TOP:
            return
        own = PurePosixPath(self.folder)
        first_step = PurePosixPath(named.replace("\\", "/")).parts[:1]
        source_folders = self.siblings.folders if self.siblings else frozenset()
        for parent in own.parents:
            path = parent.as_posix()
            if path not in source_folders or own.relative_to(parent).parts[:1] == first_step:
                yield "" if path == "." else f"{path}/"


def open_media_root(path: Path) -> Container:
    """Open a folder or an archive of media, with all links followed.

    Raises SourceError if it is neither.
    """
    name = printable(str(path))
    try:
        root = path.resolve()
        if printable(str(root)) != str(root):
            raise SourceError(f"{name}: its name is not valid UTF-8. Rename it.")
        return container_at(root)
    except (OSError, RuntimeError, ValueError):
        raise SourceError(f"{name}: there is no such media folder or archive.") from None


def container_at(root: Path) -> Container:
    """The folder or archive at an absolute path. Raises OSError if it is neither."""
    status = root.stat()
    if stat.S_ISDIR(status.st_mode):
        return Folder(root)
    if stat.S_ISREG(status.st_mode):
        return archive_at(root) or ZipArchive(root)  # opening it says what is wrong with it
    raise OSError(f"{root} is neither a folder nor an archive")
