"""Defines rows of named strings, the common form of all sources, and heads, which identify them.

The header names the values of a table's row. A JSON record is flattened to dotted names
(`user.id`), with its arrays kept as JSON. A JSON document has a row for each of its messages, a
folder one for each of its pictures. `layouts` extracts the rows from sources.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from itertools import islice

from frametrace.posts.dates.parse_time import parse_unix
from frametrace.posts.model import Precision, Skipped
from frametrace.posts.values import json_text, parse_count, restored_id
from frametrace.posts.whole_column_facts import ColumnFacts

__all__ = ["Head", "Heads", "Row", "Rows", "Shape", "flatten", "ids_in"]

_MAX_NAMES_SHOWN = 40  # in a message
_LONG_NAME = 100  # characters
_MAX_LONG_NAMES = 2**24  # characters of all dotted names of a record that are long
_NO_FACTS = ColumnFacts()
_MAX_IDS = 200  # cells of a lost row that may be its id
_MAX_ID = 100  # characters


class Shape(StrEnum):
    """How a source is laid out."""

    TABLE = "table"
    RECORDS = "JSON records"
    DOCUMENT = "JSON document"
    TEXT = "text"
    FOLDER = "folder"


@dataclass(frozen=True, slots=True)
class Head:
    """The beginning of a source, or of a list or sheet in it: readers recognise their format by it.

    `names` are its header, or the names in its first records; `beginning` is the first text of a
    source of the shape TEXT; `part` names the list or sheet; `description` is its layout in
    words. `rows` reads it; `filled_rows` reads a delimited table with short rows filled up.
    """

    shape: Shape
    names: tuple[str, ...]
    rows: Callable[[], Iterator["Row | Skipped"]] = field(default=lambda: iter(()), compare=False)
    part: str = ""
    beginning: str = ""
    description: str = ""
    filled_rows: Callable[[], Iterator["Row | Skipped"]] | None = field(default=None, compare=False)

    @property
    def shown(self) -> str:
        """The names for a message: no more than fit on a screen, and each shortened."""
        shown = ", ".join(repr(name[:60]) for name in self.names[:_MAX_NAMES_SHOWN])
        return shown + ", …" if len(self.names) > _MAX_NAMES_SHOWN else shown


@dataclass(slots=True)
class Row:
    """One row. Taking a column removes it, so `rest` is what was not taken.

    `notes` are reports on fields that could not be read, though the row was. `facts` are those of
    whole columns.
    """

    values: dict[str, str]
    source: str
    line: int
    notes: list[str] = field(default_factory=list)
    facts: ColumnFacts = field(default=_NO_FACTS, compare=False, repr=False)

    @property
    def file(self) -> str:
        """The name of the row's file, without folders: sidecars are named like their pictures."""
        return self.source.rpartition("/")[2]

    def take(self, name: str, *others: str) -> str:
        """Take several columns; returns the first value that isn't empty, or an empty string."""
        taken = self.values.pop(name, "")
        for other in others:
            value = self.values.pop(other, "")
            taken = taken or value
        return taken

    def key(self, name: str, *others: str) -> str:
        """Take an id. Raises ValueError if it is empty or was rounded by a spreadsheet."""
        column, written = name, self.values.get(name, "").strip()
        for other in others:
            if not written:
                column, written = other, self.values.get(other, "").strip()
        if not written:
            raise ValueError(f"{' or '.join((name, *others))} is empty")
        key = self._exact_id(column, written)
        self.take(name, *others)
        if not key:
            raise ValueError(f"{column} is empty")
        return key

    def reference(self, name: str) -> str:
        """Take the id of another post; empty if there is none, or if it was rounded."""
        written = self.take(name).strip()
        try:
            return self._exact_id(name, written) if written else ""
        except ValueError as error:
            self.notes.append(f"{error}; the rest of the row is kept")
            return ""

    def _exact_id(self, name: str, written: str) -> str:
        try:
            exact = restored_id(written)
        except ValueError as error:
            raise ValueError(f"{name} {error}") from None
        if self.facts.is_rounded(name, exact):
            raise ValueError(
                f"{name} {exact} was rounded, like others in its column: "
                "export it again with ids as text"
            )
        return exact

    def time(
        self, name: str, parse: Callable[[str], tuple[datetime, Precision]] | None = None
    ) -> tuple[datetime | None, Precision]:
        """Take a time, in UTC, with `parse` or as text; None if it is missing or unreadable."""
        try:
            if text := self.take(name).strip():
                return parse(text) if parse else self.facts.time(name, text)
        except ValueError as error:
            self.notes.append(f"{error}; the rest of the row is kept")
        return None, Precision.NONE

    def local_time(self, name: str) -> tuple[datetime | None, Precision]:
        """Take a time in an unknown local zone: without `--timezone`, only its day is kept."""
        moment, precision = self.time(name)
        if moment is None or self.facts.zone is not None or precision is Precision.DAY:
            return moment, precision
        if self.facts.cells is not None:
            self.facts.has_local_times = True
        return moment, Precision.DAY

    def unix(self, name: str) -> tuple[datetime | None, Precision]:
        """Take a time in seconds since 1970; None if it is missing or unreadable."""
        return self.time(name, parse_unix)

    def counts(self, names: Mapping[str, str]) -> dict[str, int]:
        """Take counts: `names` maps columns to the names of counts in a Post."""
        counts: dict[str, int] = {}
        for column, name in names.items():
            cell = self.values.get(column)
            if cell and (number := parse_count(cell)) is not None:
                del self.values[column]
                counts[name] = number
        return counts

    def rest(self, blank: str = "") -> dict[str, str]:
        """Return the columns that were not taken, except those that are empty or equal `blank`."""
        if not self.values:
            return {}
        return {name: value for name, value in self.values.items() if value and value != blank}


@dataclass(frozen=True, slots=True)
class Heads:
    """The heads of a source.

    It is read as the first of `alternatives` that is recognised, or else as all of its `parts` that
    are recognised: its lists or sheets, each with alternative heads.
    """

    alternatives: tuple[Head, ...] = ()
    parts: tuple[tuple[Head, ...], ...] = ()
    description: str = ""  # of the source, if nothing in it is recognised
    unread: str = ""  # description of what else it holds


Rows = Iterator[Row | Skipped]


def flatten(record: Mapping[str, object]) -> dict[str, str]:
    """The values of a JSON object by their dotted paths; arrays are kept as JSON.

    Raises RecursionError if it is nested too deeply, and ValueError if its names are too long.
    """
    values: dict[str, str] = {}
    _flatten_into(values, record, "", [_MAX_LONG_NAMES])
    return values


def _flatten_into(
    values: dict[str, str], record: Mapping[str, object], prefix: str, budget: list[int]
) -> None:
    for key, value in record.items():
        if isinstance(value, str):
            values[prefix + key] = value
        elif isinstance(value, dict):
            inner = f"{prefix}{key}."
            if len(inner) > _LONG_NAME:  # it is repeated for every name below it
                budget[0] -= len(inner) * len(value)
                if budget[0] < 0:
                    raise ValueError("the names in the row are too long")
            _flatten_into(values, value, inner, budget)
        elif type(value) is int:
            values[prefix + key] = str(value)
        elif value is not None and not _is_nan(value):
            values[prefix + key] = json_text(value)


def _is_nan(value: object) -> bool:
    """Whether a value is NaN, which pandas writes for missing values (JSON has no NaN)."""
    return isinstance(value, float) and math.isnan(value)


def ids_in(cells: Iterable[str]) -> tuple[str, ...]:
    """The cells of an unreadable row that may be its id."""
    short = (cell.strip() for cell in cells if len(cell) <= _MAX_ID)
    return tuple(islice(filter(None, short), _MAX_IDS))
