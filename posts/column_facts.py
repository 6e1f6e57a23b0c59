"""What only a whole column can say of one of its cells.

Whether 05/06/2024 is in May or in June shows in the column's other dates. Whether an id that ends
in zeros was rounded shows in how many of the others do. So the column is read again, once, when a
cell that needs it is met.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from itertools import islice

from frametrace.posts.dates.day_order import (
    DayOrder,
    choose_order,
    column_orders,
    first_contradiction,
    possible_dates,
)
from frametrace.posts.dates.parse_time import parse_time
from frametrace.posts.model import Precision

__all__ = ["ColumnFacts"]

_LONG = re.compile(r"\d{17,20}", re.ASCII)
# A spreadsheet keeps fifteen digits of a number; by chance one id of 10,000 ends in four zeros.
_DIGITS_OF_SHEETS, _SHARE_IN_SHEETS = 15, 0.05
# A script that takes ids for numbers keeps 17 or 18; by chance one id of a hundred ends in two.
_DIGITS_OF_SCRIPTS, _SHARE_IN_SCRIPTS, _LEAST_IN_SCRIPTS = 18, 0.5, 3
_ZEROS_OF_SCRIPTS = "00"
_LOOKED_AT = 20_000  # cells of a column of ids


@dataclass(slots=True, eq=False)
class ColumnFacts:
    """What is known of a source's columns, and what its reader was told of its times.

    `cells` reads a column again from its beginning; without it nothing is known. `zone` is that of
    times that name none; `order` says which comes first where a column of dates doesn't. No
    spreadsheet writes JSON: of `records` one id alone that ends in zeros shows nothing.
    """

    cells: Callable[[str], Iterator[str]] | None = None
    zone: tzinfo | None = None
    order: DayOrder | None = None
    records: bool = False
    has_local_times: bool = False  # of which only the day was taken, for want of a zone
    _orders: dict[str, frozenset[DayOrder]] = field(default_factory=dict)
    _contradicted: set[str] = field(default_factory=set)
    _kept: dict[str, int] = field(default_factory=dict)

    def time(self, column: str, text: str) -> tuple[datetime | None, Precision]:
        """Read a time of a column, in UTC. Raises ValueError, with a plain reason.

        Where the column contradicts the order that was given, that is told once; None from then on.
        """
        found = possible_dates(text.strip())
        if self.cells is None or len(set(found.values())) < 2:
            return parse_time(text, self.zone, self.order)
        if column not in self._orders:
            self._orders[column] = column_orders(self.cells(column))
            self._check(column, self.cells)
        if column in self._contradicted:
            return None, Precision.NONE
        given = self.order if self.order in found else None
        return parse_time(text, self.zone, given or choose_order(text, self._orders[column]))

    def is_rounded(self, column: str, text: str) -> bool:
        """Whether an id lost its last digits, which became zeros, in a spreadsheet or a script."""
        if self.cells is None or not text.endswith(_ZEROS_OF_SCRIPTS) or not _LONG.fullmatch(text):
            return False
        if column not in self._kept:
            cells = islice(self.cells(column), _LOOKED_AT)
            self._kept[column] = _digits_kept(map(str.strip, cells), 2 if self.records else 1)
        return len(text.rstrip("0")) <= self._kept[column]

    def _check(self, column: str, cells: Callable[[str], Iterator[str]]) -> None:
        """Raise ValueError where a date of the column contradicts the order that was given."""
        if self.order is None:
            return
        if against := first_contradiction(cells(column), self.order):
            self._contradicted.add(column)
            option = f"--day-order {self.order.replace(' ', '-')}"
            raise ValueError(
                f"{against[:40]!r} in {column[:40]} contradicts {option}: the times of this column "
                "that can be read in several orders are unknown"
            )


def _digits_kept(cells: Iterable[str], least: int) -> int:
    """How many digits a column's ids were rounded to; 0 where fewer than `least` of them were."""
    ids = [cell for cell in cells if _LONG.fullmatch(cell)]
    by_script = sum(cell.endswith(_ZEROS_OF_SCRIPTS) for cell in ids)
    if by_script >= max(_LEAST_IN_SCRIPTS, _SHARE_IN_SCRIPTS * len(ids)):
        return _DIGITS_OF_SCRIPTS
    by_sheet = sum(len(cell.rstrip("0")) <= _DIGITS_OF_SHEETS for cell in ids)
    few = by_sheet < least or by_sheet <= _SHARE_IN_SHEETS * len(ids)
    return 0 if few else _DIGITS_OF_SHEETS
