"""Opening what a user points at: a file, a `.gz`, the members of a `.zip`, or a folder.

Everything is streamed and nothing is unpacked to disk, so an archive may be larger than memory.
"""

import gzip
import io
import lzma
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, TextIO, cast

from frametrace.posts.errors import SourceError

__all__ = ["DAMAGED", "LINE_LIMIT", "Source", "sources_in"]

# No post is longer; a decompression bomb without a line break ends here instead of in memory.
LINE_LIMIT = 2**24

# What the standard library raises on archives that are cut off, garbled, encrypted or exotic.
DAMAGED = (
    OSError,
    EOFError,
    RuntimeError,
    ValueError,
    OverflowError,
    struct.error,
    zlib.error,
    lzma.LZMAError,
    zipfile.BadZipFile,
)

_ZIP_MAGIC = b"PK\x03\x04"
_GZIP_MAGIC = b"\x1f\x8b"
_TABLE_SUFFIXES = frozenset({".csv", ".gz", ".json", ".jsonl", ".ndjson", ".txt"})
_BUFFER = 2**18


@dataclass(frozen=True, slots=True)
class Source:
    """One thing to read: a file, a folder, or one member of a zip archive."""

    path: Path
    member: str = ""

    @property
    def name(self) -> str:
        """How posts, skipped rows and messages name it: never with the folders above it."""
        name = f"{self.path.name}/{self.member}" if self.member else self.path.name
        return name.encode("utf-8", "backslashreplace").decode()

    @contextmanager
    def lines(self) -> Iterator[Iterator[str]]:
        """Open the text and hand out its lines, without NUL characters, cut at `LINE_LIMIT`.

        Bytes that aren't UTF-8 become U+FFFD. Raises SourceError where the bytes can't be read.
        """
        with ExitStack() as stack:
            try:
                text = self._open(stack)
            except DAMAGED as error:
                raise SourceError(f"{self.name}: can't be opened: {error}") from error
            yield self._bounded(text)

    def _open(self, stack: ExitStack) -> TextIO:
        raw: IO[bytes] = stack.enter_context(self.path.open("rb"))
        if self.member:
            archive = stack.enter_context(zipfile.ZipFile(raw))
            raw = stack.enter_context(archive.open(self.member))
        buffered = io.BufferedReader(cast(io.RawIOBase, raw), _BUFFER)
        packed = buffered.peek(2)[:2] == _GZIP_MAGIC
        plain = gzip.GzipFile(fileobj=buffered) if packed else buffered
        return stack.enter_context(
            io.TextIOWrapper(plain, encoding="utf-8-sig", errors="replace", newline="")
        )

    def _bounded(self, text: TextIO) -> Iterator[str]:
        try:
            while line := text.readline(LINE_LIMIT):
                yield line.replace("\0", "")
                while len(line) == LINE_LIMIT and line[-1] not in "\r\n":
                    line = text.readline(LINE_LIMIT)
        except DAMAGED as error:
            raise SourceError(f"{self.name}: damaged from here on: {error}") from error


def sources_in(path: Path) -> tuple[Source, ...]:
    """List what can be read at `path`: itself, or the text members of a zip archive, sorted.

    Raises SourceError when there is nothing to read.
    """
    try:
        if path.is_dir():
            return (Source(path.resolve()),)
        if not path.is_file():
            raise SourceError(f"{path}: there is no such file or folder.")
        with path.open("rb") as file:
            if file.read(len(_ZIP_MAGIC)) != _ZIP_MAGIC:
                return (Source(path),)
        with zipfile.ZipFile(path) as archive:
            members = sorted(filter(_is_text, archive.namelist()))
    except DAMAGED as error:
        raise SourceError(f"{path.name!r}: can't be opened: {error}") from error
    if not members:
        raise SourceError(
            f"{path.name}: the archive holds no CSV or JSONL file. "
            "If it holds pictures, give it as media beside the posts that carry them."
        )
    return tuple(Source(path, member) for member in members)


def _is_text(member: str) -> bool:
    path = PurePosixPath(member)
    hidden = path.name.startswith(".") or "__MACOSX" in path.parts
    return path.suffix.lower() in _TABLE_SUFFIXES and not hidden
