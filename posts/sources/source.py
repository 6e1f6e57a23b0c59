"""Opening what a user points at: a file, the members of an archive, or of a folder.

Everything is streamed and nothing is unpacked to disk but compressed tar archives (see `archives`),
so that an archive may be larger than memory.
"""

import codecs
import io
import re
import sys
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path, PurePosixPath
from typing import IO, Any, TextIO, cast

from frametrace.posts.errors import SourceError
from frametrace.posts.sources.archives import archive_at, has_archive_suffix
from frametrace.posts.sources.compression import COMPRESSED_SUFFIXES, READ_ERRORS, decompressed
from frametrace.posts.sources.containers import Container, Folder, container_at
from frametrace.posts.sources.encodings import SAMPLE_BYTES, Encoding, detect_encoding
from frametrace.posts.sources.paths import is_system_file, open_without_blocking, printable
from frametrace.posts.sources.picture_files import is_picture

__all__ = ["LINE_LIMIT", "Source", "has_table_suffix", "is_container", "sources_in"]

# Characters. A page of 500 tweets with everything that the API tells of them has some 3 million;
# a decompression bomb without a line break ends here instead of in memory.
LINE_LIMIT = 2**23

# Files of posts by their suffix; in a folder or an archive others are not looked at.
_TABLES = frozenset({".csv", ".tsv", ".tab", ".xlsx", ".xlsm", ".xls", ".ods", ".parquet"})
_RECORDS = frozenset({".jsonl", ".ndjson"})
_TEXTS = frozenset({".js", ".json", ".htm", ".html", ".txt"})

_BUFFER = 2**18
_PIECE = 2**16  # bytes
# What X's archive writes before its JSON: `window.YTD.tweets.part0 = [`.
_ASSIGNED = re.compile(r"\s*(?:window\.)?[\w.$]{1,100}\s*=\s*(?=[\[{])", re.ASCII)


@dataclass(frozen=True, slots=True)
class Source:
    """One thing to read: a file, a folder, or one file in a folder or an archive.

    `encoding` names the text's encoding; otherwise it is detected.
    """

    path: Path
    member: str = ""
    encoding: str = ""
    _detected: list[Encoding] = field(default_factory=list, compare=False, repr=False)

    @property
    def name(self) -> str:
        """How posts, skipped rows and messages name it: never with the folders above it."""
        name = f"{self.path.name}/{self.member}" if self.member else self.path.name
        return printable(name)

    @property
    def suffix(self) -> str:
        """What its name ends with, in lower case, without what tells of compression."""
        name = PurePosixPath(self.member or self.path.name)
        if name.suffix.lower() in COMPRESSED_SUFFIXES:
            name = name.with_suffix("")
        return name.suffix.lower()

    @property
    def is_folder(self) -> bool:
        """Whether it is a folder or an archive whose pictures are the posts."""
        return not self.member and is_container(self.path)

    def container(self) -> Container:
        """The folder or the archive it lies in. Raises OSError."""
        return container_at(self.path if self.member or self.is_folder else self.path.parent)

    @contextmanager
    def opened(self) -> Iterator["io.BufferedReader[Any]"]:
        """Open it, unpacked. Raises SourceError where it can't be opened."""
        with ExitStack() as stack:
            try:
                stream = stack.enter_context(decompressed(stack.enter_context(self._raw())))
            except READ_ERRORS as error:
                raise SourceError(f"{self.name}: can't be opened: {error}") from error
            yield stream

    @contextmanager
    def lines(self, most: int = 0) -> Iterator[Iterator[str]]:
        """Open the text and hand out its lines, without NUL characters, cut at `LINE_LIMIT`.

        Bytes that aren't text become U+FFFD. Raises SourceError where the bytes can't be read. Who
        only looks at the beginning says how many bytes it has at `most`, and gets what comes before
        a damage.
        """
        with self._text(most) as text:
            read = self._bounded(text)
            yield _until_damage(read) if most else read

    @contextmanager
    def pieces(self, most: int = 0) -> Iterator[Iterator[str]]:
        """Open the text and hand it out in pieces, for what has no lines; else like `lines`.

        What a script assigns is handed out without the assignment.
        """
        with self._text(most) as text:
            read = _unassigned(self._in_pieces(text))
            yield _until_damage(read) if most else read

    @property
    def detected(self) -> Encoding | None:
        """The encoding it was last opened with, where that was detected."""
        return self._detected[-1] if self._detected else None

    def _raw(self) -> IO[bytes]:
        if not self.member:
            return open_without_blocking(self.path)
        container = container_at(self.path)
        if printable(self.member) != self.member:
            raise ValueError("its name is not valid UTF-8; rename it")
        if not container.stays_inside(self.member):
            raise ValueError("it leads out of the folder")
        return container.open(self.member)

    @contextmanager
    def _text(self, most: int) -> Iterator[TextIO]:
        with self.opened() as stream, ExitStack() as stack:
            sample, damage = _sample(stream)
            found = Encoding(self.encoding) if self.encoding else detect_encoding(sample)
            self._detected[:] = [found]
            whole = _Replayed(sample, stream, damage, most or sys.maxsize)
            replayed = io.BufferedReader(whole, _BUFFER)
            yield stack.enter_context(
                io.TextIOWrapper(replayed, encoding=found.name, errors="replace", newline="")
            )

    def _bounded(self, text: TextIO) -> Iterator[str]:
        try:
            while line := text.readline(LINE_LIMIT):
                yield line.replace("\0", "")
                while len(line) == LINE_LIMIT and line[-1] not in "\r\n":
                    line = text.readline(LINE_LIMIT)
        except READ_ERRORS as error:
            raise SourceError(f"{self.name}: damaged from here on: {error}") from error

    def _in_pieces(self, text: TextIO) -> Iterator[str]:
        """Decode piece by piece: a text file would drop what stands before a damage."""
        decoder = codecs.getincrementaldecoder(text.encoding)("replace")
        binary = cast(io.BufferedReader, text.buffer)
        try:
            while data := binary.read1(_PIECE):
                yield decoder.decode(data).replace("\0", "")
        except READ_ERRORS as error:
            raise SourceError(f"{self.name}: damaged from here on: {error}") from error
        yield decoder.decode(b"", final=True)


def _until_damage(read: Iterator[str]) -> Iterator[str]:
    with suppress(SourceError):
        yield from read


def _sample(stream: "io.BufferedReader[Any]") -> tuple[bytes, Exception | None]:
    """The beginning of a stream, and what went wrong before its end."""
    read = bytearray()
    try:
        while len(read) < SAMPLE_BYTES and (piece := stream.read1(_PIECE)):
            read += piece
    except READ_ERRORS as error:
        return bytes(read), error
    return bytes(read), None


class _Replayed(io.RawIOBase):
    """A stream of which the beginning was read already, and what went wrong then; cut at `most`."""

    def __init__(self, begin: bytes, rest: IO[bytes], damage: Exception | None, most: int) -> None:
        self._begin, self._rest, self._damage = memoryview(begin), rest, damage
        self._left = most

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill the buffer with what comes next. Raises one of `DAMAGED`."""
        size = min(len(buffer), self._left)
        if not size:
            return 0
        if self._begin:
            part = self._begin[:size]
            self._begin = self._begin[len(part) :]
        elif self._damage is not None:
            raise self._damage
        else:
            part = memoryview(self._rest.read1(size))  # type: ignore[attr-defined]
        buffer[: len(part)] = part
        self._left -= len(part)
        return len(part)


def _unassigned(pieces: Iterator[str]) -> Iterator[str]:
    first = next(pieces, "").lstrip("\ufeff")
    if assigned := _ASSIGNED.match(first):
        first = first[assigned.end() :]
    yield first
    yield from pieces


def is_container(path: Path) -> bool:
    """Whether a path is a folder or an archive. Raises one of `DAMAGED`."""
    return path.is_dir() or (path.is_file() and archive_at(path) is not None)


def sources_in(path: Path, encoding: str = "") -> tuple[Source, ...]:
    """List what may hold posts at `path`: itself, or the files of a folder or an archive, sorted.

    Archives in a folder are opened as its own folders are, those in an archive are not. A folder or
    an archive comes last itself, for its pictures, if it has some. Raises SourceError when there is
    nothing to read.
    """
    name = printable(path.name)
    try:
        if not (path.is_file() or path.is_dir()):
            raise SourceError(f"{printable(str(path))}: there is no such file or folder.")
        if not is_container(path):
            return (Source(path, encoding=encoding),)
        container = container_at(path.resolve())
        return _inside(container, encoding)
    except READ_ERRORS as error:
        raise SourceError(f"{name}: can't be opened: {error}") from error


def has_table_suffix(source: Source) -> bool:
    """Whether a file's name says that it holds rows, and nothing else."""
    return source.suffix in _TABLES | _RECORDS


def _inside(container: Container, encoding: str) -> tuple[Source, ...]:
    """The files of a container and of the archives in it; then the places that have pictures."""
    posts: list[Source] = []
    pictured: list[Source] = []
    damaged: list[SourceError] = []
    paths = list(container.paths())
    archives = _archives_in(container, paths, damaged) if isinstance(container, Folder) else ()
    for each, inside in chain([(container, paths)], archives):
        posts += (Source(each.path, path, encoding) for path in inside if _holds_posts(path))
        if any(map(is_picture, inside)):
            pictured.append(Source(each.path))
    if posts or pictured:
        return (*posts, *pictured)
    if damaged:
        raise damaged[0]
    what = "folder" if isinstance(container, Folder) else "archive"
    reason = f"the {what} holds neither posts (CSV, JSON, …) nor pictures."
    if nested := next(filter(has_archive_suffix, container.paths()), ""):
        reason += f" An archive in it is not read: unpack it, such as {printable(nested)}."
    raise SourceError(f"{printable(container.path.name)}: {reason}")


def _archives_in(
    folder: Folder, paths: Iterable[str], damaged: list[SourceError]
) -> Iterator[tuple[Container, list[str]]]:
    """The archives among the files of a folder, each with its members; none behind a link."""
    for path in paths:
        file = folder.path / path
        if not has_archive_suffix(path) or is_system_file(path) or printable(path) != path:
            continue
        try:
            found = archive_at(file) if file.is_file() and file.resolve() == file else None
            if found is not None:
                yield found, list(found.paths())
        except READ_ERRORS as error:
            damaged.append(SourceError(f"{file.name}: can't be opened: {error}"))
        except SourceError as error:
            damaged.append(error)


def _holds_posts(member: str) -> bool:
    if is_system_file(member):
        return False
    return Source(Path(member)).suffix in _TABLES | _RECORDS | _TEXTS
