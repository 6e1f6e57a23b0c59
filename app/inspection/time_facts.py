"""Finds out how the times of a column are read: time zone, day order, precision."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone, tzinfo

from frametrace.app.inspection.findings import TimeColumn
from frametrace.posts.dates.day_order import DayOrder, choose_order, column_orders, possible_dates
from frametrace.posts.dates.parse_time import parse_time
from frametrace.posts.model import Precision
from frametrace.posts.read_settings import ReadSettings

__all__ = ["TimeColumns"]

_MAX_SAMPLE = 200  # times per column, to find its zone and order
_UNKNOWN = "nothing shows whether the {} comes first: use --day-order"
_CONTRADICTED = "its dates contradict --day-order"
_DAY_ONLY = "none is given: only the day is kept, unless --timezone gives one"
_RARE_ZONE = timezone(timedelta(hours=13, minutes=45))  # unlikely for a post


@dataclass(slots=True)
class _Column:
    read: int = 0
    unread: int = 0
    precisions: Counter[Precision] = field(default_factory=Counter)
    sample: dict[str, datetime] = field(default_factory=dict)
    ambiguous: str = ""  # a time that could not be read: its day order is unknown


@dataclass(slots=True)
class TimeColumns:
    """Records times and how they were read, by column."""

    settings: ReadSettings
    _columns: dict[str, _Column] = field(default_factory=dict)

    def note(self, column: str, text: str, moment: datetime | None, precision: Precision) -> None:
        """Record the text of a cell and the time that it was read as."""
        seen = self._columns.setdefault(column, _Column())
        if moment is None:
            seen.unread += 1
            if not seen.ambiguous and len(set(possible_dates(text).values())) > 1:
                seen.ambiguous = text
            return
        seen.read += 1
        seen.precisions[precision] += 1
        if len(seen.sample) < _MAX_SAMPLE:
            seen.sample.setdefault(text, moment)

    def columns(self) -> Sequence[TimeColumn]:
        """The result for each column."""
        return [
            TimeColumn(
                name,
                column.read,
                column.unread,
                {str(precision): count for precision, count in column.precisions.most_common()},
                _zone(column, self.settings.zone),
                _order(column, self.settings.order),
            )
            for name, column in self._columns.items()
        ]


def _zone(column: _Column, zone: tzinfo | None) -> str:
    """The time zone: the one that the times name, or the one that is assumed."""
    sample = column.sample
    bare = [text for text in sample if _read(text, UTC) != _read(text, _RARE_ZONE)]
    if not column.precisions.keys() - {Precision.DAY, Precision.NONE}:
        return _DAY_ONLY if bare else ""
    if not all(moment in _read(text, zone or UTC) for text, moment in sample.items()):
        return "as the format defines"
    if not bare:
        return "given in each time, or counted since 1970"
    lacking = "none is given" if len(bare) == len(sample) else "some times give none"
    return f"{lacking}: {zone}, by --timezone" if zone else f"{lacking}: read as UTC"


def _order(column: _Column, setting: DayOrder | None) -> str:
    """Whether the day or the month comes first in ambiguous dates, and what shows it."""
    if column.ambiguous:
        orders = possible_dates(column.ambiguous)
        if setting in orders:
            return _CONTRADICTED
        return _UNKNOWN.format(" or the ".join(order.split()[0] for order in orders))
    sample = column.sample
    both = next((text for text in sample if len(set(possible_dates(text).values())) > 1), "")
    if not both:
        return ""
    if setting in possible_dates(both):
        return f"{setting}, by --day-order"
    if order := choose_order(both, column_orders(sample)):
        shown = next((text for text in sample if len(possible_dates(text)) == 1), "")
        return f"{order}, as {shown[:40]!r} shows" if shown else f"{order}, as the column shows"
    fitting = [order for order in DayOrder if sample[both] in _read(both, UTC, order)]
    return f"{fitting[0]}, as other dates of the column show" if len(fitting) == 1 else ""


def _read(text: str, zone: tzinfo, *orders: DayOrder) -> tuple[datetime, ...]:
    """The possible readings of a time: in 05/06/2024 either number may be the day."""
    moments = []
    for order in orders or tuple(DayOrder):
        try:
            moments.append(parse_time(text, zone, order)[0])
        except ValueError:
            continue
    return tuple(moments)
