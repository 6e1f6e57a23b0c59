"""Sources as rows of named strings, whatever their shape.

A table's row is named by its header. A JSON record is flattened to dotted names (`user.id`), its
arrays kept as JSON. A folder gives one row per picture. A row that can't be read is a `Skipped`.
"""

import csv
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import chain
from typing import TYPE_CHECKING

from frametrace.posts.errors import SourceError
from frametrace.posts.folders import pictures_in
from frametrace.posts.model import Precision, Skipped
from frametrace.posts.sources import LINE_LIMIT, Source
from frametrace.posts.times import parse_time
from frametrace.posts.values import count, encodable

if TYPE_CHECKING:
    import _csv

__all__ = ["Head", "Row", "Shape", "read_head", "read_rows"]

# The longest captions are some 65 thousand characters; an unclosed quote ends here.
_FIELD_LIMIT = 2**20

_FLOATED_ID = re.compile(r"\d(\.\d+)?[eE]\+\d+")
_SURROGATE_ESCAPE = re.compile(r"\\u[dD][89a-fA-F]")


class Shape(StrEnum):
    """How a source is laid out."""

    TABLE = "CSV"
    RECORDS = "JSONL"
    FOLDER = "folder"


@dataclass(frozen=True, slots=True)
class Head:
    """What a source shows of itself: its shape, and its header or its first record's names."""

    shape: Shape
    names: tuple[str, ...]


@dataclass(slots=True)
class Row:
    """One row. Taking a column removes it, so that `rest` is what nobody took."""

    values: dict[str, str]
    source: str
    line: int

    def take(self, name: str, *others: str) -> str:
        """Return the first of the columns that holds something, or an empty string."""
        found = self.values.pop(name, "")
        for other in others:
            value = self.values.pop(other, "")
            found = found or value
        return found

    def key(self, name: str, *others: str) -> str:
        """Take an id. Raises ValueError if it is empty or was rounded by a spreadsheet."""
        found = self.take(name, *others).strip()
        if not found:
            raise ValueError(f"{' or '.join((name, *others))} is empty")
        if "+" in found and _FLOATED_ID.fullmatch(found):
            raise ValueError(f"{name} {found} lost its digits in a spreadsheet")
        return found

    def time(self, name: str) -> tuple[datetime | None, Precision]:
        """Take a time, in UTC. Raises ValueError if there is one that can't be read."""
        text = self.take(name)
        return parse_time(text) if text else (None, Precision.NONE)

    def counts(self, names: Mapping[str, str]) -> dict[str, int]:
        """Take counts: `names` maps columns to what the count is called in a Post."""
        found: dict[str, int] = {}
        for column, called in names.items():
            number = count(self.values.get(column, ""))
            if number is not None:
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
    with source.lines() as lines:
        first = next((line for line in lines if line.strip()), "")
        if not first:
            raise SourceError(f"{source.name}: the file is empty. Export it again.")
        try:
            if first.lstrip().startswith("{"):
                return Head(Shape.RECORDS, tuple(_record(first)))
            return Head(Shape.TABLE, tuple(_header(_table(chain([first], lines)))))
        except (ValueError, csv.Error) as error:
            raise SourceError(f"{source.name}: its first row can't be read: {error}") from error


def read_rows(source: Source, shape: Shape) -> Iterator[Row | Skipped]:
    """Read every row of a source; what can't be read is a Skipped, and reading goes on."""
    return _READ[shape](source)


def _table_rows(source: Source) -> Iterator[Row | Skipped]:
    name = source.name
    with source.lines() as lines:
        table = _table(lines)
        header = _header(table)
        while True:
            line = table.line_num + 1
            try:
                cells = next(table)
            except StopIteration:
                return
            except csv.Error as error:
                yield Skipped(name, line, "", f"the row can't be read: {error}")
            except SourceError as error:
                yield Skipped(name, line, "", str(error))
                return
            else:
                if len(cells) == len(header):
                    yield Row(dict(zip(header, cells, strict=True)), name, line)
                elif cells:
                    reason = f"the row has {len(cells)} values, the header {len(header)}"
                    yield Skipped(name, line, "", reason)


def _table(lines: Iterable[str]) -> "_csv.Reader":
    csv.field_size_limit(_FIELD_LIMIT)
    # Strict: a broken quote is an unreadable row, never two posts run together.
    return csv.reader(lines, strict=True)


def _header(table: Iterable[list[str]]) -> list[str]:
    for cells in table:
        names = [name.strip() for name in cells]
        if any(names):
            return names
    raise ValueError("it names no column")


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


def _record(text: str) -> dict[str, str]:
    if len(text) >= LINE_LIMIT:
        raise ValueError(f"the record is longer than {LINE_LIMIT:,} characters")
    try:
        record = json.loads(text)
        if _SURROGATE_ESCAPE.search(text):
            record = json.loads(encodable(json.dumps(record, ensure_ascii=False)))
        if isinstance(record, dict):
            return dict(_flatten(record, ""))
    except (ValueError, RecursionError) as error:
        raise ValueError(f"the row is not JSON: {error}") from None
    raise ValueError("the row is not a JSON object")


def _flatten(record: Mapping[str, object], prefix: str) -> Iterator[tuple[str, str]]:
    for key, value in record.items():
        name = prefix + key
        if isinstance(value, dict):
            yield from _flatten(value, f"{name}.")
        elif isinstance(value, str):
            yield name, value
        elif value is not None:
            yield name, json.dumps(value, ensure_ascii=False)


def _folder_rows(source: Source) -> Iterator[Row | Skipped]:
    for line, found in enumerate(pictures_in(source.path), start=1):
        if isinstance(found, Skipped):
            yield found
        else:
            yield Row({"path": found}, source.name, line)


_READ: Mapping[Shape, Callable[[Source], Iterator[Row | Skipped]]] = {
    Shape.TABLE: _table_rows,
    Shape.RECORDS: _record_rows,
    Shape.FOLDER: _folder_rows,
}
