"""Column maps: which column of somebody's table is what, for tables that no reader knows.

A map is written in TOML. At its top stand constants (`platform`, `account_kind`, `timezone`,
`day_order`, `time_format`), under `[columns]` a line for each field: a column, or a list of
columns of which the first that holds something counts.
"""

import json
import tomllib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import Any

from frametrace.posts.errors import UsageError
from frametrace.posts.model import AccountKind, Post, Precision
from frametrace.posts.readers.contract import Reader
from frametrace.posts.readers.sites import platform_of, post_id_of
from frametrace.posts.rows import Row, Shape
from frametrace.posts.times import DayOrder, zone_named
from frametrace.posts.values import hashtags_of, links_of

__all__ = ["FIELDS", "ColumnMap", "map_of", "read_map", "shipped_maps", "written_map"]

FIELDS = (
    *("platform", "post_id", "account_id", "account_kind", "account_name", "posted_at", "text"),
    *("media", "links", "hashtags", "repost_of"),
)
_COUNT = "engagement."
_CONSTANTS = ("platform", "account_kind")
_TOLD = ("title", "example", "source")
_SHIPPED = Path(__file__).parent / "columns"
_LARGEST = 2**20  # bytes
_LINKS = ("http://", "https://")
_TITLE = "A table with columns as a map names them"


@dataclass(frozen=True, slots=True)
class ColumnMap:
    """Which columns hold the fields of a post, and what is true of all its rows.

    `columns` maps a field to the columns that may hold it, best first. `exact` maps fit only
    tables that have all of these columns.
    """

    name: str
    columns: Mapping[str, tuple[str, ...]]
    platform: str = ""
    account_kind: AccountKind | None = None
    zone: tzinfo | None = None
    order: DayOrder | None = None
    time_format: str = ""
    title: str = _TITLE
    example: str = ""
    exact: bool = True
    told: Mapping[str, str] = field(default_factory=dict)

    @property
    def required(self) -> tuple[tuple[str, ...], ...]:
        """The columns without which a table isn't meant, each with its alternatives."""
        needed = self.columns if self.exact else ("post_id", "account_id", "account_name", "text")
        return tuple(self.columns[name] for name in needed if name in self.columns)

    def fits(self, names: Collection[str]) -> bool:
        """Whether a table with these columns is meant."""
        return all(any(name in names for name in columns) for columns in self.required)

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
                del columns[name]
                constants[name] = named[0].lower() if name == "platform" else _kind(named[0], None)
        return replace(self, columns=columns, **constants)

    def reader(self, shape: Shape) -> Reader:
        """The reader of tables, or of JSON records, with these columns."""
        return Reader(
            name=self.name,
            title=self.title,
            example=self.example or "posts.csv",
            platform=self.platform or "as written",
            time="as written",
            shape=shape,
            required=self.required,
            parse=self._parse,
        )

    def _parse(self, row: Row) -> Post:
        post_id = row.key(*self._of("post_id"))
        link = post_id if "://" in post_id else ""
        posted_at, precision = self._time(row)
        kind = row.take(*self._of("account_kind")) if "account_kind" in self.columns else ""
        account_name = row.values.get(self._first(row, "account_name"), "")
        account_id = row.key(*self.columns.get("account_id", ()), *self._of("account_name"))
        return Post(
            platform=self._platform(row, link),
            post_id=post_id_of(link) if link else post_id,
            account_id=account_id,
            account_kind=_kind(kind, self.account_kind),
            account_name=account_name,
            posted_at=posted_at,
            precision=precision,
            text=self._text(row, "text"),
            media=links_of(self._text(row, "media")),
            links=links_of(self._text(row, "links")),
            hashtags=hashtags_of(self._text(row, "hashtags")),
            repost_of=self._repost_of(row),
            engagement=row.counts(self._counts()),
            extra=({"link": link} if link else {}) | row.rest(),
            source=row.source,
            line=row.line,
        )

    def _of(self, name: str) -> tuple[str, ...]:
        return self.columns.get(name, (name,))

    def _text(self, row: Row, name: str) -> str:
        return row.take(*self.columns[name]) if name in self.columns else ""

    def _first(self, row: Row, name: str) -> str:
        """The first of a field's columns that holds something in a row; or an empty text."""
        filled = (each for each in self.columns.get(name, ()) if row.values.get(each, "").strip())
        return next(filled, "")

    def _repost_of(self, row: Row) -> str:
        if not (name := self._first(row, "repost_of")):
            return ""
        found = row.reference(name)
        try:
            return post_id_of(found) if found.startswith(_LINKS) else found
        except ValueError as error:
            row.told.append(f"{name}: {error}; the rest of the row is kept")
            return ""

    def _counts(self) -> dict[str, str]:
        return {
            column: name.removeprefix(_COUNT)
            for name, columns in self.columns.items()
            if name.startswith(_COUNT)
            for column in columns
        }

    def _platform(self, row: Row, link: str) -> str:
        written = self._text(row, "platform").strip().lower()
        return written or self.platform or (platform_of(link) if link else "unknown")

    def _time(self, row: Row) -> tuple[datetime | None, Precision]:
        for column in self.columns.get("posted_at", ()):
            if row.values.get(column, "").strip():
                return row.time(column, self._by_format if self.time_format else None)
        return None, Precision.NONE

    def _by_format(self, text: str) -> tuple[datetime, Precision]:
        try:
            moment = datetime.strptime(text, self.time_format)
        except ValueError:
            raise ValueError(f"{text[:40]!r} is not written like {self.time_format}") from None
        placed = moment if moment.tzinfo else moment.replace(tzinfo=self.zone or UTC)
        precision = Precision.MINUTE if "%M" in self.time_format else Precision.DAY
        seconds = any(sign in self.time_format for sign in ("%S", "%s", "%c", "%X", "%T"))
        return placed.astimezone(UTC), Precision.SECOND if seconds else precision


def map_of(pairs: Iterable[str], base: ColumnMap | None = None) -> ColumnMap:
    """Make a map of `field=column` pairs, over those of `base`. Raises UsageError.

    `platform=` and `account_kind=` take a column or, where the table has none, the value itself.
    """
    columns = dict(base.columns) if base else {}
    for pair in pairs:
        name, sign, column = pair.partition("=")
        if not sign or not column.strip():
            raise UsageError(f"--column takes FIELD=COLUMN, such as text=caption, not {pair!r}")
        columns[_field(name.strip())] = (column.strip(),)
    return replace(base or ColumnMap("columns", {}), columns=_complete(columns))


def read_map(path: Path) -> ColumnMap:
    """Read a column map. Raises UsageError, with the key that can't be understood."""
    try:
        with path.open("rb") as file:
            content = tomllib.loads(file.read(_LARGEST).decode("utf-8-sig"))
    except (OSError, ValueError) as error:
        raise UsageError(f"{path}: the column map can't be read: {error}") from None
    try:
        return _map(content, path.stem)
    except (UsageError, ValueError) as error:
        raise UsageError(f"{path}: {error}") from None


def shipped_maps() -> tuple[ColumnMap, ...]:
    """The maps of known tools' tables."""
    paths = sorted(_SHIPPED.glob("*.toml"))
    return tuple(replace(read_map(path), exact=False) for path in paths)


def written_map(found: ColumnMap) -> str:
    """The map as TOML, as `read_map` reads it."""
    lines = []
    for name, value in (
        ("platform", found.platform),
        ("account_kind", found.account_kind),
        ("timezone", found.told.get("timezone")),
        ("day_order", found.order),
        ("time_format", found.time_format),
    ):
        if value:
            lines.append(f"{name} = {_in_toml(str(value))}")
    lines += ["", "[columns]"]
    for name, columns in found.columns.items():
        key = name if name.replace("_", "").isalnum() else _in_toml(name)
        names = columns[0] if len(columns) == 1 else list(columns)
        lines.append(f"{key} = {_in_toml(names)}")
    return "\n".join(lines).lstrip() + "\n"


def _in_toml(value: str | list[str]) -> str:
    """A text or texts as JSON writes them, which TOML reads but for one character."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _map(content: Mapping[str, Any], name: str) -> ColumnMap:
    constants = {*_CONSTANTS, *_TOLD, "timezone", "day_order", "time_format", "columns"}
    if unknown := sorted(content.keys() - constants):
        raise UsageError(
            f"{unknown[0]!r} is not a setting; there are {', '.join(sorted(constants))}"
        )
    for key in constants - {"columns"}:
        if not isinstance(content.get(key, ""), str):
            raise UsageError(f"{key} must be a text in quotes")
    listed = content.get("columns")
    if not isinstance(listed, dict):
        raise UsageError("it has no table [columns]")
    timezone, order = content.get("timezone", ""), content.get("day_order", "")
    return ColumnMap(
        name=name,
        columns=_complete({_field(key): _alternatives(key, listed[key]) for key in listed}),
        platform=content.get("platform", "").strip().lower(),
        account_kind=_kind(kind, None) if (kind := content.get("account_kind")) else None,
        zone=zone_named(timezone) if timezone else None,
        order=_order(order) if order else None,
        time_format=content.get("time_format", ""),
        title=content.get("title", _TITLE),
        example=content.get("example", ""),
        told={"timezone": timezone} if timezone else {},
    )


def _field(name: str) -> str:
    if name not in FIELDS and not (name.startswith(_COUNT) and name != _COUNT):
        raise UsageError(
            f"{name[:40]!r} is not a field; there are {', '.join(FIELDS)} and engagement.NAME"
        )
    return name


def _alternatives(key: str, value: object) -> tuple[str, ...]:
    listed = value if isinstance(value, list) else [value]
    if not listed or not all(isinstance(each, str) and each for each in listed):
        raise UsageError(f"{key} must name a column in quotes, or a list of them")
    return tuple(listed)


def _complete(columns: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    if "post_id" not in columns:
        raise UsageError("no column for post_id: name one that has the post's id or its link")
    if not {"account_id", "account_name"} & columns.keys():
        raise UsageError("no column for account_id (nor account_name): name who posted")
    return columns


def _kind(text: str, otherwise: AccountKind | None) -> AccountKind:
    try:
        return (
            AccountKind(text.strip().lower()) if text.strip() else otherwise or AccountKind.ACCOUNT
        )
    except ValueError:
        raise ValueError(
            f"account_kind {text[:40]!r} is not one of {', '.join(AccountKind)}"
        ) from None


def _order(text: str) -> DayOrder:
    try:
        return DayOrder(text.replace("-", " "))
    except ValueError:
        raise UsageError(f"day_order is {' or '.join(DayOrder)}, not {text[:40]!r}") from None
