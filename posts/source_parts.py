"""Reads one part of a source (a file, or a list or sheet in it) with one reader, row by row.

What can't be read is reported as a Skipped and stops nothing.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from posixpath import normpath

from frametrace.posts.columns.column_map import ColumnMap
from frametrace.posts.errors import SourceError
from frametrace.posts.layouts.detection import text_rows
from frametrace.posts.model import Account, Post, Skipped
from frametrace.posts.read_settings import ReadSettings
from frametrace.posts.readers import Reader
from frametrace.posts.rows import Head, Row, Rows, Shape, ids_in
from frametrace.posts.sources.compression import READ_ERRORS
from frametrace.posts.sources.containers import SourceLocation
from frametrace.posts.sources.encodings import detect_encoding
from frametrace.posts.sources.sibling_sources import SiblingSources
from frametrace.posts.sources.source import Source
from frametrace.posts.whole_column_facts import ColumnFacts

__all__ = ["Entry", "SourcePart", "folder_in_container"]

Entry = Post | Account | Skipped

_MAX_CONTEXT_FILE = 2**22  # bytes of a file beside the source that its reader needs
_NO_ZONE = "its times have no zone: only their days are kept, unless --timezone names the zone"
_NUMBERED = (
    "post_id counts from 1: if it numbers the rows of this table only, posts of other tables will "
    "count as these; name the posts' links, or a column such as march-1, march-2"
)
_PLAIN_PREFIX = "plain-"  # of the names of readers of Frametrace's own format
_REPLACEMENT = "\ufffd"


@dataclass(frozen=True, slots=True)
class SourcePart:
    """A source, or a list or sheet in it, with the reader that reads it.

    `columns` is the users' column map, if it is read by one. `siblings` are the sources that were
    opened along with it.
    """

    source: Source
    head: Head
    reader: Reader
    settings: ReadSettings = ReadSettings()
    columns: ColumnMap | None = None
    siblings: SiblingSources | None = None

    @property
    def folder(self) -> str:
        """The folder of the source inside the folder or archive that users named; or empty."""
        return folder_in_container(self.source)

    @property
    def is_of_a_tool(self) -> bool:
        """Whether it is in a document of a known tool: its other lists have no posts."""
        is_ours = self.reader.name.startswith(_PLAIN_PREFIX) or self.columns is not None
        return self.head.shape is not Shape.TABLE and not is_ours

    @property
    def full_path(self) -> str:
        """The absolute path of the source."""
        path = self.source.path.resolve()
        return f"{path}/{self.source.member}" if self.source.member else str(path)

    def location(self) -> SourceLocation:
        """The location of the source, which the paths in it are relative to. Raises OSError."""
        source = replace(self.source, path=self.source.path.resolve())
        return SourceLocation(
            source.container(), self.folder, self.siblings, own_folder_only=self.reader.beside
        )

    def rows(self) -> Rows:
        """Yield the rows, with facts of their columns and values from files beside the source."""
        return self._rows(self._facts())

    def _facts(self) -> ColumnFacts:
        zone, order = self.settings.zone, self.settings.order
        return ColumnFacts(self._cells, zone, order, records=self.head.shape is Shape.RECORDS)

    def _rows(self, facts: ColumnFacts) -> Rows:
        context = self.reader.context(self._context_file) if self.reader.context else {}
        for row in self._plain_rows():
            if isinstance(row, Row):
                row.facts = facts
                if context:
                    row.values = {**context, **row.values}
            yield row

    def entries(self) -> Iterator[Entry]:
        """Read it row by row; what can't be read is a Skipped. Only one row is in memory."""
        damaged_posts = posts = 0
        numbers_rows = self.columns is not None
        facts = self._facts()
        for entry in self._entries(facts):
            if isinstance(entry, Post):
                damaged_posts += _REPLACEMENT in entry.text
                posts += 1
                numbers_rows = numbers_rows and entry.post_id == str(posts)
            elif isinstance(entry, Skipped) and self.siblings:
                self.siblings.note_skipped(self.folder, entry)
            yield entry
        for reason in self._notes(facts, damaged_posts, numbers_rows and posts > 1):
            yield Skipped(self.source.name, 0, "", reason, kept=True)

    def _notes(self, facts: ColumnFacts, damaged_posts: int, numbers_rows: bool) -> Iterator[str]:
        """Reports on the source as a whole, after its rows were read."""
        if (encoding := self.source.detected) and encoding.guessed:
            yield f"is not UTF-8: it was read as {encoding.name}; --encoding can name another"
        if damaged_posts:
            captions = "captions hold" if damaged_posts > 1 else "caption holds"
            yield f"{damaged_posts:,} {captions} U+FFFD in place of lost characters"
        if numbers_rows:
            yield _NUMBERED
        if facts.has_local_times:
            yield _NO_ZONE

    def _entries(self, facts: ColumnFacts) -> Iterator[Entry]:
        parse, parts = self.reader.parse, self.reader.parts
        for row in self._rows(facts):
            if isinstance(row, Skipped):
                yield row
                continue
            cells = tuple(row.values.values())
            try:
                if parts is None:
                    yield parse(row)
                    if row.notes:
                        yield from _noted(row)
                else:
                    for part in parts(row):
                        yield from self._part_entries(part)
            except (ValueError, RecursionError) as error:
                yield Skipped(row.source, row.line, "", str(error), ids=ids_in(cells))

    def _part_entries(self, row: Row) -> Iterator[Entry]:
        cells = tuple(row.values.values())
        try:
            yield self.reader.parse(row)
        except ValueError as error:
            yield Skipped(row.source, row.line, "", str(error), ids=ids_in(cells))
        else:
            yield from _noted(row)

    def _plain_rows(self) -> Rows:
        if self.reader.split is not None:
            return text_rows(self.source, self.reader.split)
        if self.reader.short_rows and self.head.filled_rows is not None:
            return self.head.filled_rows()
        return self.head.rows()

    def _cells(self, column: str) -> Iterator[str]:
        return (row.values.get(column, "") for row in self._plain_rows() if isinstance(row, Row))

    def context_files(self) -> frozenset[str]:
        """The paths, in its container, of the files beside it that its reader uses."""
        paths: set[str] = set()

        def recorded(path: str) -> str:
            paths.add(normpath(f"{self.folder}/{path}"))
            return self._context_file(path)

        if self.reader.context:
            self.reader.context(recorded)
        return frozenset(paths)

    def _context_file(self, path: str) -> str:
        """The text of a small file beside the source; empty if there is none."""
        try:
            container = self.source.container()
            full = normpath(f"{self.folder}/{path}" if self.folder else path)
            if not container.has_file(full) or not container.stays_inside(full):
                return ""
            data = container.read(full, _MAX_CONTEXT_FILE)
        except (SourceError, *READ_ERRORS):
            return ""
        return data.decode(detect_encoding(data).name, "replace")


def folder_in_container(source: Source) -> str:
    """The folder of a source inside the folder or archive that users named; or empty."""
    return PurePosixPath(source.member).parent.as_posix() if source.member else ""


def _noted(row: Row) -> Iterator[Skipped]:
    return (Skipped(row.source, row.line, "", reason, kept=True) for reason in row.notes)
