"""Recognising a source's format and reading it: posts, accounts, and what could not be read."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, partial
from itertools import chain
from pathlib import Path, PurePosixPath
from posixpath import normpath

from frametrace.posts.column_facts import ColumnFacts
from frametrace.posts.column_maps import ColumnMap, header_digest, shipped_maps
from frametrace.posts.compression import DAMAGED
from frametrace.posts.encodings import encoding_of
from frametrace.posts.errors import SourceError, UsageError
from frametrace.posts.file_kinds import kind_of
from frametrace.posts.folders import printable
from frametrace.posts.layouts import heads_of, text_rows
from frametrace.posts.mapped_rows import reader_of
from frametrace.posts.media import Base
from frametrace.posts.model import Account, Post, Skipped
from frametrace.posts.readers import READERS, Reader
from frametrace.posts.rows import Head, Row, Rows, Shape
from frametrace.posts.settings import ReadSettings
from frametrace.posts.sources import Source, is_table, sources_in
from frametrace.posts.unrecognised import unrecognised

__all__ = ["Entry", "Opened", "Part", "detect", "formats_table", "open_source", "read_source"]

Entry = Post | Account | Skipped

_NEIGHBOUR = 2**22  # bytes of a file that is read for the sake of its neighbour
_NAMED = 5  # files that a message lists by name
_REPLACED = "\ufffd"
_NAMED_ROWS = frozenset({Shape.TABLE, Shape.RECORDS})  # what a column map can be about


@dataclass(frozen=True, slots=True)
class Part:
    """What is read with one reader: a source, or a list or a sheet in it."""

    source: Source
    head: Head
    reader: Reader
    settings: ReadSettings = ReadSettings()
    columns: ColumnMap | None = None  # by which it is read, where users said so

    @property
    def folder(self) -> str:
        """The folder of the source inside the folder or the archive that was named; or empty."""
        return PurePosixPath(self.source.member).parent.as_posix() if self.source.member else ""

    @property
    def place(self) -> str:
        """The whole path of the source."""
        path = self.source.path.resolve()
        return f"{path}/{self.source.member}" if self.source.member else str(path)

    def base(self) -> Base:
        """Where the paths in it are relative to. Raises OSError."""
        source = replace(self.source, path=self.source.path.resolve())
        return Base(source.place(), self.folder)

    def rows(self) -> Rows:
        """The rows, each with what its columns say as a whole and what stands beside the source."""
        zone, order = self.settings.zone, self.settings.order
        facts = ColumnFacts(self._cells, zone, order, records=self.head.shape is Shape.RECORDS)
        context = self.reader.context(self._neighbour) if self.reader.context else {}
        for row in self._plain():
            if isinstance(row, Row):
                row.facts = facts
                if context:
                    row.values = {**context, **row.values}
            yield row

    def entries(self) -> Iterator[Entry]:
        """Read it, row by row: what can't be read is a Skipped. In memory is the current row."""
        replaced = 0
        for entry in self._entries():
            if isinstance(entry, Post) and _REPLACED in entry.text:
                replaced += 1
            yield entry
        name = self.source.name
        if (found := self.source.detected) and found.guessed:
            reason = f"is not UTF-8: it was read as {found.name}; --encoding can name another"
            yield Skipped(name, 0, "", reason, kept=True)
        if replaced:
            many = "captions hold" if replaced > 1 else "caption holds"
            reason = f"{replaced:,} {many} U+FFFD in the place of characters that were lost"
            yield Skipped(name, 0, "", reason, kept=True)

    def _entries(self) -> Iterator[Entry]:
        parse, parts = self.reader.parse, self.reader.parts
        for row in self.rows():
            if isinstance(row, Skipped):
                yield row
                continue
            try:
                if parts is None:
                    yield parse(row)
                    if row.told:
                        yield from _told(row)
                else:
                    for part in parts(row):
                        yield from self._of_part(part)
            except (ValueError, RecursionError) as error:
                yield Skipped(row.source, row.line, "", str(error))

    def _of_part(self, row: Row) -> Iterator[Entry]:
        try:
            yield self.reader.parse(row)
        except ValueError as error:
            yield Skipped(row.source, row.line, "", str(error))
        else:
            yield from _told(row)

    def _plain(self) -> Rows:
        if self.reader.split is not None:
            return text_rows(self.source, self.reader.split)
        if self.reader.short_rows and self.head.filled is not None:
            return self.head.filled()
        return self.head.rows()

    def _cells(self, column: str) -> Iterator[str]:
        return (row.values.get(column, "") for row in self._plain() if isinstance(row, Row))

    def _neighbour(self, path: str) -> str:
        """The text of a small file beside the source; empty where there is none."""
        try:
            place = self.source.place()
            named = normpath(f"{self.folder}/{path}" if self.folder else path)
            if not place.holds(named) or not place.keeps(named):
                return ""
            data = place.read(named, _NEIGHBOUR)
        except (SourceError, *DAMAGED):
            return ""
        return data.decode(encoding_of(data).name, "replace")


@dataclass(frozen=True, slots=True)
class Opened:
    """A path that was opened: what is read of it, and what is not."""

    path: Path
    parts: tuple[Part, ...]
    unread: tuple[Skipped, ...] = field(default=())

    @property
    def holds_media(self) -> bool:
        """Whether it is a folder or an archive that may hold the pictures of posts in it."""
        return any(part.source.member for part in self.parts)

    @property
    def holds_posts(self) -> bool:
        """Whether it is more than pictures."""
        return any(not part.source.is_folder for part in self.parts)

    def readings(self) -> Iterator[tuple[Base, Iterator[Entry]]]:
        """What each part gives, and where the paths in it are relative to; what isn't read first.

        Raises OSError where a folder or an archive is gone.
        """
        folders = {part.folder for part in self.parts}
        for number, part in enumerate(self.parts):
            entries = part.entries()
            base = replace(part.base(), others=frozenset(folders - {part.folder}))
            yield base, chain(self.unread, entries) if number == 0 else entries

    def entries(self) -> Iterator[Entry]:
        """The same as one."""
        return chain(self.unread, chain.from_iterable(part.entries() for part in self.parts))


def open_source(path: Path, settings: ReadSettings = ReadSettings()) -> Opened:
    """Look at the beginning of a file, or of all that a folder or an archive holds.

    In a folder or an archive pictures are posts of their own where no file of posts is recognised.
    Raises SourceError if there is nothing to read, and UsageError if there is no such format.
    """
    named = None if settings.format is None else _reader_named(settings.format)
    parts: list[Part] = []
    errors: list[tuple[Source, SourceError]] = []
    passed: list[Source] = []
    for source in sources_in(path, settings.encoding):
        if source.is_folder and parts:
            continue  # its pictures are those of the posts
        if named is not None and named.shape is Shape.FOLDER and source.member:
            passed.append(source)  # pictures alone were asked for
            continue
        try:
            briefly = bool(errors) and not is_table(source)  # of these nobody reads the reason
            parts += _parts(source, settings, named, briefly=briefly)
        except SourceError as error:
            errors.append(
                (source, error.with_traceback(None))
            )  # which holds all that was looked at
            error.__context__ = error.__cause__ = None
    if not parts:
        nothing = SourceError(f"{printable(path.name)}: holds no pictures. Name another format.")
        raise errors[0][1] if errors else nothing
    return Opened(path, tuple(parts), tuple(_unread(errors, passed)))


def read_source(path: Path, format: str | None = None) -> Iterator[Entry]:
    """Read everything at a path; `format` names a reader and spares the recognition.

    Raises what `open_source` raises, at once; what can't be read later is given as a Skipped.
    """
    return open_source(path, ReadSettings(format)).entries()


def detect(path: Path) -> str:
    """Name the format of a source: for an archive, of its first member that is recognised.

    Raises SourceError if no reader knows it.
    """
    return open_source(path).parts[0].reader.name


def formats_table() -> str:
    """Describe every registered reader in a Markdown table, for the documentation."""
    lines = ["| format | what it is | required | platform | time | example |"]
    lines.append("|---|---|---|---|---|---|")
    maps = (reader_of(found, Shape.TABLE) for found in _shipped())
    for reader in (*READERS, *maps):
        required = ", ".join(" or ".join(f"`{n}`" for n in names) for names in reader.required)
        required = required or "its first lines"
        lines.append(
            f"| `{reader.name}` | {reader.title} ({reader.shape}) | {required} "
            f"| {reader.platform} | {reader.time} | `{reader.example}` |"
        )
    return "\n".join(lines) + "\n"


def _parts(
    source: Source, settings: ReadSettings, named: Reader | None, *, briefly: bool
) -> list[Part]:
    """The parts of a source that are read. Raises SourceError where there is none."""
    try:
        heads = heads_of(source)
    except SourceError as error:
        if kind := kind_of(source):
            raise SourceError(f"{source.name}: {kind}") from error
        raise
    for groups in ((heads.either,), heads.parts):
        found = [part for group in groups if (part := _part(source, group, settings, named))]
        if found:
            return found
    if briefly:
        raise SourceError(f"{source.name}: no posts are recognised in it")
    raise unrecognised(source, heads, settings, named, _names())


def _part(
    source: Source, heads: Iterable[Head], settings: ReadSettings, named: Reader | None
) -> Part | None:
    """The first of the heads for which there is a reader, with that reader.

    A map that a case keeps comes before the formats for a table with the same columns as the one
    that it was made for; for a table with others, after them.
    """
    for head in _different(heads):
        digest = header_digest(head.names) if settings.columns else ""
        ours = [found for found in settings.columns if found.header in {"", digest}]
        others = [found for found in settings.columns if found.header not in {"", digest}]
        if part := _mapped(source, head, settings, ours):
            return part
        for reader in READERS if named is None else (named,):
            fits = reader.recognises if named is None else partial(_reads, reader)
            if fits(head):
                return Part(source, head, reader, settings)
        if named is None and (part := _mapped(source, head, settings, others)):
            return part
        if named is None and head.shape in _NAMED_ROWS:
            for shipped in _shipped():
                if shipped.fits(head.names):
                    return Part(source, head, reader_of(shipped, head.shape), settings)
    return None


def _different(heads: Iterable[Head]) -> Iterator[Head]:
    """The first of the heads with the same names: no reader looks at anything else of a table."""
    seen: set[tuple[Shape, tuple[str, ...]]] = set()
    for head in heads:
        if (key := (head.shape, head.names)) not in seen:
            seen.add(key)
            yield head


def _mapped(
    source: Source, head: Head, settings: ReadSettings, maps: Iterable[ColumnMap]
) -> Part | None:
    """A table that is read by the first map that fits; what users say otherwise comes first."""
    for each in maps:
        found = each.over(head.names)
        if head.shape in _NAMED_ROWS and found.fits(head.names):
            zone, order = settings.zone or found.zone, settings.order or found.order
            kept = replace(found, zone=zone, order=order, header=header_digest(head.names))
            ours = replace(settings, zone=zone, order=order)
            return Part(source, head, reader_of(kept, head.shape), ours, kept)
    return None


def _reads(reader: Reader, head: Head) -> bool:
    """Whether a reader that was named can read what begins like this."""
    if reader.shape is Shape.TEXT:
        return head.shape is Shape.TEXT
    return head.shape == reader.shape and not reader.lacks(head.names)


def _unread(
    errors: Sequence[tuple[Source, SourceError]], passed: Sequence[Source]
) -> Iterator[Skipped]:
    """Tables that aren't read, each by its name; of other files how many there are."""
    others = [*passed, *(source for source, _ in errors if not is_table(source))]
    for source, error in errors:
        if is_table(source):
            yield Skipped(source.name, 0, "", str(error))
    if others:
        names = ", ".join(printable(source.member) for source in others[:_NAMED])
        more = ", …" if len(others) > _NAMED else ""
        count = f"{len(others):,} other file{'s' * (len(others) > 1)}"
        reason = f"{count} beside the posts hold none that are known: {names}{more}"
        yield Skipped(printable(others[0].path.name), 0, "", reason, kept=True)


def _told(row: Row) -> Iterator[Skipped]:
    return (Skipped(row.source, row.line, "", reason, kept=True) for reason in row.told)


def _reader_named(name: str) -> Reader:
    for reader in (*READERS, *(reader_of(found, Shape.TABLE) for found in _shipped())):
        if reader.name == name:
            return reader
    raise UsageError(f"there is no format {name!r}. Choose from: {_names()}")


@cache
def _shipped() -> tuple[ColumnMap, ...]:
    return shipped_maps()


def _names() -> str:
    return ", ".join((*(reader.name for reader in READERS), *(m.name for m in _shipped())))
