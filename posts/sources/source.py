"""Opens what users name: a file, or the files in a folder or an archive, as bytes or text.

Everything is streamed, so an archive may be larger than memory. Only compressed tar archives are
unpacked to disk (see `archives`).
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
from frametrace.posts.sources.compression import (
    COMPRESSED_SUFFIXES,
    READ_ERRORS,
    bounded,
    decompressed,
)
from frametrace.posts.sources.containers import Container, Folder, container_at
from frametrace.posts.sources.encodings import SAMPLE_BYTES, Encoding, detect_encoding
from frametrace.posts.sources.media_files import is_media
from frametrace.posts.sources.paths import is_system_file, open_without_blocking, printable

__all__ = ["LINE_LIMIT", "Source", "has_table_suffix", "is_container", "sources_in"]

# Characters. A page of 500 tweets with all fields of the API has some 3 million; a decompression
# bomb without a line break is cut here instead of filling the memory.
LINE_LIMIT = 2**23

# Suffixes of files of posts; in a folder or an archive, no other files are opened.
_TABLE_SUFFIXES = frozenset({".csv", ".tsv", ".tab", ".xlsx", ".xlsm", ".xls", ".ods", ".parquet"})
_RECORD_SUFFIXES = frozenset({".jsonl", ".ndjson"})
_TEXT_SUFFIXES = frozenset({".js", ".json", ".htm", ".html", ".txt"})

# A table of Excel can have a million empty rows below its content; a trap has billions.
_MAX_EMPTY_LINES = 2**21
_EMPTY_LINES = frozenset({"\n", "\r\n", "\r"})

_BUFFER = 2**18  # bytes
_CHUNK = 2**16  # bytes
# X's archive writes this before its JSON: `window.YTD.tweets.part0 = [`.
_ASSIGNMENT = re.compile(r"\s*(?:window\.)?[\w.$]{1,100}\s*=\s*(?=[\[{])", re.ASCII)


@dataclass(frozen=True, slots=True)
class Source:
    """One thing to read: a file, a folder, or one file in a folder or an archive.

    `member` is the path of a file inside the folder or archive at `path`. `encoding` is that of the
    text; without it, the encoding is detected.
    """

    path: Path
    member: str = ""
    encoding: str = ""
    _detected: list[Encoding] = field(default_factory=list, compare=False, repr=False)

    @property
    def name(self) -> str:
        """Its name in posts, skipped rows and messages: never with the folders above it."""
        name = f"{self.path.name}/{self.member}" if self.member else self.path.name
        return printable(name)

    @property
    def suffix(self) -> str:
        """The suffix of its name in lower case, without that of a compression."""
        name = PurePosixPath(self.member or self.path.name)
        if name.suffix.lower() in COMPRESSED_SUFFIXES:
            name = name.with_suffix("")
        return name.suffix.lower()

    @property
    def is_folder(self) -> bool:
        """Whether it is a folder or an archive whose pictures and videos are the posts."""
        return not self.member and is_container(self.path)

    def container(self) -> Container:
        """The folder or archive that it is in. Raises OSError."""
        return container_at(self.path if self.member or self.is_folder else self.path.parent)

    @contextmanager
    def opened(self) -> Iterator["io.BufferedReader[Any]"]:
        """Open its bytes, decompressed. Raises SourceError if it can't be opened."""
        with ExitStack() as stack:
            try:
                raw = stack.enter_context(self._raw())
                stream = stack.enter_context(decompressed(raw))
                if not isinstance(stream.raw, io.FileIO):  # it is compressed, or in an archive
                    stream = stack.enter_context(bounded(stream, self._packed_bytes()))
            except READ_ERRORS as error:
                raise SourceError(f"{self.name}: can't be opened: {error}") from error
            yield stream

    @contextmanager
    def lines(self, max_bytes: int = 0) -> Iterator[Iterator[str]]:
        """Open the text and yield its lines, without NUL characters, cut at `LINE_LIMIT`.

        Bytes that aren't text become U+FFFD. Raises SourceError if the bytes can't be read. With
        `max_bytes`, only that many are read, and damaged data ends the lines without an error.
        """
        with self._text(max_bytes) as text:
            lines = self._bounded_lines(text)
            yield _until_damage(lines) if max_bytes else lines

    @contextmanager
    def chunks(self, max_bytes: int = 0) -> Iterator[Iterator[str]]:
        """Open the text and yield it in chunks, for documents without lines; otherwise as `lines`.

        A JavaScript assignment before the document (`name = `) is left out.
        """
        with self._text(max_bytes) as text:
            chunks = _without_assignment(self._text_chunks(text))
            yield _until_damage(chunks) if max_bytes else chunks

    @property
    def detected(self) -> Encoding | None:
        """The encoding that it was last opened with; None before that."""
        return self._detected[-1] if self._detected else None

    def _raw(self) -> IO[bytes]:
        if not self.member:
            return open_without_blocking(self.path, _BUFFER)
        container = container_at(self.path)
        if printable(self.member) != self.member:
            raise ValueError("its name is not valid UTF-8; rename it")
        if not container.stays_inside(self.member):
            raise ValueError("it leads out of the folder")
        return container.open(self.member)

    def _packed_bytes(self) -> int:
        if not self.member:
            return self.path.stat().st_size
        return container_at(self.path).packed_bytes(self.member)

    @contextmanager
    def _text(self, max_bytes: int) -> Iterator[TextIO]:
        with self.opened() as stream, ExitStack() as stack:
            sample, error = _sample(stream)
            encoding = Encoding(self.encoding) if self.encoding else detect_encoding(sample)
            self._detected[:] = [encoding]
            whole = _Replayed(sample, stream, error, max_bytes or sys.maxsize)
            replayed = io.BufferedReader(whole, _BUFFER)
            yield stack.enter_context(
                io.TextIOWrapper(replayed, encoding=encoding.name, errors="replace", newline="")
            )

    def _bounded_lines(self, text: TextIO) -> Iterator[str]:
        try:
            empty = 0
            while line := text.readline(LINE_LIMIT):
                empty = empty + 1 if len(line) < 3 and line in _EMPTY_LINES else 0
                if empty > _MAX_EMPTY_LINES:
                    raise ValueError(f"there are over {_MAX_EMPTY_LINES:,} empty lines in a row")
                yield line.replace("\0", "")
                while len(line) == LINE_LIMIT and line[-1] not in "\r\n":
                    line = text.readline(LINE_LIMIT)
        except READ_ERRORS as error:
            raise SourceError(f"{self.name}: damaged from here on: {error}") from error

    def _text_chunks(self, text: TextIO) -> Iterator[str]:
        """Decode chunk by chunk: a text file object would drop the text before damaged data."""
        decoder = codecs.getincrementaldecoder(text.encoding)("replace")
        binary = cast(io.BufferedReader, text.buffer)
        try:
            while data := binary.read1(_CHUNK):
                yield decoder.decode(data).replace("\0", "")
        except READ_ERRORS as error:
            raise SourceError(f"{self.name}: damaged from here on: {error}") from error
        yield decoder.decode(b"", final=True)


def _until_damage(texts: Iterator[str]) -> Iterator[str]:
    with suppress(SourceError):
        yield from texts


def _sample(stream: "io.BufferedReader[Any]") -> tuple[bytes, Exception | None]:
    """The first bytes of a stream, and the error that ended them early."""
    sample = bytearray()
    try:
        while len(sample) < SAMPLE_BYTES and (chunk := stream.read1(_CHUNK)):
            sample += chunk
    except READ_ERRORS as error:
        return bytes(sample), error
    return bytes(sample), None


class _Replayed(io.RawIOBase):
    """A stream whose `first_bytes` were read already; the `error` of that comes after them."""

    def __init__(
        self, first_bytes: bytes, rest: IO[bytes], error: Exception | None, max_bytes: int
    ) -> None:
        self._first_bytes, self._rest, self._error = memoryview(first_bytes), rest, error
        self._left = max_bytes

    def readable(self) -> bool:
        """Always true."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill the buffer with the next bytes. Raises one of `READ_ERRORS`."""
        size = min(len(buffer), self._left)
        if not size:
            return 0
        if self._first_bytes:
            chunk = self._first_bytes[:size]
            self._first_bytes = self._first_bytes[len(chunk) :]
        elif self._error is not None:
            raise self._error
        else:
            chunk = memoryview(self._rest.read1(size))  # type: ignore[attr-defined]
        buffer[: len(chunk)] = chunk
        self._left -= len(chunk)
        return len(chunk)


def _without_assignment(chunks: Iterator[str]) -> Iterator[str]:
    first = next(chunks, "").lstrip("\ufeff")
    if assignment := _ASSIGNMENT.match(first):
        first = first[assignment.end() :]
    yield first
    yield from chunks


def is_container(path: Path) -> bool:
    """Whether a path is a folder or an archive. Raises one of `READ_ERRORS`."""
    return path.is_dir() or (path.is_file() and archive_at(path) is not None)


def sources_in(path: Path, encoding: str = "") -> tuple[Source, ...]:
    """List what may hold posts at `path`: the file itself, or those of a folder or archive, sorted.

    Archives in a folder are opened like its subfolders; archives in an archive are not. A folder or
    archive with pictures or videos is itself listed last. Raises SourceError when there is nothing
    to read.
    """
    name = printable(path.name)
    try:
        if not (path.is_file() or path.is_dir()):
            raise SourceError(f"{printable(str(path))}: there is no such file or folder.")
        if not is_container(path):
            return (Source(path, encoding=encoding),)
        container = container_at(path.resolve())
        return _sources_inside(container, encoding)
    except READ_ERRORS as error:
        raise SourceError(f"{name}: can't be opened: {error}") from error


def has_table_suffix(source: Source) -> bool:
    """Whether a file's suffix is one of tables or of records, which hold nothing else."""
    return source.suffix in _TABLE_SUFFIXES | _RECORD_SUFFIXES


def _sources_inside(container: Container, encoding: str) -> tuple[Source, ...]:
    """The files of a container and of the archives in it; then the containers with media files."""
    posts: list[Source] = []
    with_media: list[Source] = []
    errors: list[SourceError] = []
    paths = list(container.paths())
    archives = _archives_in(container, paths, errors) if isinstance(container, Folder) else ()
    for root, files in chain([(container, paths)], archives):
        posts += (Source(root.path, path, encoding) for path in files if _may_hold_posts(path))
        if any(map(is_media, files)):
            with_media.append(Source(root.path))
    if posts or with_media:
        return (*posts, *with_media)
    if errors:
        raise errors[0]
    kind = "folder" if isinstance(container, Folder) else "archive"
    reason = f"the {kind} holds no posts (CSV, JSON, …), pictures or videos."
    if nested := next(filter(has_archive_suffix, container.paths()), ""):
        reason += f" An archive in it is not read: unpack it, such as {printable(nested)}."
    raise SourceError(f"{printable(container.path.name)}: {reason}")


def _archives_in(
    folder: Folder, paths: Iterable[str], errors: list[SourceError]
) -> Iterator[tuple[Container, list[str]]]:
    """The archives in a folder, each with its members; links to archives are not followed."""
    for path in paths:
        file = folder.path / path
        if not has_archive_suffix(path) or is_system_file(path) or printable(path) != path:
            continue
        try:
            archive = archive_at(file) if file.is_file() and file.resolve() == file else None
            if archive is not None:
                yield archive, list(archive.paths())
        except READ_ERRORS as error:
            errors.append(SourceError(f"{file.name}: can't be opened: {error}"))
        except SourceError as error:
            errors.append(error)


def _may_hold_posts(member: str) -> bool:
    if is_system_file(member):
        return False
    return Source(Path(member)).suffix in _TABLE_SUFFIXES | _RECORD_SUFFIXES | _TEXT_SUFFIXES
