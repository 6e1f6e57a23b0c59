"""Column maps: which column of somebody's table is what, for tables that no reader knows.

A map is written in TOML. At its top stand constants (`platform`, `account_kind`, `timezone`,
`day_order`, `time_format`), under `[columns]` a line for each field: a column, or a list of
columns of which the first that holds something counts. `posted_at_time` is the time of day where
`posted_at` holds the day alone.
"""

import hashlib
import json
import tomllib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, tzinfo
from functools import cache
from pathlib import Path
from typing import Any

from frametrace.posts.errors import UsageError
from frametrace.posts.model import AccountKind
from frametrace.posts.readers.shared.platforms import platform_named
from frametrace.posts.sources.folders import printable
from frametrace.posts.times import DayOrder, zone_named

__all__ = [
    "COUNT",
    "FIELDS",
    "ColumnMap",
    "columns_of",
    "header_digest",
    "map_of",
    "read_map",
    "shipped_maps",
    "written_map",
]

FIELDS = (
    *("platform", "post_id", "account_id", "account_kind", "account_name", "posted_at"),
    *("posted_at_time", "text", "media", "links", "hashtags", "repost_of"),
)
COUNT = "engagement."  # before the name of a count
_CONSTANTS = ("platform", "account_id", "account_kind")
_TOLD = ("title", "example", "source")
_SHIPPED = Path(__file__).parent / "shipped"
_LARGEST = 2**20  # bytes
_TITLE = "A table with columns as a map names them"


@dataclass(frozen=True, slots=True)
class ColumnMap:
    """Which columns hold the fields of a post, and what is true of all its rows.

    `columns` maps a field to the columns that may hold it, best first. `exact` maps fit only
    tables that have all of these columns. `header` is the digest of the columns of the table that a
    case keeps the map for, in the file `kept`.
    """

    name: str
    columns: Mapping[str, tuple[str, ...]]
    platform: str = ""
    account_id: str = ""
    account_kind: AccountKind | None = None
    zone: tzinfo | None = None
    order: DayOrder | None = None
    time_format: str = ""
    title: str = _TITLE
    example: str = ""
    exact: bool = True
    header: str = ""
    kept: str = ""

    @property
    def required(self) -> tuple[tuple[str, ...], ...]:
        """The columns without which a table isn't meant, each with its alternatives."""
        needed = self.columns if self.exact else ("post_id", "account_id", "account_name", "text")
        return tuple(self.columns[name] for name in needed if name in self.columns)

    def fits(self, names: Collection[str]) -> bool:
        """Whether a table with these columns is meant."""
        return all(any(map(names.__contains__, columns)) for columns in self.required)

    def missing(self, names: Collection[str]) -> tuple[str, ...]:
        """The columns that it names and a table lacks."""
        return tuple(
            " or ".join(columns)
            for columns in self.required
            if not any(name in names for name in columns)
        )

    def over(self, names: Collection[str]) -> "ColumnMap":
        """The map for a table: what it names as a constant where the table has no such column."""
        columns, constants = dict(self.columns), dict[str, Any]()
        for name in _CONSTANTS:
            named = columns.get(name, ())
            if len(named) == 1 and named[0] not in names:
                if name == "platform":
                    constants[name] = platform_named(named[0])
                elif name == "account_id" and named[0].strip("@"):
                    constants |= {name: named[0]} if named[0].startswith("@") else {}
                elif named[0].lower() in set(AccountKind):
                    constants[name] = AccountKind(named[0].lower())
                if name in constants:
                    del columns[name]
        return replace(self, columns=columns, **constants)


def header_digest(names: Collection[str]) -> str:
    """A short name for a table's columns, in whatever order they are."""
    return hashlib.sha256("\0".join(sorted(names)).encode()).hexdigest()[:16]


def map_of(pairs: Iterable[str], base: ColumnMap | None = None) -> ColumnMap:
    """Make a map of `field=column` pairs, over those of `base`. Raises UsageError.

    `platform=` and `account_kind=` take a column or, where the table has none, the value itself;
    `account_id=` takes a value that begins with `@`, such as `@lin`, for the posts of one account.
    A field that is given again has another column where the first holds nothing.
    """
    columns = (dict(base.columns) if base else {}) | columns_of(pairs)
    account_id = base.account_id if base else ""
    return replace(base or ColumnMap("columns", {}), columns=_complete(columns, account_id))


def columns_of(pairs: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """What `field=column` pairs name, which may be a part of a map. Raises UsageError."""
    named: dict[str, tuple[str, ...]] = {}
    for pair in pairs:
        name, sign, column = printable(pair).partition("=")
        if not sign or not column.strip():
            raise UsageError(f"--column takes FIELD=COLUMN, such as text=caption, not {pair!r}")
        field = _field(name.strip())
        named[field] = tuple(dict.fromkeys((*named.get(field, ()), column.strip())))
    return named


def read_map(path: Path) -> ColumnMap:
    """Read a column map. Raises UsageError, with the key that can't be understood."""
    try:
        with path.open("rb") as file:
            content = tomllib.loads(file.read(_LARGEST).decode("utf-8-sig"))
    except (OSError, ValueError, RecursionError) as error:
        reason = getattr(error, "strerror", "") or error
        raise UsageError(f"{path}: the column map can't be read: {reason}") from None
    try:
        return _map(content, path.stem)
    except (UsageError, ValueError) as error:
        raise UsageError(f"{path}: {error}") from None


@cache
def shipped_maps() -> tuple[ColumnMap, ...]:
    """The maps of known tools' tables."""
    paths = sorted(_SHIPPED.glob("*.toml"))
    return tuple(replace(read_map(path), exact=False) for path in paths)


def written_map(columns: ColumnMap) -> str:
    """The map as TOML, as `read_map` reads it."""
    told = {
        "title": "" if columns.title == _TITLE else columns.title,
        "example": columns.example,
        "platform": columns.platform,
        "account_id": columns.account_id,
        "account_kind": columns.account_kind,
        "timezone": _zone_name(columns.zone) if columns.zone else "",
        "day_order": columns.order,
        "time_format": columns.time_format,
    }
    lines = [f"{name} = {_quoted(str(value))}" for name, value in told.items() if value]
    lines += ["", "[columns]"]
    for name, listed in columns.columns.items():
        key = name if name in FIELDS else _quoted(name)
        names = ", ".join(map(_quoted, listed))
        lines.append(f"{key} = {names if len(listed) == 1 else f'[{names}]'}")
    return "\n".join(lines).lstrip() + "\n"


def _quoted(text: str) -> str:
    """A string of TOML, which is one of JSON, but that it forbids one more sign."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _zone_name(zone: tzinfo) -> str:
    """A zone as `zone_named` knows it: by its name, or its offset."""
    named = getattr(zone, "key", "")
    return str(named) if named else datetime.now(zone).strftime("%z")


def _map(content: Mapping[str, Any], name: str) -> ColumnMap:
    """Make a map of a TOML document. Raises ValueError or UsageError, which name the key."""
    constants = {*_CONSTANTS, *_TOLD, "timezone", "day_order", "time_format", "columns"}
    if unknown := sorted(content.keys() - constants):
        there = ", ".join(sorted(constants))
        raise UsageError(f"{unknown[0][:40]!r} is not a setting; there are {there}")
    for key in sorted(constants - {"columns"}):
        if not isinstance(content.get(key, ""), str):
            raise UsageError(f"{key} must be a text in quotes")
    listed = content.get("columns")
    if not isinstance(listed, dict):
        raise UsageError("it has no table [columns]")
    counts = listed.pop("engagement", {})  # `engagement.likes` without quotes is a table
    if not isinstance(counts, dict):
        raise UsageError("engagement must name its count, as in engagement.likes")
    listed |= {f"{COUNT}{each}": counts[each] for each in counts}
    timezone, order = content.get("timezone", ""), content.get("day_order", "")
    account_id = content.get("account_id", "")
    columns = {_field(key): _alternatives(key, listed[key]) for key in listed}
    return ColumnMap(
        name=name,
        columns=_complete(columns, account_id),
        platform=platform_named(content.get("platform", "")),
        account_id=account_id,
        account_kind=_kind(kind) if (kind := content.get("account_kind")) else None,
        zone=_zone(timezone) if timezone else None,
        order=_order(order) if order else None,
        time_format=_time_format(content.get("time_format", "")),
        title=content.get("title") or _TITLE,
        example=content.get("example", ""),
    )


def _field(name: str) -> str:
    if name not in FIELDS and not (name.startswith(COUNT) and name != COUNT):
        there = f"{', '.join(FIELDS)} and {COUNT}NAME"
        raise UsageError(f"{name[:40]!r} is not a field; there are {there}")
    return name


def _alternatives(key: str, value: object) -> tuple[str, ...]:
    listed: list[Any] = value if isinstance(value, list) else [value]
    if not listed or not all(isinstance(each, str) and each.strip() for each in listed):
        raise UsageError(f"{key} must name a column in quotes, or a list of them")
    return tuple(dict.fromkeys(each.strip() for each in listed))


def _complete(columns: dict[str, tuple[str, ...]], account_id: str) -> dict[str, tuple[str, ...]]:
    if "post_id" not in columns:
        raise UsageError(
            "no column for post_id: name one that has the post's id or its link; where there is "
            "none, add one that numbers the rows, such as march-1, march-2"
        )
    if not (account_id or {"account_id", "account_name"} & columns.keys()):
        raise UsageError(
            "no column for account_id (nor account_name): name the column of who posted, or with @ "
            "the one account whose posts these are, such as account_id=@lin"
        )
    if "posted_at_time" in columns and "posted_at" not in columns:
        raise UsageError("posted_at_time is the time of day: posted_at must name the day's column")
    return columns


def _kind(text: str) -> AccountKind:
    try:
        return AccountKind(text.strip().lower())
    except ValueError:
        kinds = ", ".join(AccountKind)
        raise ValueError(f"account_kind is one of {kinds}, not {text[:40]!r}") from None


def _zone(text: str) -> tzinfo:
    try:
        return zone_named(text)
    except ValueError as error:
        raise ValueError(f"timezone: {error}") from None


def _order(text: str) -> DayOrder:
    try:
        return DayOrder(text.replace("-", " "))
    except ValueError:
        raise ValueError(f"day_order is {', '.join(DayOrder)}, not {text[:40]!r}") from None


def _time_format(text: str) -> str:
    """A format that tells a day, as what it writes can be read again."""
    told = datetime(2019, 8, 21, 14, 3, 22, tzinfo=UTC)
    try:
        day = datetime.strptime(told.strftime(text), text).date() if text else told.date()
    except ValueError as error:
        raise ValueError(f"time_format {text[:40]!r} can't be used: {error}") from None
    if day != told.date():
        raise ValueError(f"time_format {text[:40]!r} needs a day, a month and a year")
    return text
