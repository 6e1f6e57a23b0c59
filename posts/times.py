"""The times that sources write, as UTC with the precision that was written."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from frametrace.posts.model import Precision

__all__ = ["parse_time", "parse_unix"]

_TIME = re.compile(
    r"(\d{4}-\d\d-\d\d)"
    r"(?:[T ](\d\d:\d\d)(:\d\d(?:\.\d+)?)?)?"
    r"\s?(Z|[+-](?:0\d|1[0-4])(?::?[0-5]\d)?|[A-Z]{3,4})?",
    re.ASCII,
)

# Seconds, thousandths or millionths since 1970, from 2001 to 2033: 2019081914 is none.
_EPOCH = re.compile(r"(1\d{9})(?:\d{3}|\d{6})?(?:\.0*)?", re.ASCII)

# Ten digits last until 2286; eleven are no post's, thirteen are milliseconds.
_SECONDS = re.compile(r"\d{1,10}(?:\.\d+)?", re.ASCII)

# Names of zones are ambiguous (CST is Chicago and Shanghai): only those that a format documents.
_ZONES: Mapping[str, timedelta] = {
    "Z": timedelta(0),
    "UTC": timedelta(0),
    "GMT": timedelta(0),
    "EDT": timedelta(hours=-4),
    "EST": timedelta(hours=-5),
}


def parse_time(text: str) -> tuple[datetime, Precision]:
    """Read `2019-08-19`, `2019-08-19 14:03`, `2019-08-19T14:03:22Z` or `2019-08-19 14:03:22 EDT`.

    Read are also seconds, milliseconds and microseconds since 1970, of the years 2001 to 2033.
    The time is returned in UTC; without a zone it is taken as UTC. The precision is that of what
    was written. Raises ValueError with a plain reason for anything else.
    """
    if since := _EPOCH.fullmatch(text.strip()):
        return datetime.fromtimestamp(int(since[1]), UTC), Precision.SECOND
    match = _TIME.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"{text[:40]!r} is not a time such as 2019-08-19 14:03:22")
    day, clock, seconds, zone = match.groups()
    try:
        moment = datetime.fromisoformat(f"{day}T{clock or '00:00'}{seconds or ''}+00:00")
        if zone:
            moment -= _offset(zone)
    except (ValueError, OverflowError) as error:
        raise ValueError(f"{text[:40]!r} is not a time: {error}") from None
    if clock is None:
        return moment, Precision.DAY
    return moment, Precision.SECOND if seconds else Precision.MINUTE


def parse_unix(text: str) -> tuple[datetime, Precision]:
    """Read seconds since 1970, `1566223402` or `1566223402.0`, as a time in UTC.

    Raises ValueError with a plain reason for anything else.
    """
    if not _SECONDS.fullmatch(text.strip()):
        raise ValueError(f"{text[:40]!r} is not a time in seconds such as 1566223402")
    return datetime.fromtimestamp(int(text.strip().partition(".")[0]), UTC), Precision.SECOND


def _offset(zone: str) -> timedelta:
    if zone in _ZONES:
        return _ZONES[zone]
    if zone.isalpha():
        raise ValueError(f"the time zone {zone} is not known; write an offset such as +08:00")
    offset = timedelta(hours=int(zone[1:3]), minutes=int(zone[3:].removeprefix(":") or 0))
    return -offset if zone.startswith("-") else offset
