"""Sources as rows of named strings, whatever their shape.

A table's row is named by its header. A JSON record is flattened to dotted names (`user.id`), its
arrays kept as JSON. A JSON document gives one for each of its messages, and a folder for each of
its pictures. A row that can't be read is a `Skipped`.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from itertools import chain, islice

from frametrace.posts.documents import rows_in
from frametrace.posts.errors import SourceError
from frametrace.posts.folders import pictures_in
from frametrace.posts.model import Precision, Skipped
from frametrace.posts.sources import LINE_LIMIT, Source
from frametrace.posts.tables import Table
from frametrace.posts.times import parse_time, parse_unix
from frametrace.posts.values import MISSING, count, json_of, sound_id, spelled

__all__ = ["Head", "Row", "Shape", "flat", "read_head", "read_rows"]

# A record may lack what the others have; a hostile one may have names without end.
_RECORDS_LOOKED_AT = 100
_NAMES_ENOUGH = 10_000
_CHARACTERS_ENOUGH = 2**22  # pages of an API's answers are long, and all alike
_PIECES_LOOKED_AT = 500  # some 30 million characters: the contacts come before the chats
_NAMES_SHOWN = 40

# What a document of messages has, were it read as a record.
_DOCUMENTS = frozenset({"messages", "chats.list", "left_chats.list"})


class Shape(StrEnum):
    """How a source is laid out."""

    TABLE = "CSV"
    RECORDS = "JSONL"
    DOCUMENT = "JSON"
    TEXT = "text"
    FOLDER = "folder"


@dataclass(frozen=True, slots=True)
class Head:
    """What a source shows of itself: its shape, and its header or its first records' names."""

    shape: Shape
    names: tuple[str, ...]

    @property
    def shown(self) -> str:
        """The names as a message lists them: not more than fit on a screen, and none at length."""
        shown = ", ".join(repr(name[:60]) for name in self.names[:_NAMES_SHOWN])
        return shown + ", …" if len(self.names) > _NAMES_SHOWN else shown


@dataclass(slots=True)
class Row:
    """One row. Taking a column removes it, so that `rest` is what nobody took.

    `told` says which fields could not be read: they cost themselves and not the row.
    """

    values: dict[str, str]
    source: str
    line: int
    told: list[str] = field(default_factory=list)

    @property
    def file(self) -> str:
        """The name of the row's file, without folders: sidecars are named like their pictures."""
        return self.source.rpartition("/")[2]

    def take(self, name: str, *others: str) -> str:
        """Return the first of the columns that holds something, or an empty string."""
        found = self.values.pop(name, "")
        for other in others:
            value = self.values.pop(other, "")
            found = found or value
        return found

    def key(self, name: str, *others: str) -> str:
        """Take an id. Raises ValueError if it is empty or was rounded by a spreadsheet."""
        try:
            found = sound_id(self.take(name, *others).strip())
        except ValueError as error:
            raise ValueError(f"{name} {error}") from None
        if not found:
            raise ValueError(f"{' or '.join((name, *others))} is empty")
        return found

    def reference(self, name: str) -> str:
        """Take the id of another post; empty where there is none, or where it was rounded."""
        try:
            return sound_id(self.take(name).strip())
        except ValueError as error:
            self.told.append(f"{name} {error}; the rest of the row is kept")
            return ""

    def time(
        self, name: str, parse: Callable[[str], tuple[datetime, Precision]] = parse_time
    ) -> tuple[datetime | None, Precision]:
        """Take a time, in UTC, that `parse` can read; None where there is none of that kind."""
        try:
            if text := self.take(name).strip():
                return parse(text)
        except ValueError as error:
            self.told.append(f"{error}; the rest of the row is kept")
        return None, Precision.NONE

    def unix(self, name: str) -> tuple[datetime | None, Precision]:
        """Take a time in seconds since 1970; None where there is none of that kind."""
        return self.time(name, parse_unix)

    def counts(self, names: Mapping[str, str]) -> dict[str, int]:
        """Take counts: `names` maps columns to what the count is called in a Post."""
        found: dict[str, int] = {}
        for column, called in names.items():
            written = self.values.get(column)
            if written and (number := count(written)) is not None:
                del self.values[column]
                found[called] = number
        return found

    def rest(self, blank: str = "") -> dict[str, str]:
        """Return the columns that nobody took, without those that are empty or say `blank`."""
        return {name: value for name, value in self.values.items() if value and value != blank}


def read_head(source: Source) -> Head:
    """Look at the beginning of a source. Raises SourceError if it is empty or unreadable."""
    if source.path.is_dir():
        if next(pictures_in(source.path), None) is None:
            raise SourceError(
                f"{source.name}: the folder holds no pictures. Name a file with posts instead."
            )
        return Head(Shape.FOLDER, ("path",))
    try:
        return _lines_head(source)
    except SourceError:
        if names := _document_names(source):
            return Head(Shape.DOCUMENT, names)
        raise


def _lines_head(source: Source) -> Head:
    with source.lines() as lines:
        first = next((line for line in lines if line.strip()), "")
        if not first:
            raise SourceError(f"{source.name}: the file is empty. Export it again.")
        try:
            if not first.lstrip().startswith("{"):
                return Head(Shape.TABLE, Table(chain([first], lines)).header())
            names = _record_names(chain([first], lines))
        except ValueError as error:
            raise SourceError(f"{source.name}: its beginning can't be read: {error}") from error
    # A document may stand on a single line.
    inside = _document_names(source) if _DOCUMENTS.intersection(names) else ()
    return Head(Shape.DOCUMENT, inside) if inside else Head(Shape.RECORDS, names)


def read_rows(source: Source, shape: Shape) -> Iterator[Row | Skipped]:
    """Read every row of a source; what can't be read is a Skipped, and reading goes on."""
    return _READ[shape](source)


def _table_rows(source: Source) -> Iterator[Row | Skipped]:
    name = source.name
    with source.lines() as lines:
        table = Table(lines)
        try:
            header = table.header()
            for cells in table.rows():
                if isinstance(cells, str):
                    yield Skipped(name, table.line, "", cells)
                elif len(cells) == len(header):
                    values = dict(zip(header, cells, strict=True))
                    if not MISSING.isdisjoint(cells):
                        values = {k: "" if v in MISSING else v for k, v in values.items()}
                    yield Row(values, name, table.line)
                elif cells:
                    reason = f"the row has {len(cells)} values, the header {len(header)}"
                    yield Skipped(name, table.line, "", reason)
        except SourceError as error:
            yield Skipped(name, table.line, "", str(error))


def _record_rows(source: Source) -> Iterator[Row | Skipped]:
    name = source.name
    line = 0
    with source.lines() as lines:
        try:
            for line, text in enumerate(lines, start=1):
                if not text.strip():
                    continue
                try:
                    yield Row(_record(text), name, line)
                except ValueError as error:
                    yield Skipped(name, line, "", str(error))
        except SourceError as error:
            yield Skipped(name, line + 1, "", str(error))


def _document_rows(source: Source) -> Iterator[Row | Skipped]:
    name = source.name
    line = 0
    with source.pieces() as pieces:
        try:
            for line, found in enumerate(rows_in(pieces), start=1):
                if isinstance(found, str):
                    yield Skipped(name, line, "", found)
                else:
                    yield Row(flat(found), name, line)
        except (SourceError, ValueError) as error:
            yield Skipped(name, line + 1, "", str(error))


def _document_names(source: Source) -> tuple[str, ...]:
    """The names in the first messages of a document; none if it holds none near its beginning."""
    names: dict[str, None] = {}
    with source.pieces() as pieces:
        try:
            for found in islice(rows_in(islice(pieces, _PIECES_LOOKED_AT)), _RECORDS_LOOKED_AT):
                if not isinstance(found, str) and len(names) < _NAMES_ENOUGH:
                    names |= dict.fromkeys(flat(found))
        except (SourceError, ValueError):
            pass  # what comes before is enough, or there is nothing to read
    return tuple(names)


def _record_names(lines: Iterable[str]) -> tuple[str, ...]:
    names: dict[str, None] = {}
    errors: list[Exception] = []
    looked_at = 0
    try:
        for text in islice(filter(str.strip, lines), _RECORDS_LOOKED_AT):
            try:
                names |= dict.fromkeys(_record(text))
            except ValueError as error:
                errors.append(error)
            looked_at += len(text)
            if len(names) > _NAMES_ENOUGH or (names and looked_at > _CHARACTERS_ENOUGH):
                break
    except SourceError as error:
        errors.append(error)
    if errors and not names:
        raise errors[0]
    return tuple(names)


def _record(text: str) -> dict[str, str]:
    if len(text) >= LINE_LIMIT:
        raise ValueError(f"the record is longer than {LINE_LIMIT:,} characters")
    try:
        record = json_of(text)
        if isinstance(record, dict):
            return flat(record)
    except RecursionError:
        raise ValueError("the row is nested too deeply") from None
    except ValueError as error:
        raise ValueError(f"the row is not JSON: {error}") from None
    raise ValueError("the row is not a JSON object")


def flat(record: Mapping[str, object]) -> dict[str, str]:
    """Name the values of a JSON object by their dotted paths; an array is kept as JSON.

    Raises RecursionError if it is nested too deeply.
    """
    found: dict[str, str] = {}
    _flatten(record, "", found)
    return found


def _flatten(record: Mapping[str, object], prefix: str, found: dict[str, str]) -> None:
    for key, value in record.items():
        if isinstance(value, str):
            found[prefix + key] = value
        elif isinstance(value, dict):
            _flatten(value, f"{prefix}{key}.", found)
        elif value is not None and not _is_nan(value):
            found[prefix + key] = str(value) if type(value) is int else spelled(value)


def _is_nan(value: object) -> bool:
    """Whether a value is what pandas writes for a missing one; JSON knows none."""
    return isinstance(value, float) and math.isnan(value)


def _folder_rows(source: Source) -> Iterator[Row | Skipped]:
    for line, found in enumerate(pictures_in(source.path), start=1):
        if isinstance(found, Skipped):
            yield found
        else:
            yield Row({"path": found}, source.name, line)


_READ: Mapping[Shape, Callable[[Source], Iterator[Row | Skipped]]] = {
    Shape.TABLE: _table_rows,
    Shape.RECORDS: _record_rows,
    Shape.DOCUMENT: _document_rows,
    Shape.FOLDER: _folder_rows,
}
