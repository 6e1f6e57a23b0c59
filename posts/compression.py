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
from typing import IO, Any, cast

__all__ = ["DAMAGED", "SUFFIXES", "name_of", "unpacked"]

# What the libraries raise on archives that are cut off, garbled, encrypted or exotic.
DAMAGED = (
    OSError,
    EOFError,
    RuntimeError,
    ValueError,
    OverflowError,
    struct.error,
    zlib.error,
    lzma.LZMAError,
    tarfile.TarError,
    zipfile.BadZipFile,
)

SUFFIXES = frozenset({".gz", ".bz2", ".xz", ".zst"})

_BUFFER = 2**18
# Pushshift's archives use windows of 2 GB, which a reader must hold (zstd --long=31).
_ZSTD_WINDOW = 2**31
_ZSTD_PIECE = 2**11  # bytes unpacked at once: four may be a block of 128 kB, and all of them 64 MB
_NESTED = 2  # `posts.csv.gz` inside a `.gz` happens; more than that is a trap


def unpacked(raw: IO[bytes]) -> "io.BufferedReader[Any]":
    """The stream itself, or what it holds if it is compressed. Raises one of `DAMAGED`."""
    stream: io.BufferedReader[Any] = io.BufferedReader(cast(io.RawIOBase, raw), _BUFFER)
    for _ in range(_NESTED):
        try:
            begins = stream.peek(6)[:6]
        except DAMAGED:
            raw.close()
            raise
        opened = next((how for magic, how in _BY_MAGIC.items() if begins.startswith(magic)), None)
        if opened is None:
            break
        stream = io.BufferedReader(opened(stream), _BUFFER)
    return stream


def name_of(begins: bytes) -> str:
    """How a file that begins so is compressed; empty where it isn't."""
    return next((name for magic, name in _NAMES.items() if begins.startswith(magic)), "")


class _ByPiece(io.RawIOBase):
    """A stream that gives what it has: one that fills a buffer loses what comes before a damage."""

    def __init__(self, stream: Any, packed: IO[bytes]) -> None:
        self._stream, self._packed = stream, packed

    def close(self) -> None:
        """Close what it reads as well."""
        self._packed.close()
        super().close()

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Put what comes next into the buffer."""
        piece = self._stream.read1(len(buffer))
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


_BY_MAGIC: Mapping[bytes, Callable[[Any], Any]] = {
    b"\x1f\x8b": lambda stream: _ByPiece(gzip.GzipFile(fileobj=stream), stream),
    b"BZh": lambda stream: _ByPiece(bz2.BZ2File(stream), stream),
    b"\xfd7zXZ\x00": lambda stream: _ByPiece(lzma.LZMAFile(stream), stream),  # noqa: SIM115
    b"\x28\xb5\x2f\xfd": _Zstandard,
}
_NAMES: Mapping[bytes, str] = {
    **{b"\x1f\x8b": "gzip", b"BZh": "bzip2", b"\xfd7zXZ\x00": "xz"},
    b"\x28\xb5\x2f\xfd": "Zstandard",
}
