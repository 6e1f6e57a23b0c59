"""What is read with one reader, row by row: what can't be read is told of and stops nothing."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from posixpath import normpath

from frametrace.posts.column_facts import ColumnFacts
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

__all__ = ["Entry", "SourcePart", "folder_in_container"]

Entry = Post | Account | Skipped

_NEIGHBOUR = 2**22  # bytes of a file that is read for the sake of its neighbour
_NO_ZONE = "names no zone of its times: only their days are taken, unless --timezone names it"
_NUMBERED = (
    "post_id counts from 1: if it numbers the rows of this table only, posts of other tables will "
    "count as these; name the posts' links, or a column such as march-1, march-2"
)
_OURS = "plain-"  # how the readers of Frametrace's own format are named
_REPLACED = "\ufffd"


@dataclass(frozen=True, slots=True)
class SourcePart:
    """What is read with one reader: a source, or a list or a sheet in it."""

    source: Source
    head: Head
    reader: Reader
    settings: ReadSettings = ReadSettings()
    columns: ColumnMap | None = None  # by which it is read, where users said so
    siblings: SiblingSources | None = None  # the sources that were opened along with it

    @property
    def folder(self) -> str:
        """The folder of the source inside the folder or the archive that was named; or empty."""
        return folder_in_container(self.source)

    @property
    def is_of_a_tool(self) -> bool:
        """Whether it is a list of a tool's document, whose other lists are known to be none."""
        is_ours = self.reader.name.startswith(_OURS) or self.columns is not None
        return self.head.shape is not Shape.TABLE and not is_ours

    @property
    def full_path(self) -> str:
        """The whole path of the source."""
        path = self.source.path.resolve()
        return f"{path}/{self.source.member}" if self.source.member else str(path)

    def location(self) -> SourceLocation:
        """Where the paths in it are relative to. Raises OSError."""
        source = replace(self.source, path=self.source.path.resolve())
        return SourceLocation(
            source.container(), self.folder, self.siblings, own_folder_only=self.reader.beside
        )

    def rows(self) -> Rows:
        """The rows, each with what its columns say as a whole and what stands beside the source."""
        return self._rows(self._facts())

    def _facts(self) -> ColumnFacts:
        zone, order = self.settings.zone, self.settings.order
        return ColumnFacts(self._cells, zone, order, records=self.head.shape is Shape.RECORDS)

    def _rows(self, facts: ColumnFacts) -> Rows:
        context = self.reader.context(self._neighbour) if self.reader.context else {}
        for row in self._plain():
            if isinstance(row, Row):
                row.facts = facts
                if context:
                    row.values = {**context, **row.values}
            yield row

    def entries(self) -> Iterator[Entry]:
        """Read it, row by row: what can't be read is a Skipped. In memory is the current row."""
        replaced = posts = 0
        numbers_rows = self.columns is not None
        facts = self._facts()
        for entry in self._entries(facts):
            if isinstance(entry, Post):
                replaced += _REPLACED in entry.text
                posts += 1
                numbers_rows = numbers_rows and entry.post_id == str(posts)
            elif isinstance(entry, Skipped) and self.siblings:
                self.siblings.note_skipped(self.folder, entry)
            yield entry
        name = self.source.name
        if (found := self.source.detected) and found.guessed:
            reason = f"is not UTF-8: it was read as {found.name}; --encoding can name another"
            yield Skipped(name, 0, "", reason, kept=True)
        if replaced:
            many = "captions hold" if replaced > 1 else "caption holds"
            reason = f"{replaced:,} {many} U+FFFD in the container of characters that were lost"
            yield Skipped(name, 0, "", reason, kept=True)
        if numbers_rows and posts > 1:
            yield Skipped(name, 0, "", _NUMBERED, kept=True)
        if facts.has_local_times:
            yield Skipped(name, 0, "", _NO_ZONE, kept=True)

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
                        yield from _told(row)
                else:
                    for part in parts(row):
                        yield from self._of_part(part)
            except (ValueError, RecursionError) as error:
                yield Skipped(row.source, row.line, "", str(error), ids=ids_in(cells))

    def _of_part(self, row: Row) -> Iterator[Entry]:
        cells = tuple(row.values.values())
        try:
            yield self.reader.parse(row)
        except ValueError as error:
            yield Skipped(row.source, row.line, "", str(error), ids=ids_in(cells))
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

    def context_files(self) -> frozenset[str]:
        """The paths, in its container, of the files that are read for what they say of it."""
        asked: set[str] = set()

        def noted(path: str) -> str:
            asked.add(normpath(f"{self.folder}/{path}"))
            return self._neighbour(path)

        if self.reader.context:
            self.reader.context(noted)
        return frozenset(asked)

    def _neighbour(self, path: str) -> str:
        """The text of a small file beside the source; empty where there is none."""
        try:
            container = self.source.container()
            named = normpath(f"{self.folder}/{path}" if self.folder else path)
            if not container.has_file(named) or not container.stays_inside(named):
                return ""
            data = container.read(named, _NEIGHBOUR)
        except (SourceError, *READ_ERRORS):
            return ""
        return data.decode(detect_encoding(data).name, "replace")


def folder_in_container(source: Source) -> str:
    """The folder of a source inside the folder or the archive that was named; or empty."""
    return PurePosixPath(source.member).parent.as_posix() if source.member else ""


def _told(row: Row) -> Iterator[Skipped]:
    return (Skipped(row.source, row.line, "", reason, kept=True) for reason in row.notes)
