"""Reads delimited tables (CSV, TSV, …) row by row in bounded memory, and detects their format.

A broken row affects no other row.
"""

import csv
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain, islice

__all__ = [
    "MAX_COLUMNS",
    "DelimitedTable",
    "TableFormat",
    "likeliest_format",
    "possible_formats",
    "repeats_header",
    "unique_names",
    "with_quoting",
]

# Characters. The longest captions have some 65 thousand; a row with an unclosed quote ends here.
_ROW_LIMIT = 2**20

MAX_COLUMNS = 2**14  # as many as an Excel sheet has
_SEPARATORS = (",", ";", "\t", "|")
_MAX_LINES_BEFORE = 30  # that a report may write above its header
_HINT = "sep="  # Excel writes and reads this in the first line, before the separator


@dataclass(frozen=True, slots=True)
class TableFormat:
    """How a table is written: its separator and quotes, and the number of lines before its header.

    `quote` is empty if quotes have no special meaning. `escape` is the character before a quote
    in a cell, if quotes aren't doubled.
    """

    separator: str = ","
    quote: str = '"'
    escape: str = ""
    lines_before: int = 0

    def reader(self, lines: Iterable[str]) -> Iterator[list[str]]:
        """Read the cells of lines, strictly. Raises csv.Error."""
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
    """Reads the header of a table, then its rows; `line` is the current row's first line, from 1.

    Quotes are parsed strictly: a broken quote makes an unreadable row, and never joins two posts.
    The row's further lines are then read again as rows of their own, since an unclosed quote would
    swallow valid rows up to the next quote. No more is reread than was read before, so a hostile
    table takes at most twice as long as a valid one.
    """

    lines: Iterator[str]
    format: TableFormat = TableFormat()
    line: int = 1
    _row: list[str] = field(default_factory=list)
    _length: int = 0  # characters of the current row
    _pushed_back: deque[str] = field(default_factory=deque)
    _reread_budget: int = 0  # characters

    def header(self) -> tuple[str, ...]:
        """Read the first row that isn't blank. Raises ValueError, with a plain reason."""
        for line in islice(self.lines, self.format.lines_before):
            self._row.append(line)
        try:
            for cells in self._reader():
                names = [name.strip() for name in cells]
                if len(names) > MAX_COLUMNS:
                    raise ValueError(f"it names more than {MAX_COLUMNS:,} columns")
                if any(names):
                    return unique_names(names)
        except csv.Error as error:
            raise ValueError(str(error)) from None
        raise ValueError("it names no column")

    def rows(self) -> Iterator[list[str] | str]:
        """Yield the cells of each remaining row, or the reason why it can't be read."""
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
                yield f"{self._push_back()} can't be read: {error}"
                reader = self._reader()
            else:
                yield cells

    def _reader(self) -> Iterator[list[str]]:
        return self.format.reader(self._row_lines())

    def _row_lines(self) -> Iterator[str]:
        while True:
            if self._pushed_back:
                line = self._pushed_back.popleft()
            elif (read := next(self.lines, None)) is not None:
                line = read
                self._reread_budget += len(line)
            else:
                return
            self._row.append(line)
            self._length += len(line)
            if self._length > _ROW_LIMIT:
                raise csv.Error(f"it is longer than {_ROW_LIMIT:,} characters")
            yield line

    def _push_back(self) -> str:
        """Push back all but the first line of a broken row; returns a name for the lost lines."""
        rest = self._row[1:]
        cost = sum(map(len, rest))
        if cost > self._reread_budget:
            return f"the row, which goes on to line {self.line + len(rest)},"
        self._reread_budget -= cost
        self._pushed_back.extendleft(reversed(rest))
        del self._row[1:]
        return "the row"


def unique_names(names: Iterable[str]) -> tuple[str, ...]:
    """Number the columns that share a name: `name`, `name (2)`, …"""
    seen = Counter[str]()
    unique = []
    for name in names:
        seen[name] += 1
        unique.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return tuple(unique)


def repeats_header(cells: Sequence[str], header: Sequence[str]) -> bool:
    """Whether a row repeats the names of the columns, in any order, as in concatenated tables."""
    if len(cells) < 2 or cells[0].strip() not in header:
        return False
    names = [cell.strip() for cell in cells]
    return not any(map(str.isdecimal, names)) and sorted(unique_names(names)) == sorted(header)


def possible_formats(lines: Sequence[str]) -> Iterator[tuple[TableFormat, tuple[str, ...]]]:
    """The formats that a table beginning with `lines` may have, each with the resulting header.

    The simplest come first: a header in the first line, separated by commas.
    """
    hint = lines[0].strip().removeprefix("\ufeff") if lines else ""
    if hint.startswith(_HINT) and len(hint) <= len(_HINT) + 1:
        separators: tuple[str, ...] = (hint[len(_HINT) :] or "\t",)
        first = 1
    else:
        separators, first = _SEPARATORS, 0
    for before in range(first, min(len(lines), _MAX_LINES_BEFORE)):
        if not lines[before].strip():
            continue
        for separator in separators:
            for quote in ('"', ""):
                table_format = TableFormat(separator, quote, lines_before=before)
                try:
                    names = DelimitedTable(iter(lines), table_format).header()
                except ValueError:
                    continue
                yield table_format, names
                break


def likeliest_format(lines: Sequence[str]) -> tuple[TableFormat, tuple[str, ...]] | None:
    """The format in which most rows have as many cells as the header; None if none fits."""
    ranked = [
        (
            _fitting_rows(lines, table_format),
            len(names),
            -table_format.lines_before,
            (table_format, names),
        )
        for table_format, names in possible_formats(lines)
        if len(names) > 1
    ]
    return max(ranked, key=lambda rank: rank[:3])[-1] if ranked else None


def with_quoting(lines: Sequence[str], table_format: TableFormat) -> TableFormat:
    """The format with the quoting that fits most lines; otherwise unchanged."""
    variants = [table_format]
    if any('\\"' in line for line in lines):
        variants.append(replace(table_format, escape="\\"))
    if any(line.startswith("'") and f"'{table_format.separator}'" in line for line in lines):
        variants.append(replace(table_format, quote="'"))
    if table_format.separator == "\t":
        variants.append(replace(table_format, quote=""))
    return max(variants, key=lambda variant: _fitting_rows(lines, variant))  # the first of equals


def _fitting_rows(lines: Sequence[str], table_format: TableFormat) -> int:
    """The number of rows with as many cells as the header."""
    table = DelimitedTable(chain(lines), table_format)
    try:
        width = len(table.header())
    except ValueError:
        return 0
    return sum(not isinstance(cells, str) and len(cells) == width for cells in table.rows())
