"""Parses the times that exports write, as UTC with the precision that was written."""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from frametrace.posts.dates.day_order import (
    DATE_IN_NUMBERS,
    LATEST_DATE,
    SPACES,
    DayOrder,
    choose_order,
    possible_dates,
)
from frametrace.posts.dates.month_names import with_numeric_month
from frametrace.posts.model import Precision

__all__ = ["parse_iso", "parse_time", "parse_unix", "time_zone"]

_CLOCK = r"(?P<clock>\d{1,2}:\d\d)(?::(?P<seconds>\d\d)(?:[.,](?P<part>\d{1,9}))?)?"
_REST = rf"(?:(?:,?[ \t]{{1,3}}|T|[ \t]?at ){_CLOCK}(?:\s?(?P<half>[AaPp])\.?[Mm]\.?)?)?"
_ZONE = (
    r"\s?(?P<zone>Z|(?:UTC|GMT)?[+-]\d{1,2}(?::?[0-5]\d)?(?=\s|\[|\(|\Z)|[A-Z]{3,5}(?![a-z]))?"
    r"(?:\s?(?:\(?[A-Z]{2,5}\)?|\[[\w/+-]{1,40}\]))?"  # the zone again, by name
)
_YEAR_FIRST = re.compile(
    r"(?P<year>\d{4})(?:-(?P<a>\d{1,2})-|/(?P<b>\d{1,2})/|\.(?P<c>\d{1,2})\.|年(?P<d>\d{1,2})月)"
    rf"(?P<day>\d{{1,2}})日?{_REST}{_ZONE}",
    re.ASCII,
)
# What most programs write, in UTC or without a zone: 2019-08-19T14:03:22.000Z
_ISO = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d{3}|\.\d{6})?(Z|[+]00:00)?", re.ASCII)
_BEFORE_OFFSET = re.compile(r"(?:UTC|GMT)(?=[+-]\d)")
# X's API before version 2, in millions of rows: Wed May 01 10:00:00 +0000 2024
_OF_X = re.compile(
    rf"[A-Z][a-z]{{2}} (?P<month>[A-Z][a-z]{{2}}) (?P<day>\d\d) {_CLOCK} (?P<zone>[+-]\d{{4}})"
    r" (?P<year>\d{4})(?P<half>)",
    re.ASCII,
)
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_DIGITS = re.compile(r"((?:19|20)\d\d)(\d\d)(\d\d)(?:T?(\d\d)(\d\d)(\d\d)Z?)?", re.ASCII)
_BY_NUMBERS = re.compile(rf"{DATE_IN_NUMBERS}{_REST}{_ZONE}", re.ASCII)
# An English month name: only times with one are given to dateutil's parser.
_NAMED_MONTH = re.compile(
    r"(?<![A-Za-z])(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?"
    r"|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)(?![A-Za-z])",
    re.IGNORECASE,
)
_MAX_LENGTH = 80  # characters of a time
_UNKNOWN_ORDER = "neither it nor its column shows whether the {} comes first: add --day-order"
_WHOLE_YEAR = re.compile(r"\d{4}")
_SPELLED_OUT = re.compile(r"\s*\([A-Za-z ]{2,40}\)\Z")  # a zone's name after its offset

# Seconds, milliseconds or microseconds since 1970, from 2001 to 2033; not 2019081914.
_EPOCH = re.compile(r"(1\d{9})(?:\d{3}|\d{6})?(?:\.\d*)?", re.ASCII)

# Ten digits last until 2286; thirteen are milliseconds.
_SECONDS = re.compile(r"\d{1,10}(?:\.\d+)?", re.ASCII)

# Hours from UTC of the abbreviations that are unambiguous in the current tz database. EST, PST and
# the like, which have several meanings, are those of North America, as in exports. CST (Chicago,
# Shanghai, Havana), IST (Mumbai, Jerusalem, Dublin) and CDT are left out.
_ZONES: Mapping[str, float] = {
    **{"Z": 0, "UTC": 0, "GMT": 0, "WET": 0, "WEST": 1, "BST": 1, "CET": 1, "CEST": 2},
    **{"EET": 2, "EEST": 3, "MSK": 3, "SAST": 2, "WAT": 1, "CAT": 2, "EAT": 3, "PKT": 5},
    **{"WIB": 7, "WITA": 8, "WIT": 9, "HKT": 8, "JST": 9, "KST": 9, "AWST": 8, "ACST": 9.5},
    **{"ACDT": 10.5, "AEST": 10, "AEDT": 11, "NZST": 12, "NZDT": 13, "EDT": -4, "EST": -5},
    **{"MDT": -6, "MST": -7, "PDT": -7, "PST": -8, "AKDT": -8, "AKST": -9, "HST": -10},
}


def parse_time(
    text: str, zone: tzinfo | None = None, order: DayOrder | None = None
) -> tuple[datetime, Precision]:
    """Parse a time such as `2019-08-19 14:03` or `Aug 19, 2019 2:03 PM EDT`.

    Seconds, milliseconds and microseconds since 1970 are also accepted, for the years 2001 to 2033.
    A time without a zone is in `zone`, or else UTC. `order` decides what 05/06/2024 means; without
    it, that is not a valid time. The result is in UTC with the precision that was written. Raises
    ValueError with a plain reason for anything else.
    """
    cleaned = text.translate(SPACES).strip()
    if since := _EPOCH.fullmatch(cleaned):
        return datetime.fromtimestamp(int(since[1]), UTC), Precision.SECOND
    try:
        parsed = _numeric(cleaned, zone, order)
        if parsed is None and (numeric := with_numeric_month(cleaned)) != cleaned:
            fitting = order if order in possible_dates(cleaned) else choose_order(cleaned, DayOrder)
            parsed = _numeric(numeric, zone, fitting)
        if parsed is None and len(cleaned) <= _MAX_LENGTH and _NAMED_MONTH.search(cleaned):
            parsed = _with_named_month(cleaned, zone)
    except (ValueError, OverflowError) as error:
        raise ValueError(f"{text[:40]!r} is not a time: {error}") from None
    if parsed is None:
        raise ValueError(f"{text[:40]!r} is not a time such as 2019-08-19 14:03:22")
    return parsed


def parse_iso(text: str, zone: tzinfo | None = None) -> tuple[datetime, Precision] | None:
    """Parse a time to the second in the commonest spelling; None if `parse_time` is needed.

    Its result is that of `parse_time`, which takes longer because it knows many spellings.
    """
    written = _ISO.fullmatch(text)
    if written is None or not (zone is None or written[1]):
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:  # `parse_time` says why
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC), Precision.SECOND


def _numeric(
    text: str, zone: tzinfo | None, order: DayOrder | None
) -> tuple[datetime, Precision] | None:
    """Parse a time in numbers, or in X's format; None for other texts."""
    if match := _DIGITS.fullmatch(text):
        text = "{}-{}-{}".format(*match.groups())
        text += " {}:{}:{}".format(*match.groups()[3:]) if match[4] else ""
    if match := _YEAR_FIRST.fullmatch(text):
        month = match["a"] or match["b"] or match["c"] or match["d"]
        return _moment(match, int(match["year"]), int(month), int(match["day"]), zone)
    if match := _BY_NUMBERS.fullmatch(text):
        day = _in_order(text, order)
        return _moment(match, day.year, day.month, day.day, zone)
    match = _OF_X.fullmatch(text)
    if match and match["month"] in _MONTHS:
        number = _MONTHS.index(match["month"]) + 1
        return _moment(match, int(match["year"]), number, int(match["day"]), zone)
    return None


def parse_unix(text: str) -> tuple[datetime, Precision]:
    """Parse seconds since 1970, `1566223402` or `1566223402.0`, as a time in UTC.

    Raises ValueError with a plain reason for anything else.
    """
    if not _SECONDS.fullmatch(text.strip()):
        raise ValueError(f"{text[:40]!r} is not a time in seconds such as 1566223402")
    return datetime.fromtimestamp(int(text.strip().partition(".")[0]), UTC), Precision.SECOND


def time_zone(name: str) -> tzinfo:
    """A time zone by its name in the tz database or its offset. Raises ValueError."""
    try:
        return timezone(_offset(name)) if name[:1] in "+-" else ZoneInfo(name)
    except (ValueError, ZoneInfoNotFoundError, OSError):
        raise ValueError(
            f"there is no time zone {name!r}; try Europe/Berlin, UTC or +08:00"
        ) from None


def _in_order(text: str, order: DayOrder | None) -> date:
    """The day of a date in numbers: the only possible one, or the one in the given order."""
    dates = possible_dates(text)
    if not dates:
        raise ValueError("there is no such day, or it is in the future")
    if len(set(dates.values())) == 1:
        return next(iter(dates.values()))
    if order is None or order not in dates:
        names = " or the ".join(possible.split()[0] for possible in dates)
        raise ValueError(_UNKNOWN_ORDER.format(names))
    return dates[order]


def _moment(
    match: re.Match[str], year: int, month: int, day: int, zone: tzinfo | None
) -> tuple[datetime, Precision]:
    moment = datetime(year, month, day)
    clock = match["clock"]
    if clock is None:  # a day is the same day in every zone
        return moment.replace(tzinfo=UTC), Precision.DAY
    hour, minute = map(int, clock.split(":"))
    if match["half"] and hour <= 12:  # `14:03 PM` and `10:00:00 AM` both occur
        hour = hour % 12 + (12 if match["half"] in "pP" else 0)
    part = int((match["part"] or "0")[:6].ljust(6, "0"))
    moment = moment.replace(
        hour=hour, minute=minute, second=int(match["seconds"] or 0), microsecond=part
    )
    moment = _in_utc(moment, _offset(match["zone"]) if match["zone"] else None, zone)
    return moment, Precision.SECOND if match["seconds"] else Precision.MINUTE


def _in_utc(moment: datetime, offset: timedelta | None, zone: tzinfo | None) -> datetime:
    if offset is not None:
        return moment.replace(tzinfo=UTC) - offset
    local = moment.replace(tzinfo=zone or UTC)
    if local.utcoffset() != local.replace(fold=1).utcoffset():
        raise ValueError("clocks were changed in that hour; write an offset such as +02:00")
    return local.astimezone(UTC)


def _with_named_month(text: str, zone: tzinfo | None) -> tuple[datetime, Precision]:
    """Parse a time with an English month; missing parts are not filled in."""
    from dateutil import parser

    # dateutil reads `GMT+2` as POSIX does, west of Greenwich.
    cleaned = _BEFORE_OFFSET.sub("", _SPELLED_OUT.sub("", text))
    parsed = []
    for default in (datetime(2000, 1, 1), datetime(2001, 2, 2)):
        try:
            parsed.append(parser.parse(cleaned, default=default, tzinfos=_zone_of))
        except parser.ParserError:
            raise ValueError("it can't be parsed") from None
    if parsed[0] != parsed[1]:
        raise ValueError("its day, month or year is missing")
    if parsed[0].date() > LATEST_DATE and not _WHOLE_YEAR.search(text):
        raise ValueError("it is in the future")
    offset, moment = parsed[0].utcoffset(), parsed[0].replace(tzinfo=None)
    if not re.search(r"\d:\d\d|\d\s?[AaPp]\.?[Mm]", text):
        return moment.replace(tzinfo=UTC), Precision.DAY
    precision = Precision.SECOND if re.search(r"\d:\d\d:\d\d", text) else Precision.MINUTE
    return _in_utc(moment, offset, zone), precision


def _zone_of(name: str | None, seconds: int | None) -> tzinfo | None:
    """The zone in a time, for dateutil. Raises ValueError if it is unknown or ambiguous."""
    if seconds is not None:
        return timezone(timedelta(seconds=seconds))
    return timezone(_offset(name)) if name else None


def _offset(zone: str) -> timedelta:
    if zone in _ZONES:
        return timedelta(hours=_ZONES[zone])
    bare = zone.removeprefix("UTC").removeprefix("GMT")
    if bare[:1] not in "+-":
        raise ValueError(f"the time zone {zone} is not known; write an offset such as +08:00")
    digits = bare[1:].replace(":", "")
    hours, minutes = (digits[:-2], digits[-2:]) if len(digits) > 2 else (digits, "0")
    offset = timedelta(hours=int(hours), minutes=int(minutes))
    if offset > timedelta(hours=14):
        raise ValueError(f"there is no time zone {zone}")
    return -offset if bare.startswith("-") else offset
