"""Finds facts about whole columns: the order of day and month in dates, and rounding of ids.

The other dates of a column show whether 05/06/2024 is in May or June. The number of other ids that
end in zeros shows whether such an id was rounded. The column is read again, once, for the first
cell that needs this.
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
from frametrace.posts.dates.parse_time import parse_iso, parse_time
from frametrace.posts.model import Precision

__all__ = ["ColumnFacts"]

_LONG = re.compile(r"\d{17,20}", re.ASCII)
# A spreadsheet keeps fifteen digits of a number; by chance, one id in 10,000 ends in four zeros.
_SHEET_DIGITS, _MIN_SHEET_SHARE = 15, 0.05
# A script that treats ids as numbers keeps 17 or 18; by chance, 1 id in 100 ends in two zeros.
_SCRIPT_DIGITS, _MIN_SCRIPT_SHARE, _MIN_SCRIPT_IDS = 18, 0.5, 3
_SCRIPT_ZEROS = "00"
_MAX_CELLS = 20_000  # of a column of ids that are examined


@dataclass(slots=True, eq=False)
class ColumnFacts:
    """Facts about a source's columns, and the users' settings for its times.

    `cells` reads a column again from its beginning; without it, nothing is known. `zone` is that of
    times without one; `order` is for dates whose column doesn't show it. No spreadsheet writes
    JSON: in `records`, a single id that ends in zeros proves nothing.
    """

    cells: Callable[[str], Iterator[str]] | None = None
    zone: tzinfo | None = None
    order: DayOrder | None = None
    records: bool = False
    has_local_times: bool = False  # only their days were kept, as their zone is unknown
    _orders: dict[str, frozenset[DayOrder]] = field(default_factory=dict)
    _contradicted: set[str] = field(default_factory=set)
    _digits: dict[str, int] = field(default_factory=dict)

    def time(self, column: str, text: str) -> tuple[datetime | None, Precision]:
        """Parse a time of a column, in UTC. Raises ValueError, with a plain reason.

        If the column contradicts the users' `order`, it raises once and then returns None.
        """
        if parsed := parse_iso(text, self.zone):
            return parsed
        dates = possible_dates(text.strip())
        if self.cells is None or len(set(dates.values())) < 2:
            return parse_time(text, self.zone, self.order)
        if column not in self._orders:
            self._orders[column] = column_orders(self.cells(column))
            self._check(column, self.cells)
        if column in self._contradicted:
            return None, Precision.NONE
        order = self.order if self.order in dates else None
        return parse_time(text, self.zone, order or choose_order(text, self._orders[column]))

    def is_rounded(self, column: str, text: str) -> bool:
        """Whether a spreadsheet or script rounded an id, so that its last digits became zeros."""
        if self.cells is None or not text.endswith(_SCRIPT_ZEROS) or not _LONG.fullmatch(text):
            return False
        if column not in self._digits:
            cells = islice(self.cells(column), _MAX_CELLS)
            self._digits[column] = _digits_kept(map(str.strip, cells), 2 if self.records else 1)
        return len(text.rstrip("0")) <= self._digits[column]

    def _check(self, column: str, cells: Callable[[str], Iterator[str]]) -> None:
        """Raise ValueError if a date of the column contradicts the users' order."""
        if self.order is None:
            return
        if contradiction := first_contradiction(cells(column), self.order):
            self._contradicted.add(column)
            option = f"--day-order {self.order.replace(' ', '-')}"
            raise ValueError(
                f"{contradiction[:40]!r} in {column[:40]} contradicts {option}: the "
                "ambiguous times of this column are unknown"
            )


def _digits_kept(cells: Iterable[str], min_rounded: int) -> int:
    """The digits that a column's ids were rounded to; 0 if fewer than `min_rounded` were."""
    ids = [cell for cell in cells if _LONG.fullmatch(cell)]
    by_script = sum(cell.endswith(_SCRIPT_ZEROS) for cell in ids)
    if by_script >= max(_MIN_SCRIPT_IDS, _MIN_SCRIPT_SHARE * len(ids)):
        return _SCRIPT_DIGITS
    by_sheet = sum(len(cell.rstrip("0")) <= _SHEET_DIGITS for cell in ids)
    few = by_sheet < min_rounded or by_sheet <= _MIN_SHEET_SHARE * len(ids)
    return 0 if few else _SHEET_DIGITS
