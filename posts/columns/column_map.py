"""Reads and writes column maps, which say which columns of a table hold which fields of a post.

Tables that no reader knows need one. A map is a TOML file. At its top are constants (`platform`,
`account_id`, `account_kind`, `timezone`, `day_order`, `time_format`). Below, `[columns]` has a line
for each field: a column, or a list of columns whose first non-empty cell is used. `posted_at_time`
is the time of day if `posted_at` has only the day.
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

from frametrace.posts.dates.day_order import DayOrder
from frametrace.posts.dates.parse_time import time_zone
from frametrace.posts.errors import UsageError
from frametrace.posts.model import AccountKind
from frametrace.posts.readers.shared.platforms import platform_named
from frametrace.posts.sources.paths import printable

__all__ = [
    "COUNT_PREFIX",
    "FIELDS",
    "ColumnMap",
    "header_digest",
    "map_as_toml",
    "map_from_options",
    "parse_column_options",
    "read_map",
    "shipped_maps",
]

FIELDS = (
    *("platform", "post_id", "account_id", "account_kind", "account_name", "posted_at"),
    *("posted_at_time", "text", "media", "links", "hashtags", "repost_of"),
)
COUNT_PREFIX = "engagement."  # of fields that are counts, such as engagement.likes
_CONSTANTS = ("platform", "account_id", "account_kind")
_DESCRIPTIONS = ("title", "example", "source")
_SHIPPED = Path(__file__).parent / "shipped"
_MAX_FILE = 2**20  # bytes
_TITLE = "A table with the columns of a column map"


@dataclass(frozen=True, slots=True)
class ColumnMap:
    """The columns that hold the fields of a post, and constants for all rows.

    `columns` maps a field to the columns that may hold it, best first. `exact` maps fit only tables
    that have a column for each field. If a case saved the map for one table, `header` is the digest
    of that table's columns and `saved_as` the file.
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
    saved_as: str = ""

    @property
    def required(self) -> tuple[tuple[str, ...], ...]:
        """The columns without which the map doesn't fit a table, each with its alternatives."""
        needed = self.columns if self.exact else ("post_id", "account_id", "account_name", "text")
        return tuple(self.columns[name] for name in needed if name in self.columns)

    def fits(self, names: Collection[str]) -> bool:
        """Whether the map fits a table with these columns."""
        return all(any(map(names.__contains__, columns)) for columns in self.required)

    def missing(self, names: Collection[str]) -> tuple[str, ...]:
        """The columns of the map that a table lacks."""
        return tuple(
            " or ".join(columns)
            for columns in self.required
            if not any(name in names for name in columns)
        )

    def adapted_to(self, names: Collection[str]) -> "ColumnMap":
        """The map for a table, in which names that aren't columns of it become constant values."""
        columns, constants = dict(self.columns), dict[str, Any]()
        for name in _CONSTANTS:
            listed = columns.get(name, ())
            if len(listed) == 1 and (value := listed[0]) not in names:
                if name == "platform":
                    constants[name] = platform_named(value)
                elif name == "account_id" and value.strip("@"):
                    constants |= {name: value} if value.startswith("@") else {}
                elif value.lower() in set(AccountKind):
                    constants[name] = AccountKind(value.lower())
                if name in constants:
                    del columns[name]
        return replace(self, columns=columns, **constants)


def header_digest(names: Collection[str]) -> str:
    """A digest of a table's columns, independent of their order."""
    return hashlib.sha256("\0".join(sorted(names)).encode()).hexdigest()[:16]


def map_from_options(pairs: Iterable[str], base: ColumnMap | None = None) -> ColumnMap:
    """Make a map of `field=column` options; they override those of `base`. Raises UsageError.

    `platform=` and `account_kind=` take a column or, if the table has none, the value itself.
    `account_id=` also takes a value that begins with `@`, such as `@lin`, for the posts of one
    account. If a field is repeated, its later columns are used if the earlier ones are empty.
    """
    columns = (dict(base.columns) if base else {}) | parse_column_options(pairs)
    account_id = base.account_id if base else ""
    return replace(base or ColumnMap("columns", {}), columns=_complete(columns, account_id))


def parse_column_options(pairs: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Parse `field=column` options, which may be part of a map. Raises UsageError."""
    named: dict[str, tuple[str, ...]] = {}
    for pair in pairs:
        name, sign, column = printable(pair).partition("=")
        if not sign or not column.strip():
            raise UsageError(f"--column takes FIELD=COLUMN, such as text=caption, not {pair!r}")
        field = _field(name.strip())
        named[field] = tuple(dict.fromkeys((*named.get(field, ()), column.strip())))
    return named


def read_map(path: Path) -> ColumnMap:
    """Read a column map. Raises UsageError, which names the invalid key."""
    try:
        with path.open("rb") as file:
            content = tomllib.loads(file.read(_MAX_FILE).decode("utf-8-sig"))
    except (OSError, ValueError, RecursionError) as error:
        reason = getattr(error, "strerror", "") or error
        raise UsageError(f"{path}: the column map can't be read: {reason}") from None
    try:
        return _map(content, path.stem)
    except (UsageError, ValueError) as error:
        raise UsageError(f"{path}: {error}") from None


@cache
def shipped_maps() -> tuple[ColumnMap, ...]:
    """The maps for the tables of known tools, which Frametrace ships."""
    paths = sorted(_SHIPPED.glob("*.toml"))
    return tuple(replace(read_map(path), exact=False) for path in paths)


def map_as_toml(columns: ColumnMap) -> str:
    """The map as TOML, for `read_map`."""
    constants = {
        "title": "" if columns.title == _TITLE else columns.title,
        "example": columns.example,
        "platform": columns.platform,
        "account_id": columns.account_id,
        "account_kind": columns.account_kind,
        "timezone": _zone_name(columns.zone) if columns.zone else "",
        "day_order": columns.order,
        "time_format": columns.time_format,
    }
    lines = [f"{name} = {_quoted(str(value))}" for name, value in constants.items() if value]
    lines += ["", "[columns]"]
    for name, listed in columns.columns.items():
        key = name if name in FIELDS else _quoted(name)
        names = ", ".join(map(_quoted, listed))
        lines.append(f"{key} = {names if len(listed) == 1 else f'[{names}]'}")
    return "\n".join(lines).lstrip() + "\n"


def _quoted(text: str) -> str:
    """A string in TOML: as in JSON, except that DEL must be escaped."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _zone_name(zone: tzinfo) -> str:
    """A zone by its name in the tz database, or by its offset."""
    name = getattr(zone, "key", "")
    return str(name) if name else datetime.now(zone).strftime("%z")


def _map(content: Mapping[str, Any], name: str) -> ColumnMap:
    """Make a map of a TOML document. Raises ValueError or UsageError, which name the key."""
    constants = {*_CONSTANTS, *_DESCRIPTIONS, "timezone", "day_order", "time_format", "columns"}
    if unknown := sorted(content.keys() - constants):
        known = ", ".join(sorted(constants))
        raise UsageError(f"{unknown[0][:40]!r} is not a setting; the settings are {known}")
    for key in sorted(constants - {"columns"}):
        if not isinstance(content.get(key, ""), str):
            raise UsageError(f"{key} must be a text in quotes")
    listed = content.get("columns")
    if not isinstance(listed, dict):
        raise UsageError("it has no table [columns]")
    counts = listed.pop("engagement", {})  # `engagement.likes` without quotes is a table
    if not isinstance(counts, dict):
        raise UsageError("engagement must name its count, as in engagement.likes")
    listed |= {f"{COUNT_PREFIX}{name}": counts[name] for name in counts}
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
    if name not in FIELDS and not (name.startswith(COUNT_PREFIX) and name != COUNT_PREFIX):
        fields = f"{', '.join(FIELDS)} and {COUNT_PREFIX}NAME"
        raise UsageError(f"{name[:40]!r} is not a field; the fields are {fields}")
    return name


def _alternatives(key: str, value: object) -> tuple[str, ...]:
    listed: list[Any] = value if isinstance(value, list) else [value]
    if not listed or not all(isinstance(name, str) and name.strip() for name in listed):
        raise UsageError(f"{key} must name a column in quotes, or a list of them")
    return tuple(dict.fromkeys(name.strip() for name in listed))


def _complete(columns: dict[str, tuple[str, ...]], account_id: str) -> dict[str, tuple[str, ...]]:
    if "post_id" not in columns:
        raise UsageError(
            "no column for post_id: name the column of the post's id or link; if there is none, "
            "add one that numbers the rows, such as march-1, march-2"
        )
    if not (account_id or {"account_id", "account_name"} & columns.keys()):
        raise UsageError(
            "no column for account_id (nor account_name): name the column of who posted; if all "
            "posts are by one account, name it with @, such as account_id=@lin"
        )
    if "posted_at_time" in columns and "posted_at" not in columns:
        raise UsageError(
            "posted_at_time is the time of day: posted_at must name the column of the day"
        )
    return columns


def _kind(text: str) -> AccountKind:
    try:
        return AccountKind(text.strip().lower())
    except ValueError:
        kinds = ", ".join(AccountKind)
        raise ValueError(f"account_kind is one of {kinds}, not {text[:40]!r}") from None


def _zone(text: str) -> tzinfo:
    try:
        return time_zone(text)
    except ValueError as error:
        raise ValueError(f"timezone: {error}") from None


def _order(text: str) -> DayOrder:
    try:
        return DayOrder(text.replace("-", " "))
    except ValueError:
        raise ValueError(f"day_order is {', '.join(DayOrder)}, not {text[:40]!r}") from None


def _time_format(text: str) -> str:
    """Check that a time format has a day, a month and a year. Raises ValueError."""
    example = datetime(2019, 8, 21, 14, 3, 22, tzinfo=UTC)
    try:
        day = datetime.strptime(example.strftime(text), text).date() if text else example.date()
    except ValueError as error:
        raise ValueError(f"time_format {text[:40]!r} can't be used: {error}") from None
    if day != example.date():
        raise ValueError(f"time_format {text[:40]!r} needs a day, a month and a year")
    return text
