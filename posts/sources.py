"""Opening what a user points at: a file, a `.gz`, the members of a `.zip`, or a folder.

Everything is streamed and nothing is unpacked to disk, so an archive may be larger than memory.
"""

import codecs
import gzip
import io
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, TextIO, cast

from frametrace.posts.errors import SourceError
from frametrace.posts.folders import printable

__all__ = ["DAMAGED", "LINE_LIMIT", "Source", "open_member", "sources_in"]

# Characters. A page of 500 tweets with everything that the API tells of them has some 3 million;
# a decompression bomb without a line break ends here instead of in memory.
LINE_LIMIT = 2**23

# What the standard library raises on archives that are cut off, garbled, encrypted or exotic.
DAMAGED = (
    OSError,
    EOFError,
    RuntimeError,
    ValueError,
    OverflowError,
    struct.error,
    zlib.error,
    zipfile.BadZipFile,
)

_ZIP_MAGICS = (b"PK\x03\x04", b"PK\x05\x06")  # the second: an archive without members
_GZIP_MAGIC = b"\x1f\x8b"
_TABLE_SUFFIXES = frozenset({".csv", ".gz", ".json", ".jsonl", ".ndjson", ".txt"})
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")
_BUFFER = 2**18
_PIECE = 2**16  # bytes

# Others give back whole blocks: 2 kB of bzip2 become 4 GB in memory before the first byte is seen.
_BOUNDED = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})


@dataclass(frozen=True, slots=True)
class Source:
    """One thing to read: a file, a folder, or one member of a zip archive."""

    path: Path
    member: str = ""

    @property
    def name(self) -> str:
        """How posts, skipped rows and messages name it: never with the folders above it."""
        name = f"{self.path.name}/{self.member}" if self.member else self.path.name
        return printable(name)

    @contextmanager
    def lines(self) -> Iterator[Iterator[str]]:
        """Open the text and hand out its lines, without NUL characters, cut at `LINE_LIMIT`.

        Bytes that aren't text become U+FFFD. Raises SourceError where the bytes can't be read.
        """
        with self._text() as text:
            yield self._bounded(text)

    @contextmanager
    def pieces(self) -> Iterator[Iterator[str]]:
        """Open the text and hand it out in pieces, for what has no lines; else like `lines`."""
        with self._text() as text:
            yield self._in_pieces(text)

    @contextmanager
    def _text(self) -> Iterator[TextIO]:
        with ExitStack() as stack:
            try:
                text = self._open(stack)
            except DAMAGED as error:
                raise SourceError(f"{self.name}: can't be opened: {error}") from error
            yield text

    def _open(self, stack: ExitStack) -> TextIO:
        raw: IO[bytes] = stack.enter_context(self.path.open("rb"))
        if self.member:
            archive = stack.enter_context(zipfile.ZipFile(raw))
            raw = stack.enter_context(open_member(archive, self.member))
        buffered = io.BufferedReader(cast(io.RawIOBase, raw), _BUFFER)
        packed = buffered.peek(2)[:2] == _GZIP_MAGIC
        plain = gzip.GzipFile(fileobj=buffered) if packed else buffered
        # What PowerShell writes is UTF-16, with its mark; everything else is taken as UTF-8.
        encoding = "utf-16" if plain.peek(2)[:2] in _UTF16_MARKS else "utf-8-sig"
        return stack.enter_context(
            io.TextIOWrapper(plain, encoding=encoding, errors="replace", newline="")
        )

    def _bounded(self, text: TextIO) -> Iterator[str]:
        try:
            while line := text.readline(LINE_LIMIT):
                yield line.replace("\0", "")
                while len(line) == LINE_LIMIT and line[-1] not in "\r\n":
                    line = text.readline(LINE_LIMIT)
        except DAMAGED as error:
            raise SourceError(f"{self.name}: damaged from here on: {error}") from error

    def _in_pieces(self, text: TextIO) -> Iterator[str]:
        """Decode piece by piece: a text file would drop what stands before a damage."""
        decoder = codecs.getincrementaldecoder(text.encoding)("replace")
        binary = cast(io.BufferedReader, text.buffer)
        try:
            while data := binary.read1(_PIECE):
                yield decoder.decode(data).replace("\0", "")
        except DAMAGED as error:
            raise SourceError(f"{self.name}: damaged from here on: {error}") from error
        yield decoder.decode(b"", final=True)


def open_member(archive: zipfile.ZipFile, member: str) -> IO[bytes]:
    """Open a member of a zip archive; it unpacks no more than what is read of it.

    Raises one of `DAMAGED`.
    """
    info = archive.NameToInfo.get(member)
    if info is None:
        raise FileNotFoundError(0, "the archive has no such member")
    if info.compress_type not in _BOUNDED:
        raise ValueError("its compression is not read; pack it again as an ordinary zip archive")
    return archive.open(info)


def sources_in(path: Path) -> tuple[Source, ...]:
    """List what can be read at `path`: itself, or the text members of a zip archive, sorted.

    Raises SourceError when there is nothing to read.
    """
    name = printable(path.name)
    try:
        if path.is_dir():
            return (Source(path.resolve()),)
        if not path.is_file():
            raise SourceError(f"{printable(str(path))}: there is no such file or folder.")
        with path.open("rb") as file:
            if file.read(4) not in _ZIP_MAGICS:
                return (Source(path),)
        with zipfile.ZipFile(path) as archive:
            members = sorted(set(filter(_is_text, archive.namelist())))
    except DAMAGED as error:
        raise SourceError(f"{name}: can't be opened: {error}") from error
    if not members:
        raise SourceError(
            f"{name}: the archive holds no CSV or JSONL file. "
            "If it holds pictures, give it as media beside the posts that carry them."
        )
    return tuple(Source(path, member) for member in members)


def _is_text(member: str) -> bool:
    path = PurePosixPath(member)
    hidden = path.name.startswith(".") or "__MACOSX" in path.parts
    return path.suffix.lower() in _TABLE_SUFFIXES and not hidden and not member.endswith("/")
