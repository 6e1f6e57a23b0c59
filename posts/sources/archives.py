"""Archives, whose members are read in place: zip and tar.

A tar that is compressed as a whole has no beginning of a member to go to. It is unpacked once for
each process into a temporary file without a name, which ends with the process.
"""

import io
import os
import tarfile
import tempfile
import threading
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path, PureWindowsPath
from typing import IO, Any, cast

from frametrace.posts.errors import SourceError
from frametrace.posts.sources.compression import READ_ERRORS, decompressed
from frametrace.posts.sources.paths import printable

__all__ = ["TarArchive", "ZipArchive", "archive_at", "escapes_folder", "has_archive_suffix"]

_SUFFIXES = (".zip", ".tar", ".tgz", ".tbz2", ".txz", ".tar.gz", ".tar.bz2", ".tar.xz", ".tar.zst")

_ZIP_MAGICS = (b"PK\x03\x04", b"PK\x05\x06")  # the second: an archive without members
_TAR_MAGIC_AT, _TAR_MAGIC = 257, b"ustar"  # POSIX.1-1988; what older programs wrote has none

# Others give back whole blocks: 2 kB of bzip2 become 4 GB in memory before the first byte is seen.
_BOUNDED = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})

_SPOOLED = 8 * 2**30  # bytes of a compressed tar; what is larger belongs unpacked on disk
_PIECE = 2**20
_EXTENDED = 2**20  # bytes of a member's long name and attributes, which are read whole
_OUTWARD = ("..", ":", "\0")  # no other relative path needs a second look


@dataclass(frozen=True, slots=True)
class ZipArchive:
    """A zip archive, by its absolute path; it is read in place."""

    path: Path

    def paths(self) -> Iterator[str]:
        """Give every member's name, sorted. Raises SourceError if the archive can't be opened."""
        names = {info.filename for info in self._zip().infolist()}
        return iter(sorted(name for name in names if name and not name.endswith("/")))

    def has_file(self, path: str) -> bool:
        """Whether the archive can be opened and has a member of that name."""
        try:
            return path in self._zip().NameToInfo
        except SourceError:
            return False

    def stays_inside(self, path: str) -> bool:
        """Whether the member's name would stay inside a folder it were unpacked to."""
        return not escapes_folder(path)

    def open(self, path: str) -> IO[bytes]:
        """Open a member, which unpacks no more than what is read of it.

        Raises SourceError or one of `DAMAGED`.
        """
        archive = self._zip()
        info = archive.NameToInfo.get(path)
        if info is None:
            raise FileNotFoundError(0, "the archive has no such member")
        if info.compress_type not in _BOUNDED:
            raise ValueError("its compression is not read; pack it again as an ordinary zip file")
        return archive.open(info)

    def read(self, path: str, limit: int) -> bytes:
        """Read a member; what it declares as its size is not trusted.

        Raises SourceError or one of `DAMAGED`.
        """
        with self.open(path) as opened:
            if (size := self._zip().getinfo(path).file_size) > limit:
                raise ValueError(f"{size:,} bytes are over the limit of {limit:,}")
            return opened.read(limit + 1)

    def _zip(self) -> zipfile.ZipFile:
        try:
            return _opened_zip(*_identity(self.path))
        except READ_ERRORS as error:
            name = printable(self.path.name)
            reason = f"the archive can't be opened: {error}. Copy it again."
            raise SourceError(f"{name}: {reason}") from error


@dataclass(frozen=True, slots=True)
class TarArchive:
    """A tar archive, compressed or not, by its absolute path."""

    path: Path

    def paths(self) -> Iterator[str]:
        """Give every file's name, sorted. Raises SourceError if the archive can't be opened."""
        return iter(sorted(self._tar().members))

    def has_file(self, path: str) -> bool:
        """Whether the archive can be opened and has a file of that name."""
        try:
            return path in self._tar().members
        except SourceError:
            return False

    def stays_inside(self, path: str) -> bool:
        """Whether the member's name would stay inside a folder it were unpacked to."""
        return not escapes_folder(path)

    def open(self, path: str) -> IO[bytes]:
        """Open a file of the archive. Raises SourceError or one of `DAMAGED`."""
        tar = self._tar()
        if path not in tar.members:
            raise FileNotFoundError(0, "the archive has no such member")
        return cast(IO[bytes], _Slice(tar, *tar.members[path]))

    def read(self, path: str, limit: int) -> bytes:
        """Read a file of the archive. Raises SourceError or one of `DAMAGED`."""
        with self.open(path) as opened:
            if (size := self._tar().members[path][1]) > limit:
                raise ValueError(f"{size:,} bytes are over the limit of {limit:,}")
            return opened.read(limit + 1)

    def _tar(self) -> "_OpenedTar":
        try:
            return _opened_tar(*_identity(self.path))
        except READ_ERRORS as error:
            name = printable(self.path.name)
            reason = f"the archive can't be opened: {error}. Copy it again."
            raise SourceError(f"{name}: {reason}") from error


def archive_at(path: Path) -> ZipArchive | TarArchive | None:
    """The archive that a file is, by its first bytes; None if it is none. Raises `DAMAGED`."""
    return _archive(*_identity(path))


def has_archive_suffix(path: str) -> bool:
    """Whether a file's name says that it is an archive."""
    return path.lower().endswith(_SUFFIXES)


def _is_workbook(path: Path) -> bool:
    """Whether a zip archive is what a spreadsheet is packed in."""
    try:
        names = ZipArchive(path)._zip().NameToInfo
    except SourceError:
        return False
    return "[Content_Types].xml" in names or "content.xml" in names


def escapes_folder(path: str) -> bool:
    """Whether a relative path points out of its folder, on any system (`..`, `/x`, `C:x`)."""
    if path[:1] not in {"/", "\\"} and not any(sign in path for sign in _OUTWARD):
        return False
    spelled = PureWindowsPath(path)
    return bool(spelled.anchor) or ".." in spelled.parts or "\0" in path


def _identity(path: Path) -> tuple[Path, int, int, int]:
    """What an opened archive is kept by: each process has its own; a changed file is reopened."""
    status = path.stat()
    return path, os.getpid(), status.st_mtime_ns, status.st_size


@lru_cache(maxsize=64)
def _archive(path: Path, process: int, modified: int, size: int) -> ZipArchive | TarArchive | None:
    with path.open("rb") as file:
        if file.read(4) in _ZIP_MAGICS:
            return None if _is_workbook(path) else ZipArchive(path)
        file.seek(0)
        try:
            with decompressed(file) as stream:
                begins = stream.read(512)
        except READ_ERRORS:
            return None  # whoever reads it is told why it can't be
    return TarArchive(path) if begins[_TAR_MAGIC_AT:].startswith(_TAR_MAGIC) else None


@lru_cache(maxsize=16)
def _opened_zip(path: Path, process: int, modified: int, size: int) -> zipfile.ZipFile:
    """Keep archives open, because finding a member means reading the whole directory."""
    return zipfile.ZipFile(path)


@dataclass(frozen=True, slots=True)
class _OpenedTar:
    """Where the bytes of each file of a tar stand: (offset, size) in `file`."""

    file: IO[bytes]
    members: dict[str, tuple[int, int]]
    lock: threading.Lock

    def __del__(self) -> None:
        self.file.close()


@lru_cache(maxsize=4)
def _opened_tar(path: Path, process: int, modified: int, size: int) -> _OpenedTar:
    with ExitStack() as opened:
        file: IO[bytes] = opened.enter_context(path.open("rb"))
        is_plain = file.read(512)[_TAR_MAGIC_AT:].startswith(_TAR_MAGIC)
        file.seek(0)
        if not is_plain:
            file = opened.enter_context(_spooled(file))
        with tarfile.open(fileobj=file, mode="r:", tarinfo=_BoundedInfo) as tar:
            members = {
                info.name.removeprefix("./"): (info.offset_data, info.size)
                for info in tar
                if info.isreg() and not info.issparse()
            }
        opened.pop_all()
    return _OpenedTar(file, members, threading.Lock())


def _spooled(file: IO[bytes]) -> IO[bytes]:
    spool = cast(IO[bytes], tempfile.TemporaryFile())  # noqa: SIM115
    with decompressed(file) as stream, ExitStack() as failed:
        failed.enter_context(spool)
        while piece := stream.read(_PIECE):
            if spool.tell() > _SPOOLED:
                raise ValueError(
                    f"it holds over {_SPOOLED // 2**30} GB: unpack it (tar xf) and name the folder"
                )
            spool.write(piece)
        failed.pop_all()
    spool.seek(0)
    return spool


class _BoundedInfo(tarfile.TarInfo):
    """A member's header; a long name of gigabytes is refused before it is read."""

    @classmethod
    def frombuf(cls, buf: Any, encoding: str | None, errors: str) -> "_BoundedInfo":
        """Read a header's 512 bytes. Raises tarfile.HeaderError."""
        info = super().frombuf(buf, encoding, errors)  # type: ignore[arg-type]
        if info.size > _EXTENDED and info.type in b"xgLKX":
            raise tarfile.ReadError("a member's name is too long")
        if info.size < 0:  # the library would go back and forth for ever
            raise tarfile.ReadError("a member's size is negative")
        return info


class _Slice(io.RawIOBase):
    """A part of a file that others read as well."""

    def __init__(self, tar: _OpenedTar, offset: int, size: int) -> None:
        self._tar, self._at, self._left = tar, offset, size

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill the buffer with what comes next."""
        view = memoryview(buffer)[: self._left]
        with self._tar.lock:
            self._tar.file.seek(self._at)
            count = self._tar.file.readinto(view)  # type: ignore[attr-defined]
        if not count and self._left and len(view):
            raise EOFError("the archive ends before its member does")
        self._at += count
        self._left -= count
        return int(count)
