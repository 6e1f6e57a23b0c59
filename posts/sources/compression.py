"""Decompresses gzip, bzip2, xz and Zstandard streams, which are recognised by their first bytes.

A stream is decompressed only as far as it is read, so a decompression bomb costs nothing by itself;
`bounded` ends it where somebody reads on.
"""

import bz2
import gzip
import io
import lzma
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Mapping
from functools import partial
from typing import IO, Any, cast

__all__ = ["COMPRESSED_SUFFIXES", "READ_ERRORS", "bounded", "compression_of", "decompressed"]

# Raised by the libraries for files that are truncated, damaged, encrypted or unsupported.
READ_ERRORS = (
    OSError,
    EOFError,
    RuntimeError,
    ValueError,
    OverflowError,
    MemoryError,  # if a header asks for too much
    struct.error,
    zlib.error,
    lzma.LZMAError,
    tarfile.TarError,
    zipfile.BadZipFile,
)

COMPRESSED_SUFFIXES = frozenset({".gz", ".bz2", ".xz", ".zst"})

_BUFFER = 2**18  # bytes
# Pushshift's archives use windows of 2 GB, which a reader must hold (zstd --long=31).
_ZSTD_WINDOW = 2**31
_XZ_MEMORY = 2**29  # bytes: `xz -9` needs 65 MB, and no file that anybody shares over 200 MB
_MEMBER_CHUNK = 2**16  # bytes
_MAX_EMPTY_MEMBERS = 1000  # in a row
_MAX_EMPTY_BYTES = 2**22  # of compressed data in a row without content
_ZSTD_CHUNK = 2**11  # bytes of input; four may be a block of 128 kB, so a chunk makes up to 64 MB
# Real exports shrink to a third or a fifth: X's of September 2020 (Thailand), tables of CooRTweet.
# Deflate can shrink bytes that repeat to a thousandth, the other formats even more: reading 1.5 MB
# would take hours.
_MAX_RATIO = 100
_MIN_BOMB = 2**26  # bytes of content; what is smaller is read whatever its ratio
_MAX_NESTING = 2  # `posts.csv.gz` inside a `.gz` happens; more is a trap


def decompressed(raw: IO[bytes]) -> "io.BufferedReader[Any]":
    """The stream itself, or its content if it is compressed. Raises one of `READ_ERRORS`."""
    stream: io.BufferedReader[Any] = (
        raw
        if isinstance(raw, io.BufferedReader)
        else io.BufferedReader(cast(io.RawIOBase, raw), _BUFFER)
    )
    for _ in range(_MAX_NESTING):
        try:
            first_bytes = stream.peek(6)[:6]
        except READ_ERRORS:
            raw.close()
            raise
        if (known := _format_of(first_bytes)) is None:
            break
        stream = io.BufferedReader(known[1](stream), _BUFFER)
    return stream


def bounded(stream: IO[bytes], packed_bytes: int) -> "io.BufferedReader[Any]":
    """The content of `packed_bytes`; reading it raises ValueError where it is a decompression bomb.

    Raises ValueError beyond 100 times these bytes, and 64 MB.
    """
    limit = max(_MIN_BOMB, _MAX_RATIO * packed_bytes)
    return io.BufferedReader(_Bounded(stream, limit), _BUFFER)


class _Content(io.RawIOBase):
    """What is read from a `_source`, which is closed with it."""

    _source: IO[bytes]

    def close(self) -> None:
        """Close the source as well."""
        self._source.close()
        super().close()

    def readable(self) -> bool:
        """Always true."""
        return True


class _Bounded(_Content):
    """A stream that ends with an error after a number of bytes."""

    def __init__(self, stream: IO[bytes], limit: int) -> None:
        self._source, self._limit, self._left = stream, limit, limit

    def readinto(self, buffer: Any) -> int:
        """Fill the buffer with the next bytes. Raises one of `READ_ERRORS`."""
        chunk = self._source.read1(len(buffer))  # type: ignore[attr-defined]
        self._left -= len(chunk)
        if self._left < 0:
            raise ValueError(
                f"it unpacks to over {self._limit // 2**20:,} MB, {_MAX_RATIO} times its size; if "
                "that is right, unpack it and name the unpacked file"
            )
        buffer[: len(chunk)] = chunk
        return len(chunk)


def compression_of(first_bytes: bytes) -> str:
    """The name of a file's compression, by its first bytes; empty if it has none."""
    known = _format_of(first_bytes)
    return known[0] if known else ""


def _format_of(first_bytes: bytes) -> tuple[str, Callable[[Any], Any]] | None:
    return next((known for magic, known in _FORMATS.items() if first_bytes.startswith(magic)), None)


class _GzipInput:
    """The input of gzip; the library would take hours for millions of empty members."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream, self.empty_bytes = stream, 0

    def read(self, size: int = -1) -> bytes:
        """Read bytes. Raises ValueError if too many of them held no content."""
        data = self._stream.read(size)
        self.empty_bytes += len(data)
        if self.empty_bytes > _MAX_EMPTY_BYTES:
            raise ValueError("there are too many empty members in it")
        return data


class _Gzip(_Content):
    """Gzip content. It returns what it has: filling a buffer would lose the bytes before damage."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._source, self._input = stream, _GzipInput(stream)
        self._stream = gzip.GzipFile(fileobj=cast(IO[bytes], self._input))

    def readinto(self, buffer: Any) -> int:
        """Fill the buffer with the next bytes. Raises one of `READ_ERRORS`."""
        chunk = self._stream.read1(len(buffer))
        buffer[: len(chunk)] = chunk
        self._input.empty_bytes = 0
        return len(chunk)


class _Members(_Content):
    """The content of bzip2 or xz members that follow each other.

    It returns what it has, like `_Gzip`. The library's own streams take hours for millions of empty
    members, and 4 GB of memory if a header of 40 bytes asks for it.
    """

    def __init__(self, stream: IO[bytes], magic: bytes, new_member: Callable[[], Any]) -> None:
        self._source, self._magic, self._new_member = stream, magic, new_member
        self._member, self._packed, self._empty = new_member(), b"", 0

    def readinto(self, buffer: Any) -> int:
        """Fill the buffer with the next bytes. Raises one of `READ_ERRORS`."""
        while True:
            if not self._packed and (self._member.needs_input or self._member.eof):
                self._packed = self._source.read(_MEMBER_CHUNK)
                if not self._packed and not self._member.eof:
                    raise EOFError("the compressed data is cut off")
            if self._member.eof:
                self._packed = self._packed.lstrip(b"\0")  # padding between members
                if not self._packed.startswith(self._magic):
                    return 0
                self._empty += 1
                if self._empty > _MAX_EMPTY_MEMBERS:
                    raise ValueError(f"there are over {_MAX_EMPTY_MEMBERS:,} empty members in it")
                self._member = self._new_member()
            chunk = self._member.decompress(self._packed, len(buffer))
            self._packed = self._member.unused_data
            if chunk:
                self._empty = 0
                buffer[: len(chunk)] = chunk
                return len(chunk)


class _Zstandard(_Content):
    """The content of Zstandard frames; the library's own stream doesn't report truncated ones."""

    def __init__(self, stream: IO[bytes]) -> None:
        import zstandard

        self._error = zstandard.ZstdError
        self._decompressor = zstandard.ZstdDecompressor(max_window_size=_ZSTD_WINDOW)
        self._source, self._rest, self._content = stream, b"", memoryview(b"")
        self._frame: Any = None

    def readinto(self, buffer: Any) -> int:
        """Fill the buffer with the next bytes. Raises EOFError, or OSError for damaged data."""
        while not self._content:
            packed = self._rest or self._source.read(_ZSTD_CHUNK)
            self._rest = b""
            if not packed:
                if self._frame is not None:
                    raise EOFError("the Zstandard data is cut off")
                return 0
            if self._frame is None:
                self._frame = self._decompressor.decompressobj()
            try:
                self._content = memoryview(self._frame.decompress(packed))
            except self._error as error:
                raise OSError(f"damaged Zstandard data: {error}") from None
            if self._frame.eof:
                self._rest, self._frame = self._frame.unused_data, None
        chunk = self._content[: len(buffer)]
        self._content = self._content[len(chunk) :]
        buffer[: len(chunk)] = chunk
        return len(chunk)


def _xz() -> lzma.LZMADecompressor:
    return lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_XZ_MEMORY)


_BZ2, _XZ = b"BZh", b"\xfd7zXZ\x00"
# By the first bytes: the name of the compression, and the stream that undoes it.
_FORMATS: Mapping[bytes, tuple[str, Callable[[Any], Any]]] = {
    b"\x1f\x8b": ("gzip", _Gzip),
    _BZ2: ("bzip2", partial(_Members, magic=_BZ2, new_member=bz2.BZ2Decompressor)),
    _XZ: ("xz", partial(_Members, magic=_XZ, new_member=_xz)),
    b"\x28\xb5\x2f\xfd": ("Zstandard", _Zstandard),
}
