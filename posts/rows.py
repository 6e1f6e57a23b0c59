"""Rows of named strings, whatever their source is.

A table's row is named by its header. A JSON record is flattened to dotted names (`user.id`), its
arrays kept as JSON. A JSON document gives one for each of its messages, and a folder for each of
its pictures. How they are found in a source is the matter of `layouts`.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from functools import partial
from itertools import islice

from frametrace.posts.column_facts import ColumnFacts
from frametrace.posts.dates.parse_time import parse_unix
from frametrace.posts.model import Precision, Skipped
from frametrace.posts.values import json_text, parse_count, restored_id

__all__ = ["Head", "Heads", "Row", "Rows", "Shape", "flatten", "ids_in"]

_NAMES_SHOWN = 40
_LONG_NAME = 100  # characters
_DOTTED_NAMES = 2**24  # characters of all dotted names of a record that are longer
_NOTHING_KNOWN = ColumnFacts()
_IDS = 200  # cells of a lost row that may be its id
_LONG_ID = 100  # characters


class Shape(StrEnum):
    """How a source is laid out."""

    TABLE = "table"
    RECORDS = "JSON records"
    DOCUMENT = "JSON document"
    TEXT = "text"
    FOLDER = "folder"


@dataclass(frozen=True, slots=True)
class Head:
    """What a source, or a list or a sheet in it, shows of itself.

    `names` are its header, or the names of its first records; `beginning` is the first text of a
    source of the shape TEXT; `part` names the list or the sheet; `how` says how it is written, for
    people. `rows` reads it; of a table of text, `filled` does so with short rows filled up.
    """

    shape: Shape
    names: tuple[str, ...]
    rows: Callable[[], Iterator["Row | Skipped"]] = field(default=lambda: iter(()), compare=False)
    part: str = ""
    beginning: str = ""
    how: str = ""
    filled: Callable[[], Iterator["Row | Skipped"]] | None = field(default=None, compare=False)

    @property
    def shown(self) -> str:
        """The names as a message lists them: not more than fit on a screen, and none at length."""
        shown = ", ".join(repr(name[:60]) for name in self.names[:_NAMES_SHOWN])
        return shown + ", …" if len(self.names) > _NAMES_SHOWN else shown


@dataclass(slots=True)
class Row:
    """One row. Taking a column removes it, so that `rest` is what nobody took.

    `notes` say which fields could not be read: they cost themselves and not the row. `facts` are
    those of the columns.
    """

    values: dict[str, str]
    source: str
    line: int
    notes: list[str] = field(default_factory=list)
    facts: ColumnFacts = field(default=_NOTHING_KNOWN, compare=False, repr=False)

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
        for held in (name, *others):
            if self.values.get(held, "").strip():
                break
        else:
            raise ValueError(f"{' or '.join((name, *others))} is empty")
        found = self._sound_id(held)
        self.take(name, *others)
        if not found:
            raise ValueError(f"{held} is empty")
        return found

    def reference(self, name: str) -> str:
        """Take the id of another post; empty where there is none, or where it was rounded."""
        try:
            return self._sound_id(name) if self.values.get(name, "").strip() else ""
        except ValueError as error:
            self.notes.append(f"{error}; the rest of the row is kept")
            return ""
        finally:
            self.take(name)

    def _sound_id(self, name: str) -> str:
        try:
            found = restored_id(self.values[name].strip())
        except ValueError as error:
            raise ValueError(f"{name} {error}") from None
        if self.facts.is_rounded(name, found):
            raise ValueError(
                f"{name} {found} was rounded, as others in its column: export it again, ids as text"
            )
        return found

    def time(
        self, name: str, parse: Callable[[str], tuple[datetime, Precision]] | None = None
    ) -> tuple[datetime | None, Precision]:
        """Take a time, in UTC, as `parse` reads it; None where there is none of that kind."""
        try:
            if text := self.take(name).strip():
                return (parse or partial(self.facts.time, name))(text)
        except ValueError as error:
            self.notes.append(f"{error}; the rest of the row is kept")
        return None, Precision.NONE

    def local_time(self, name: str) -> tuple[datetime | None, Precision]:
        """Take a time that some clock showed: no more than its day is certain without its zone."""
        moment, precision = self.time(name)
        if moment is None or self.facts.zone is not None or precision is Precision.DAY:
            return moment, precision
        if self.facts.cells is not None:
            self.facts.has_local_times = True
        return moment, Precision.DAY

    def unix(self, name: str) -> tuple[datetime | None, Precision]:
        """Take a time in seconds since 1970; None where there is none of that kind."""
        return self.time(name, parse_unix)

    def counts(self, names: Mapping[str, str]) -> dict[str, int]:
        """Take counts: `names` maps columns to what the count is called in a Post."""
        found: dict[str, int] = {}
        for column, called in names.items():
            written = self.values.get(column)
            if written and (number := parse_count(written)) is not None:
                del self.values[column]
                found[called] = number
        return found

    def rest(self, blank: str = "") -> dict[str, str]:
        """Return the columns that nobody took, without those that are empty or say `blank`."""
        return {name: value for name, value in self.values.items() if value and value != blank}


@dataclass(frozen=True, slots=True)
class Heads:
    """What a source may be: one of `either`, the first that is recognised, or else all `parts`."""

    either: tuple[Head, ...] = ()
    parts: tuple[tuple[Head, ...], ...] = ()
    what: str = ""  # what it is, where nothing of it is recognised
    unread: str = ""  # what else it holds, which is not read


Rows = Iterator[Row | Skipped]


def flatten(record: Mapping[str, object]) -> dict[str, str]:
    """Name the values of a JSON object by their dotted paths; an array is kept as JSON.

    Raises RecursionError if it is nested too deeply, and ValueError if its names are too long.
    """
    found: dict[str, str] = {}
    _flatten(record, "", found, [_DOTTED_NAMES])
    return found


def _flatten(
    record: Mapping[str, object], prefix: str, found: dict[str, str], left: list[int]
) -> None:
    for key, value in record.items():
        if isinstance(value, str):
            found[prefix + key] = value
        elif isinstance(value, dict):
            inner = f"{prefix}{key}."
            if len(inner) > _LONG_NAME:  # written out for every name below it
                left[0] -= len(inner) * len(value)
                if left[0] < 0:
                    raise ValueError("the names in the row are too long")
            _flatten(value, inner, found, left)
        elif value is not None and not _is_nan(value):
            found[prefix + key] = str(value) if type(value) is int else json_text(value)


def _is_nan(value: object) -> bool:
    """Whether a value is what pandas writes for a missing one; JSON knows none."""
    return isinstance(value, float) and math.isnan(value)


def ids_in(cells: Iterable[str]) -> tuple[str, ...]:
    """What of a row that can't be read may be its id."""
    short = (cell.strip() for cell in cells if len(cell) <= _LONG_ID)
    return tuple(islice(filter(None, short), _IDS))
