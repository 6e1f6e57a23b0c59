"""Reads the members of zip and tar archives in place.

In a tar that is compressed as a whole, members can't be reached one by one. Each process unpacks it
once into an unnamed temporary file, which is deleted when the process ends.
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
from frametrace.posts.sources.compression import READ_ERRORS, bounded, decompressed
from frametrace.posts.sources.paths import printable

__all__ = ["TarArchive", "ZipArchive", "archive_at", "escapes_folder", "has_archive_suffix"]

_SUFFIXES = (".zip", ".tar", ".tgz", ".tbz2", ".txz", ".tar.gz", ".tar.bz2", ".tar.xz", ".tar.zst")

_ZIP_MAGICS = (b"PK\x03\x04", b"PK\x05\x06")  # the second: an archive without members
_ZIP_HEADER = 30  # bytes of a member's header, without its name
_TAR_MAGIC_AT, _TAR_MAGIC = 257, b"ustar"  # POSIX.1-1988; older programs wrote none

# Other methods return whole blocks: 2 kB of bzip2 become 4 GB in memory before the first byte.
_STREAMED_METHODS = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})

_MAX_UNPACKED_TAR = 8 * 2**30  # bytes of a compressed tar; unpack a larger one on disk
_CHUNK = 2**20  # bytes
_MAX_EXTENDED_HEADER = 2**20  # bytes of a member's long name and attributes, which are read whole
_SUSPICIOUS = ("..", ":", "\0")  # a relative path without these stays in its folder


@dataclass(frozen=True, slots=True)
class ZipArchive:
    """A zip archive, by its absolute path."""

    path: Path

    def paths(self) -> Iterator[str]:
        """Yield every member's name, sorted. Raises SourceError if the archive can't be opened."""
        names = {info.filename for info in self._zip().infolist()}
        return iter(sorted(name for name in names if name and not name.endswith("/")))

    def has_file(self, path: str) -> bool:
        """Whether the archive can be opened and has a member of that name."""
        try:
            return path in self._zip().NameToInfo
        except SourceError:
            return False

    def stays_inside(self, path: str) -> bool:
        """Whether the member would stay inside the folder that it is unpacked to."""
        return not escapes_folder(path)

    def open(self, path: str) -> IO[bytes]:
        """Open a member; it is unpacked only as far as it is read.

        Raises SourceError or one of `READ_ERRORS`.
        """
        archive = self._zip()
        info = archive.NameToInfo.get(path)
        if info is None:
            raise FileNotFoundError(0, "the archive has no such member")
        if info.compress_type not in _STREAMED_METHODS:
            raise ValueError("its compression is not read; pack it again as an ordinary zip file")
        return archive.open(info)

    def packed_bytes(self, path: str) -> int:
        """The size of a member as it is stored; 0 if there is none. Raises SourceError."""
        info = self._zip().NameToInfo.get(path)
        return info.compress_size if info else 0

    def unpacked_bytes(self, path: str) -> int:
        """The size that a member declares; 0 if there is none. Raises SourceError."""
        info = self._zip().NameToInfo.get(path)
        return info.file_size if info else 0

    def read(self, path: str, limit: int) -> bytes:
        """Read a member of at most `limit` bytes; the size that it declares is not trusted.

        Raises SourceError or one of `READ_ERRORS`.
        """
        with self.open(path) as opened:
            if (size := self._zip().getinfo(path).file_size) > limit:
                raise ValueError(f"{size:,} bytes are over the limit of {limit:,}")
            return opened.read(limit + 1)

    def _zip(self) -> zipfile.ZipFile:
        try:
            return _opened_zip(*_identity(self.path))
        except READ_ERRORS as error:
            raise _unreadable(self.path, error) from error


@dataclass(frozen=True, slots=True)
class TarArchive:
    """A tar archive, compressed or not, by its absolute path."""

    path: Path

    def paths(self) -> Iterator[str]:
        """Yield every file's name, sorted. Raises SourceError if the archive can't be opened."""
        return iter(sorted(self._tar().members))

    def has_file(self, path: str) -> bool:
        """Whether the archive can be opened and has a file of that name."""
        try:
            return path in self._tar().members
        except SourceError:
            return False

    def stays_inside(self, path: str) -> bool:
        """Whether the member would stay inside the folder that it is unpacked to."""
        return not escapes_folder(path)

    def open(self, path: str) -> IO[bytes]:
        """Open a file of the archive. Raises SourceError or one of `READ_ERRORS`."""
        tar = self._tar()
        if path not in tar.members:
            raise FileNotFoundError(0, "the archive has no such member")
        return cast(IO[bytes], _MemberStream(tar, *tar.members[path]))

    def packed_bytes(self, path: str) -> int:
        """The size of a file as it is stored; 0 if there is none. Raises SourceError."""
        return self._tar().members.get(path, (0, 0))[1]

    unpacked_bytes = packed_bytes

    def read(self, path: str, limit: int) -> bytes:
        """Read a file of at most `limit` bytes. Raises SourceError or one of `READ_ERRORS`."""
        with self.open(path) as opened:
            if (size := self._tar().members[path][1]) > limit:
                raise ValueError(f"{size:,} bytes are over the limit of {limit:,}")
            return opened.read(limit + 1)

    def _tar(self) -> "_OpenedTar":
        try:
            return _opened_tar(*_identity(self.path))
        except READ_ERRORS as error:
            raise _unreadable(self.path, error) from error


def archive_at(path: Path) -> ZipArchive | TarArchive | None:
    """Recognise an archive by its first bytes; None for other files. Raises `READ_ERRORS`."""
    return _archive(*_identity(path))


def has_archive_suffix(path: str) -> bool:
    """Whether a file's name ends in the suffix of an archive."""
    return path.lower().endswith(_SUFFIXES)


def _unreadable(path: Path, error: Exception) -> SourceError:
    reason = f"the archive can't be opened: {error}. Copy it again."
    return SourceError(f"{printable(path.name)}: {reason}")


def _is_workbook(path: Path) -> bool:
    """Whether a zip archive is a spreadsheet (xlsx, ods)."""
    try:
        names = ZipArchive(path)._zip().NameToInfo
    except SourceError:
        return False
    return "[Content_Types].xml" in names or "content.xml" in names


def escapes_folder(path: str) -> bool:
    """Whether a relative path leads out of its folder, on any system (`..`, `/x`, `C:x`)."""
    if path[:1] not in {"/", "\\"} and not any(sign in path for sign in _SUSPICIOUS):
        return False
    windows_path = PureWindowsPath(path)
    return bool(windows_path.anchor) or ".." in windows_path.parts or "\0" in path


def _identity(path: Path) -> tuple[Path, int, int, int]:
    """The key of an opened archive: each process opens its own, and a changed file again."""
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
                first_bytes = stream.read(512)
        except READ_ERRORS:
            return None  # reading it raises the error again
    return TarArchive(path) if first_bytes[_TAR_MAGIC_AT:].startswith(_TAR_MAGIC) else None


@lru_cache(maxsize=16)
def _opened_zip(path: Path, process: int, modified: int, size: int) -> zipfile.ZipFile:
    """Open an archive and keep it open: to find a member, its whole directory is read.

    Raises BadZipFile if members share bytes: 20,000 of them could unpack one stream 20,000 times.
    """
    archive = zipfile.ZipFile(path)
    end = 0
    for member in sorted(archive.infolist(), key=lambda member: member.header_offset):
        if member.header_offset < end:
            archive.close()
            raise zipfile.BadZipFile("its members overlap, which no program for archives makes")
        end = member.header_offset + _ZIP_HEADER + member.compress_size
    return archive


@dataclass(frozen=True, slots=True)
class _OpenedTar:
    """An open tar and where each member's bytes are: (offset, size) in `file`."""

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
            file = opened.enter_context(_unpacked_copy(file))
        with tarfile.open(fileobj=file, mode="r:", tarinfo=_BoundedInfo) as tar:
            members = {
                info.name.removeprefix("./"): (info.offset_data, info.size)
                for info in tar
                if info.isreg() and not info.issparse()
            }
        opened.pop_all()
    return _OpenedTar(file, members, threading.Lock())


def _unpacked_copy(file: IO[bytes]) -> IO[bytes]:
    copy = cast(IO[bytes], tempfile.TemporaryFile())  # noqa: SIM115
    packed_bytes = os.fstat(file.fileno()).st_size
    with bounded(decompressed(file), packed_bytes) as stream, ExitStack() as failed:
        failed.enter_context(copy)
        while chunk := stream.read(_CHUNK):
            if copy.tell() > _MAX_UNPACKED_TAR:
                raise ValueError(
                    f"it holds over {_MAX_UNPACKED_TAR // 2**30} GB: unpack it (tar xf) "
                    "and name the folder"
                )
            copy.write(chunk)
        failed.pop_all()
    copy.seek(0)
    return copy


class _BoundedInfo(tarfile.TarInfo):
    """A member's header; a name of gigabytes is refused before it is read."""

    @classmethod
    def frombuf(cls, buf: Any, encoding: str | None, errors: str) -> "_BoundedInfo":
        """Read a header's 512 bytes. Raises tarfile.HeaderError."""
        info = super().frombuf(buf, encoding, errors)  # type: ignore[arg-type]
        if info.size > _MAX_EXTENDED_HEADER and info.type in b"xgLKX":
            raise tarfile.ReadError("a member's name is too long")
        if info.size < 0:  # tarfile would loop forever
            raise tarfile.ReadError("a member's size is negative")
        return info


class _MemberStream(io.RawIOBase):
    """A member of a tar, read through the file object that all members share."""

    def __init__(self, tar: _OpenedTar, offset: int, size: int) -> None:
        self._tar, self._at, self._left = tar, offset, size

    def readable(self) -> bool:
        """Always true."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill the buffer with the next bytes."""
        view = memoryview(buffer)[: self._left]
        with self._tar.lock:
            self._tar.file.seek(self._at)
            count = self._tar.file.readinto(view)  # type: ignore[attr-defined]
        if not count and self._left and len(view):
            raise EOFError("the archive ends before its member does")
        self._at += count
        self._left -= count
        return int(count)
