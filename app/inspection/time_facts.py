"""How the times of a column were understood: in which zone, day or month first, how finely."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone, tzinfo

from frametrace.app.inspection.findings import TimesFound
from frametrace.posts.dates.day_order import choose_order, column_orders, possible_dates
from frametrace.posts.dates.parse_time import DayOrder, parse_time
from frametrace.posts.model import Precision
from frametrace.posts.read_settings import ReadSettings

__all__ = ["Times"]

_LOOKED_AT = 200  # times of a column whose zone and order are looked into
_UNKNOWN = "nothing shows whether the {} comes first: --day-order says it"
_CONTRADICTED = "its dates contradict --day-order"
_DAYS_ALONE = "none is named: only the day is kept, unless --timezone names it"
_FAR = timezone(timedelta(hours=13, minutes=45))  # where no clock of a post is likely to stand


@dataclass(slots=True)
class _Column:
    read: int = 0
    unread: int = 0
    precisions: Counter[Precision] = field(default_factory=Counter)
    sample: dict[str, datetime] = field(default_factory=dict)
    ambiguous: str = ""  # a time that could not be read, as it has several orders


@dataclass(slots=True)
class Times:
    """The times that were read, by column."""

    settings: ReadSettings
    _columns: dict[str, _Column] = field(default_factory=dict)

    def note(self, column: str, text: str, moment: datetime | None, precision: Precision) -> None:
        """Note what a cell said and what it was read as."""
        found = self._columns.setdefault(column, _Column())
        if moment is None:
            found.unread += 1
            if not found.ambiguous and len(set(possible_dates(text).values())) > 1:
                found.ambiguous = text
            return
        found.read += 1
        found.precisions[precision] += 1
        if len(found.sample) < _LOOKED_AT:
            found.sample.setdefault(text, moment)

    def found(self) -> Sequence[TimesFound]:
        """What to say of each column."""
        return [
            TimesFound(
                column,
                found.read,
                found.unread,
                {str(precision): count for precision, count in found.precisions.most_common()},
                _zone(found, self.settings.zone),
                _order(found, self.settings.order),
            )
            for column, found in self._columns.items()
        ]


def _zone(column: _Column, zone: tzinfo | None) -> str:
    """Which zone times of day are in: the one that they name, or the one that is taken for them."""
    sample = column.sample
    bare = [text for text in sample if _read(text, UTC) != _read(text, _FAR)]
    if not column.precisions.keys() - {Precision.DAY, Precision.NONE}:
        return _DAYS_ALONE if bare else ""
    if not all(moment in _read(text, zone or UTC) for text, moment in sample.items()):
        return "as the format says"
    if not bare:
        return "named in each, or counted since 1970"
    some = "none is named" if len(bare) == len(sample) else "some name none"
    return f"{some}: {zone}, as --timezone says" if zone else f"{some}: taken as UTC"


def _order(column: _Column, given: DayOrder | None) -> str:
    """Which of day and month comes first, where dates could mean both, and what shows it."""
    if column.ambiguous:
        orders = possible_dates(column.ambiguous)
        if given in orders:
            return _CONTRADICTED
        return _UNKNOWN.format(" or the ".join(each.split()[0] for each in orders))
    sample = column.sample
    both = next((text for text in sample if len(set(possible_dates(text).values())) > 1), "")
    if not both:
        return ""
    if given in possible_dates(both):
        return f"{given}, as --day-order says"
    if order := choose_order(both, column_orders(sample)):
        shown = next((text for text in sample if len(possible_dates(text)) == 1), "")
        return f"{order}, as {shown[:40]!r} shows" if shown else f"{order}, as the column shows"
    fitting = [each for each in DayOrder if sample[both] in _read(both, UTC, each)]
    return f"{fitting[0]}, as other dates of the column show" if len(fitting) == 1 else ""


def _read(text: str, zone: tzinfo, *orders: DayOrder) -> tuple[datetime, ...]:
    """What a time may be: in dates like 05/06/2024 either number may be the day."""
    found = []
    for order in orders or tuple(DayOrder):
        try:
            found.append(parse_time(text, zone, order)[0])
        except ValueError:
            continue
    return tuple(found)
