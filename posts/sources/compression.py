"""Streams that unpack what they read, by what the bytes are: gzip, bzip2, xz and Zstandard.

No more is unpacked than what is read: a small file that would become gigabytes costs nothing until
somebody reads that far.
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

__all__ = ["COMPRESSED_SUFFIXES", "READ_ERRORS", "compression_of", "decompressed"]

# What the libraries raise on archives that are cut off, garbled, encrypted or exotic.
READ_ERRORS = (
    OSError,
    EOFError,
    RuntimeError,
    ValueError,
    OverflowError,
    MemoryError,  # for what a header asks for
    struct.error,
    zlib.error,
    lzma.LZMAError,
    tarfile.TarError,
    zipfile.BadZipFile,
)

COMPRESSED_SUFFIXES = frozenset({".gz", ".bz2", ".xz", ".zst"})

_BUFFER = 2**18
# Pushshift's archives use windows of 2 GB, which a reader must hold (zstd --long=31).
_ZSTD_WINDOW = 2**31
_XZ_MEMORY = 2**29  # bytes: `xz -9` needs 65 MB, and no file that anybody shares over 200 MB
_MEMBER_PIECE = 2**16
_EMPTY = 1000  # members without content, one after the other
_IN_VAIN = 2**22  # bytes of them
_ZSTD_PIECE = 2**11  # bytes unpacked at once: four may be a block of 128 kB, and all of them 64 MB
_NESTED = 2  # `posts.csv.gz` inside a `.gz` happens; more than that is a trap


def decompressed(raw: IO[bytes]) -> "io.BufferedReader[Any]":
    """The stream itself, or what it holds if it is compressed. Raises one of `DAMAGED`."""
    stream: io.BufferedReader[Any] = io.BufferedReader(cast(io.RawIOBase, raw), _BUFFER)
    for _ in range(_NESTED):
        try:
            begins = stream.peek(6)[:6]
        except READ_ERRORS:
            raw.close()
            raise
        opened = next((how for magic, how in _BY_MAGIC.items() if begins.startswith(magic)), None)
        if opened is None:
            break
        stream = io.BufferedReader(opened(stream), _BUFFER)
    return stream


def compression_of(begins: bytes) -> str:
    """How a file that begins so is compressed; empty where it isn't."""
    return next((name for magic, name in _NAMES.items() if begins.startswith(magic)), "")


class _Packed:
    """What gzip reads; the library takes hours for millions of empty members."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream, self.in_vain = stream, 0

    def read(self, size: int = -1) -> bytes:
        """Read bytes. Raises ValueError where too many came to nothing."""
        data = self._stream.read(size)
        self.in_vain += len(data)
        if self.in_vain > _IN_VAIN:
            raise ValueError("there are too many empty members in it")
        return data


class _Gzip(io.RawIOBase):
    """A stream that gives what it has: one that fills a buffer loses what comes before a damage."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._closes, self._packed = stream, _Packed(stream)
        self._stream = gzip.GzipFile(fileobj=cast(IO[bytes], self._packed))

    def close(self) -> None:
        """Close what it reads as well."""
        self._closes.close()
        super().close()

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Put what comes next into the buffer. Raises one of `DAMAGED`."""
        piece = self._stream.read1(len(buffer))
        buffer[: len(piece)] = piece
        self._packed.in_vain = 0
        return len(piece)


class _Members(io.RawIOBase):
    """Members of bzip2 or xz, one after the other.

    It gives what it has, as that of gzip does. The library's own streams take hours for millions of
    empty members, and 4 GB of memory where a header of 40 bytes asks for it.
    """

    def __init__(self, stream: IO[bytes], magic: bytes, fresh: Callable[[], Any]) -> None:
        self._stream, self._magic, self._fresh = stream, magic, fresh
        self._member, self._packed, self._empty = fresh(), b"", 0

    def close(self) -> None:
        """Close what it reads as well."""
        self._stream.close()
        super().close()

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Put what comes next into the buffer. Raises one of `DAMAGED`."""
        while True:
            if not self._packed and (self._member.needs_input or self._member.eof):
                self._packed = self._stream.read(_MEMBER_PIECE)
                if not self._packed and not self._member.eof:
                    raise EOFError("the compressed data ends before its end")
            if self._member.eof:
                self._packed = self._packed.lstrip(b"\0")  # what may stand between members
                if not self._packed.startswith(self._magic):
                    return 0
                self._empty += 1
                if self._empty > _EMPTY:
                    raise ValueError(f"there are over {_EMPTY:,} empty members in it")
                self._member = self._fresh()
            piece = self._member.decompress(self._packed, len(buffer))
            self._packed = self._member.unused_data
            if piece:
                self._empty = 0
                buffer[: len(piece)] = piece
                return len(piece)


class _Zstandard(io.RawIOBase):
    """Frames of Zstandard; the library's own stream doesn't say where one is cut off."""

    def __init__(self, stream: IO[bytes]) -> None:
        import zstandard

        self._error = zstandard.ZstdError
        self._decompressor = zstandard.ZstdDecompressor(max_window_size=_ZSTD_WINDOW)
        self._stream, self._rest, self._held = stream, b"", memoryview(b"")
        self._frame: Any = None

    def readable(self) -> bool:
        """It is."""
        return True

    def close(self) -> None:
        """Close what it reads as well."""
        self._stream.close()
        super().close()

    def readinto(self, buffer: Any) -> int:
        """Put what comes next into the buffer. Raises EOFError, or OSError for damaged data."""
        while not self._held:
            packed = self._rest or self._stream.read(_ZSTD_PIECE)
            self._rest = b""
            if not packed:
                if self._frame is not None:
                    raise EOFError("the Zstandard data ends before its end")
                return 0
            if self._frame is None:
                self._frame = self._decompressor.decompressobj()
            try:
                self._held = memoryview(self._frame.decompress(packed))
            except self._error as error:
                raise OSError(f"damaged Zstandard data: {error}") from None
            if self._frame.eof:
                self._rest, self._frame = self._frame.unused_data, None
        part = self._held[: len(buffer)]
        self._held = self._held[len(part) :]
        buffer[: len(part)] = part
        return len(part)


def _xz() -> lzma.LZMADecompressor:
    return lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_XZ_MEMORY)


_BZ2, _XZ = b"BZh", b"\xfd7zXZ\x00"
_BY_MAGIC: Mapping[bytes, Callable[[Any], Any]] = {
    b"\x1f\x8b": _Gzip,
    _BZ2: partial(_Members, magic=_BZ2, fresh=bz2.BZ2Decompressor),
    _XZ: partial(_Members, magic=_XZ, fresh=_xz),
    b"\x28\xb5\x2f\xfd": _Zstandard,
}
_NAMES: Mapping[bytes, str] = {
    **{b"\x1f\x8b": "gzip", b"BZh": "bzip2", b"\xfd7zXZ\x00": "xz"},
    b"\x28\xb5\x2f\xfd": "Zstandard",
}
