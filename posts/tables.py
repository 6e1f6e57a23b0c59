"""CSV tables row by row, in bounded memory; a broken row costs itself and not its neighbours."""

import csv
from collections import Counter, deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

__all__ = ["Table"]

# Characters. The longest captions have some 65 thousand; an unclosed quote ends here.
_ROW_LIMIT = 2**20


@dataclass(slots=True)
class Table:
    """The header of a CSV and then its rows; `line` is where the row at hand begins, from 1.

    Quotes are taken strictly: a broken one is an unreadable row, never two posts run together. The
    row's further lines are then read again as rows of their own, for an unclosed quote would
    otherwise swallow sound rows up to the next one. What is read again is never more than what was
    read before, so that a hostile table takes no longer than a sound one.
    """

    fresh: Iterator[str]
    line: int = 1
    _row: list[str] = field(default_factory=list)
    _length: int = 0
    _again: deque[str] = field(default_factory=deque)
    _spare: int = 0

    def header(self) -> tuple[str, ...]:
        """Read the first row that isn't blank. Raises ValueError, with a plain reason."""
        try:
            for cells in self._reader():
                names = [name.strip() for name in cells]
                if any(names):
                    return tuple(_distinct(names))
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
        csv.field_size_limit(_ROW_LIMIT)
        return csv.reader(self._lines(), strict=True)

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


def _distinct(names: Iterable[str]) -> Iterator[str]:
    """Number the columns that share a name, so that none hides another."""
    seen = Counter[str]()
    for name in names:
        seen[name] += 1
        yield name if seen[name] == 1 else f"{name} ({seen[name]})"
