"""Finds the order of day, month and year in dates such as 05/06/2024 or 19-08-31.

A single date often does not show its order, but its column does: an order that is impossible for
one date of the column is ruled out for all. A two-digit year may come first or last. No post is in
the future, so in 19-08-31 the year comes first.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum

__all__ = [
    "DATE_IN_NUMBERS",
    "LATEST_DATE",
    "SPACES",
    "DayOrder",
    "choose_order",
    "column_orders",
    "first_contradiction",
    "possible_dates",
]


class DayOrder(StrEnum):
    """Which number comes first in a date such as 05/06/2024 or 05/06/24."""

    DAY_FIRST = "day first"
    MONTH_FIRST = "month first"
    YEAR_FIRST = "year first"


_GERMAN = re.compile(r"\bUhr\b")  # in German dates, the day always comes first
_SEPARATOR = r"(?P<sign>\. |[./-])"
# A date that does not begin with a year of four digits.
DATE_IN_NUMBERS = (
    rf"(?P<first>\d{{1,2}}){_SEPARATOR}(?P<second>\d{{1,2}})(?P=sign)(?P<year>\d{{4}}|\d\d)"
    r"(?![\d./-])"
)
_BEGINNING = re.compile(rf"\s*{DATE_IN_NUMBERS}", re.ASCII)
LATEST_DATE = (datetime.now(UTC) + timedelta(days=1)).date()  # that a post may have
# If all dates of a column are in one year, that number is constant while the days vary: there are
# at least 5 distinct days, more than 10 apart.
_MIN_DISTINCT_DAYS, _MIN_DAYS_APART = 5, 10
SPACES = str.maketrans({"\u202f": " ", "\u00a0": " ", "\u200e": "", "\u200f": ""})


def possible_dates(text: str, latest: date = LATEST_DATE) -> Mapping[DayOrder, date]:
    """The days that a date may mean, by their orders; empty for other texts.

    With a two-digit year, no day is after `latest`. Between dots, a month never comes first.
    """
    match = _BEGINNING.match(text.translate(SPACES))
    return _dates_by_order(match, latest) if match else {}


def choose_order(text: str, orders: Iterable[DayOrder]) -> DayOrder | None:
    """The order of a date among possible ones; None if these leave several days."""
    dates = possible_dates(text)
    fitting = [order for order in orders if order in dates]
    return fitting[0] if len({dates[order] for order in fitting}) == 1 else None


def column_orders(cells: Iterable[str], latest: date = LATEST_DATE) -> frozenset[DayOrder]:
    """The orders that all dates of a column can have.

    Dates with a four-digit year do not show where a two-digit year is.
    """
    possible = set(DayOrder)
    firsts, lasts = set[int](), set[int]()  # numbers of the dates with a two-digit year
    for cell in cells:
        match = _BEGINNING.match(cell.translate(SPACES))
        if match is None or not (dates := _dates_by_order(match, latest)):
            continue
        if len(match["year"]) == 2:
            possible &= dates.keys()
            firsts.add(int(match["first"]))
            lasts.add(int(match["year"]))
        else:
            possible &= {*dates, DayOrder.YEAR_FIRST}
    if len(lasts) == 1 and _are_days(firsts):
        possible -= {DayOrder.YEAR_FIRST}
    elif len(firsts) == 1 and _are_days(lasts):
        possible &= {DayOrder.YEAR_FIRST}
    return frozenset(possible)


def first_contradiction(cells: Iterable[str], order: DayOrder) -> str:
    """The first date of a column that can't have the given order; empty if all can."""
    for cell in cells:
        # Dots alone suggest an order, but don't contradict the one that users gave.
        dates = possible_dates(cell.replace(".", "/"))
        if dates and order not in dates:
            return cell.strip()
    return ""


def _dates_by_order(match: re.Match[str], latest: date) -> Mapping[DayOrder, date]:
    is_german = _GERMAN.search(match.string[:80])
    first, second, year = int(match["first"]), int(match["second"]), int(match["year"])
    is_short = len(match["year"]) == 2
    full_year = 2000 + year if is_short else year
    orders = {DayOrder.DAY_FIRST: (full_year, second, first)}
    if "." not in match["sign"] and not is_german:
        orders[DayOrder.MONTH_FIRST] = (full_year, first, second)
    if is_short and len(match["first"]) == 2 and not is_german:
        orders[DayOrder.YEAR_FIRST] = (2000 + first, second, year)
    dates = {order: day for order, numbers in orders.items() if (day := _day(*numbers))}
    return {order: day for order, day in dates.items() if not is_short or day <= latest}


def _are_days(numbers: set[int]) -> bool:
    return len(numbers) >= _MIN_DISTINCT_DAYS and max(numbers) - min(numbers) > _MIN_DAYS_APART


def _day(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None
