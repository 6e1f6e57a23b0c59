"""Tables of text row by row, in bounded memory; a broken row costs itself alone."""

import csv
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain, islice

__all__ = [
    "DelimitedTable",
    "TableFormat",
    "likeliest_format",
    "possible_formats",
    "repeats_header",
    "unique_names",
    "with_quoting",
]

# Characters. The longest captions have some 65 thousand; an unclosed quote ends here.
_ROW_LIMIT = 2**20

_COLUMNS = 2**14  # as many as a sheet of Excel has
_SEPARATORS = (",", ";", "\t", "|")
_BEFORE = 30  # lines that a report may write above its header
_HINT = "sep="  # what Excel writes, and reads, in a first line of its own


@dataclass(frozen=True, slots=True)
class TableFormat:
    """How a table is written: its signs, and how many lines stand before its header.

    `quote` is empty where quotes are signs like others; `escape` stands before a quote in a cell
    where quotes aren't doubled.
    """

    separator: str = ","
    quote: str = '"'
    escape: str = ""
    before: int = 0

    def reader(self, lines: Iterable[str]) -> Iterator[list[str]]:
        """Read cells of lines, strictly. Raises csv.Error."""
        csv.field_size_limit(_ROW_LIMIT)
        return csv.reader(
            lines,
            strict=True,
            delimiter=self.separator,
            quotechar=self.quote or None,
            quoting=csv.QUOTE_MINIMAL if self.quote else csv.QUOTE_NONE,
            escapechar=self.escape or None,
            doublequote=not self.escape,
        )


@dataclass(slots=True)
class DelimitedTable:
    """The header of a table and then its rows; `line` is where the row at hand begins, from 1.

    Quotes are taken strictly: a broken one is an unreadable row, never two posts run together. The
    row's further lines are then read again as rows of their own, for an unclosed quote would
    otherwise swallow sound rows up to the next one. What is read again is never more than what was
    read before, so that a hostile table takes no longer than a sound one.
    """

    fresh: Iterator[str]
    layout: TableFormat = TableFormat()
    line: int = 1
    _row: list[str] = field(default_factory=list)
    _length: int = 0
    _again: deque[str] = field(default_factory=deque)
    _spare: int = 0

    def header(self) -> tuple[str, ...]:
        """Read the first row that isn't blank. Raises ValueError, with a plain reason."""
        for line in islice(self.fresh, self.layout.before):
            self._row.append(line)
        try:
            for cells in self._reader():
                names = [name.strip() for name in cells]
                if len(names) > _COLUMNS:
                    raise ValueError(f"it names more than {_COLUMNS:,} columns")
                if any(names):
                    return unique_names(names)
        except csv.Error as error:
            raise ValueError(str(error)) from None
        raise ValueError("it names no column")

    def rows(self) -> Iterator[list[str] | str]:
        """Give the cells of each remaining row, or the reason why it can't be read."""
        reader = self._reader()
        while True:
            self.line += len(self._row)
            self._row.clear()
            self._length = 0
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                yield f"{self._give_back()} can't be read: {error}"
                reader = self._reader()
            else:
                yield cells

    def _reader(self) -> Iterator[list[str]]:
        return self.layout.reader(self._lines())

    def _lines(self) -> Iterator[str]:
        while True:
            if self._again:
                line = self._again.popleft()
            elif (read := next(self.fresh, None)) is not None:
                line = read
                self._spare += len(line)
            else:
                return
            self._row.append(line)
            self._length += len(line)
            if self._length > _ROW_LIMIT:
                raise csv.Error(f"it is longer than {_ROW_LIMIT:,} characters")
            yield line

    def _give_back(self) -> str:
        """Have all but the broken row's first line read again; say which lines are lost."""
        rest = self._row[1:]
        cost = sum(map(len, rest))
        if cost > self._spare:
            return f"the row, which goes on to line {self.line + len(rest)},"
        self._spare -= cost
        self._again.extendleft(reversed(rest))
        del self._row[1:]
        return "the row"


def unique_names(names: Iterable[str]) -> tuple[str, ...]:
    """Number the columns that share a name, so that none hides another."""
    seen = Counter[str]()
    found = []
    for name in names:
        seen[name] += 1
        found.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return tuple(found)


def repeats_header(cells: Sequence[str], header: Sequence[str]) -> bool:
    """Whether a row holds the names of the columns, in any order, as where tables were joined."""
    if len(cells) < 2 or cells[0].strip() not in header:
        return False
    named = [cell.strip() for cell in cells]
    return not any(map(str.isdecimal, named)) and sorted(unique_names(named)) == sorted(header)


def possible_formats(lines: Sequence[str]) -> Iterator[tuple[TableFormat, tuple[str, ...]]]:
    """The layouts that a table which begins with `lines` may have, each with the header it gives.

    The plainest come first: a header in the first line, separated by commas.
    """
    hint = lines[0].strip().removeprefix("\ufeff") if lines else ""
    if hint.startswith(_HINT) and len(hint) <= len(_HINT) + 1:
        separators: tuple[str, ...] = (hint[len(_HINT) :] or "\t",)
        first = 1
    else:
        separators, first = _SEPARATORS, 0
    for before in range(first, min(len(lines), _BEFORE)):
        if not lines[before].strip():
            continue
        for separator in separators:
            for quote in ('"', ""):
                layout = TableFormat(separator, quote, before=before)
                try:
                    names = DelimitedTable(iter(lines), layout).header()
                except ValueError:
                    continue
                yield layout, names
                break


def likeliest_format(lines: Sequence[str]) -> tuple[TableFormat, tuple[str, ...]] | None:
    """The layout in which most rows have as many cells as the header; None where none fits."""
    ranked = [
        (_fitting(lines, layout), len(names), -layout.before, (layout, names))
        for layout, names in possible_formats(lines)
        if len(names) > 1
    ]
    return max(ranked, key=lambda rank: rank[:3])[-1] if ranked else None


def with_quoting(lines: Sequence[str], layout: TableFormat) -> TableFormat:
    """The layout with the way of quoting that the lines show; else the usual one."""
    ways = [layout]
    if any('\\"' in line for line in lines):
        ways.append(replace(layout, escape="\\"))
    if any(line.startswith("'") and f"'{layout.separator}'" in line for line in lines):
        ways.append(replace(layout, quote="'"))
    if layout.separator == "\t":
        ways.append(replace(layout, quote=""))
    return max(ways, key=lambda way: _fitting(lines, way))  # the first of equals


def _fitting(lines: Sequence[str], layout: TableFormat) -> int:
    """How many rows have as many cells as the header; the last may be cut."""
    table = DelimitedTable(chain(lines), layout)
    try:
        width = len(table.header())
    except ValueError:
        return 0
    return sum(not isinstance(cells, str) and len(cells) == width for cells in table.rows())
