"""Which number of a date such as 05/06/2024 or 19-08-31 is the day, the month and the year.

A date alone often does not show it, its column does: an order that one of the column's dates can't
have is not that of the others. A year of two digits may stand first or last. No date of a post lies
in the future, which is how 19-08-31 shows that its year comes first.
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


# Dates whose year does not stand first with all its digits.
_GERMAN = re.compile(r"\bUhr\b")  # where the day always comes first
_SIGN = r"(?P<sign>\. |[./-])"
DATE_IN_NUMBERS = (
    rf"(?P<first>\d{{1,2}}){_SIGN}(?P<second>\d{{1,2}})(?P=sign)(?P<year>\d{{4}}|\d\d)(?![\d./-])"
)
_BEGINNING = re.compile(rf"\s*{DATE_IN_NUMBERS}", re.ASCII)
LATEST_DATE = (datetime.now(UTC) + timedelta(days=1)).date()  # of posts, as this is read
# Dates in one year of two digits say which number it is: it stays the same while the days differ.
_DIFFERENT_DAYS, _DAYS_APART = 5, 10
SPACES = str.maketrans({"\u202f": " ", "\u00a0": " ", "\u200e": "", "\u200f": ""})


def possible_dates(text: str, latest: date = LATEST_DATE) -> Mapping[DayOrder, date]:
    """The days that a date may be, by the order that it then has; empty for other texts.

    Of a year with two digits none is after `latest`. Between dots a month never comes first.
    """
    match = _BEGINNING.match(text.translate(SPACES))
    return _readings(match, latest) if match else {}


def choose_order(text: str, orders: Iterable[DayOrder]) -> DayOrder | None:
    """The order of a date among some that are possible; None where they leave several days."""
    found = possible_dates(text)
    fitting = [order for order in orders if order in found]
    return fitting[0] if len({found[order] for order in fitting}) == 1 else None


def column_orders(cells: Iterable[str], latest: date = LATEST_DATE) -> frozenset[DayOrder]:
    """The orders that all dates of a column can have.

    A year with all its digits does not say where one of two digits stands.
    """
    possible = set(DayOrder)
    firsts, lasts = set[int](), set[int]()  # of dates with two digits for the year
    for cell in cells:
        match = _BEGINNING.match(cell.translate(SPACES))
        if match is None or not (found := _readings(match, latest)):
            continue
        if len(match["year"]) == 2:
            possible &= found.keys()
            firsts.add(int(match["first"]))
            lasts.add(int(match["year"]))
        else:
            possible &= {*found, DayOrder.YEAR_FIRST}
    if len(lasts) == 1 and _are_days(firsts):
        possible -= {DayOrder.YEAR_FIRST}
    elif len(firsts) == 1 and _are_days(lasts):
        possible &= {DayOrder.YEAR_FIRST}
    return frozenset(possible)


def first_contradiction(cells: Iterable[str], order: DayOrder) -> str:
    """The first date of a column whose numbers can't have an order; empty where all can."""
    for cell in cells:
        found = possible_dates(cell.replace(".", "/"))  # dots alone don't contradict what users say
        if found and order not in found:
            return cell.strip()
    return ""


def _readings(match: re.Match[str], latest: date) -> Mapping[DayOrder, date]:
    german = _GERMAN.search(match.string[:80])
    first, second, year = int(match["first"]), int(match["second"]), int(match["year"])
    short = len(match["year"]) == 2
    last = 2000 + year if short else year
    orders = {DayOrder.DAY_FIRST: (last, second, first)}
    if "." not in match["sign"] and not german:
        orders[DayOrder.MONTH_FIRST] = (last, first, second)
    if short and len(match["first"]) == 2 and not german:
        orders[DayOrder.YEAR_FIRST] = (2000 + first, second, year)
    found = {order: day for order, numbers in orders.items() if (day := _day(*numbers))}
    return {order: day for order, day in found.items() if not short or day <= latest}


def _are_days(numbers: set[int]) -> bool:
    return len(numbers) >= _DIFFERENT_DAYS and max(numbers) - min(numbers) > _DAYS_APART


def _day(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None
