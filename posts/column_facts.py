"""What only a whole column can say of one of its cells.

Whether 05/06/2024 is in May or in June shows in the column's other dates. Whether an id that ends
in zeros was rounded shows in how many of the others do. So the column is read again, once, when a
cell that needs it is met.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, tzinfo

from frametrace.posts.model import Precision
from frametrace.posts.times import DayOrder, day_order, parse_time

__all__ = ["ColumnFacts"]

_LONG = re.compile(r"\d{17,20}", re.ASCII)
# A spreadsheet keeps fifteen digits of a number; by chance one id of 10,000 ends in four zeros.
_DIGITS_OF_SHEETS, _SHARE_IN_SHEETS = 15, 0.05
# A script that takes ids for numbers keeps seventeen; by chance one id of a hundred ends in two.
_ZEROS_OF_SCRIPTS, _SHARE_IN_SCRIPTS, _LEAST_IN_SCRIPTS = 2, 0.5, 3


@dataclass(slots=True, eq=False)
class ColumnFacts:
    """What is known of a source's columns, and what its reader was told of its times.

    `cells` reads a column again from its beginning; without it nothing is known. `zone` is that of
    times that name none; `order` says which comes first where a column of dates doesn't.
    """

    cells: Callable[[str], Iterator[str]] | None = None
    zone: tzinfo | None = None
    order: DayOrder | None = None
    _orders: dict[str, DayOrder | None] = field(default_factory=dict)
    _rounded: dict[str, frozenset[str]] = field(default_factory=dict)

    def time(self, column: str, text: str) -> tuple[datetime, Precision]:
        """Read a time of a column, in UTC. Raises ValueError, with a plain reason."""
        if self.order is None and column in self._orders:
            return parse_time(text, self.zone, self._orders[column])
        try:
            return parse_time(text, self.zone, self.order)
        except ValueError:
            if self.order is not None or self.cells is None or not _has_two_orders(text):
                raise
        self._orders[column] = self._order_of(column, self.cells)
        return parse_time(text, self.zone, self._orders[column])

    def is_rounded(self, column: str, text: str) -> bool:
        """Whether an id lost its last digits, which became zeros, in a spreadsheet or a script."""
        if self.cells is None or _zeros(text) < _ZEROS_OF_SCRIPTS:
            return False
        if column not in self._rounded:
            self._rounded[column] = _rounded_among(map(str.strip, self.cells(column)))
        return text in self._rounded[column]

    def _order_of(self, column: str, cells: Callable[[str], Iterator[str]]) -> DayOrder | None:
        """The order that the column's dates show; none where they show both or neither."""
        shown = {order for cell in cells(column) if (order := day_order(cell))}
        return shown.pop() if len(shown) == 1 else None


def _has_two_orders(text: str) -> bool:
    """Whether a date can be read in both orders."""
    read = set()
    for order in DayOrder:
        try:
            read.add(parse_time(text, None, order))
        except ValueError:
            return False
    return len(read) == 2


def _rounded_among(cells: Iterator[str]) -> frozenset[str]:
    """Which of a column's ids were rounded."""
    count, by_sheet, by_script = 0, set[str](), Counter[str]()
    for cell in cells:
        if _LONG.fullmatch(cell):
            count += 1
            zeros = _zeros(cell)
            if zeros >= _ZEROS_OF_SCRIPTS:
                by_script[cell] += 1
            if zeros >= len(cell) - _DIGITS_OF_SHEETS:
                by_sheet.add(cell)
    total = by_script.total()
    if total >= max(_LEAST_IN_SCRIPTS, _SHARE_IN_SCRIPTS * count):
        return frozenset(by_script)
    in_sheet = sum(by_script[cell] for cell in by_sheet)
    return frozenset(by_sheet) if in_sheet > _SHARE_IN_SHEETS * count else frozenset()


def _zeros(text: str) -> int:
    """How many zeros a long id ends in; none of an id that isn't a long number."""
    return len(text) - len(text.rstrip("0")) if _LONG.fullmatch(text) else 0
