"""Reads tables with a column map: turns their rows into posts.

Two fields may use one column. Columns that no field used stay with the post as `extra`, including
the alternative columns of a field.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial

from frametrace.posts.columns.column_map import COUNT_PREFIX, ColumnMap
from frametrace.posts.model import AccountKind, Post, Precision
from frametrace.posts.readers.shared.post_keys import post_key
from frametrace.posts.readers.shared.reader_contract import Reader
from frametrace.posts.readers.shared.written_keys import Keys, Written, another_account, keys_of
from frametrace.posts.readers.shared.x_values import text_on
from frametrace.posts.rows import Row, Shape
from frametrace.posts.sources.media_files import is_media
from frametrace.posts.values import distinct, first_texts, parse_list, parse_objects

__all__ = ["files_listed", "links_listed", "reader_for_map", "tags_listed"]

# Links contain no blanks; a comma ends a link if a blank or another link follows.
_BETWEEN_LINKS = re.compile(r"[\s|]+|[,;](?=\s|https?://|\Z)")
_BETWEEN_FILES = re.compile(r"[|\n]|[,;\s](?=https?://)")
_COMMAS = re.compile(r"[,;]")
_BETWEEN_TAGS = re.compile(r"[,;|，、；\n]|\s(?=[#＃])")
_HASH_SIGNS = "#＃ \t"
# The value of an object in a list is the first of these members that it has.
_LINK_NAMES = ("url", "expanded_url", "href", "link", "src", "uri", "path", "file")
_TAG_NAMES = ("name", "tag", "text", "title")

_CLOCK = re.compile(
    r"\d{1,2}[:.]\d\d(?:[:.]\d\d(?:\.\d+)?)?(?:\s?[A-Za-z][\w .:+/-]{0,20})?", re.ASCII
)
_MIDNIGHT = re.compile(r"[T ]00:00(?::00)?\Z")  # spreadsheets add it to a day

_PEOPLE = frozenset({"individual", "people", "person", "personal", "profile", "user", "users"})
_CLOCK_SIGNS = ("%M", "%S", "%s", "%c", "%X", "%T")


def reader_for_map(columns: ColumnMap, shape: Shape) -> Reader:
    """The reader of tables, or of JSON records, with these columns."""
    return Reader(
        name=columns.name,
        title=columns.title,
        example=columns.example or "posts.csv",
        platform=columns.platform or "as written",
        time="as written",
        shape=shape,
        required=columns.required,
        parse=partial(_parse, columns),
    )


@dataclass(slots=True)
class _Cells:
    """The values of a row by field: each in the first of the field's columns that isn't empty."""

    columns: ColumnMap
    row: Row
    unused: list[str] = field(default_factory=list)  # fields whose value could not be used

    def column(self, field: str) -> str:
        """The column that a field is taken from; empty if all of its columns are empty."""
        listed = self.columns.columns.get(field, ())
        return next((name for name in listed if self.row.values.get(name, "").strip()), "")

    def text(self, field: str) -> str:
        return self.row.values.get(self.column(field), "")

    def row_of(self, field: str) -> Row:
        """A row with only the column of a field."""
        name = self.column(field)
        return replace(self.row, values={name: self.row.values[name]} if name else {})

    def id(self, *fields: str) -> str:
        """The first valid id. Raises ValueError, which names the columns, if there is none."""
        listed = [name for field in fields for name in self.columns.columns.get(field, ())]
        errors = []
        for name in listed:
            if value := self.row.values.get(name, "").strip():
                try:
                    return replace(self.row, values={name: value}).key(name)
                except ValueError as error:
                    errors.append(error)
        raise errors[0] if errors else ValueError(f"{' or '.join(listed)} is empty")

    def reference(self, field: str) -> str:
        return self.row_of(field).reference(name) if (name := self.column(field)) else ""

    def counts(self) -> dict[str, int]:
        """The counts that are numbers; other values stay with the post as `extra`."""
        counts: dict[str, int] = {}
        for key in self.columns.columns:
            if key.startswith(COUNT_PREFIX) and (name := self.column(key)):
                counts |= self.row_of(key).counts({name: key.removeprefix(COUNT_PREFIX)})
        return counts

    def rest(self, counts: Iterable[str], other_account: bool) -> dict[str, str]:
        """The columns that no field used; also the account's, if the link names another account."""
        unused = (COUNT_PREFIX, *self.unused)
        fields = (name for name in self.columns.columns if not name.startswith(unused))
        taken = {
            self.column(field) for field in (*fields, *(COUNT_PREFIX + name for name in counts))
        }
        if other_account:
            taken -= {self.column("account_id"), self.column("account_name")}
        return {name: text for name, text in self.row.rest().items() if name not in taken}


def _parse(columns: ColumnMap, row: Row) -> Post:
    cells = _Cells(columns, row)
    keys = _keys(cells)
    posted_at, precision = _time(cells)
    engagement = cells.counts()
    return Post(
        platform=keys.platform,
        post_id=keys.post_id,
        account_id=keys.account_id,
        account_kind=_kind(cells),
        account_name=keys.account_name,
        posted_at=posted_at,
        precision=precision,
        text=text_on(keys.platform, cells.text("text")),
        media=files_listed(cells.text("media")),
        links=links_listed(cells.text("links")),
        hashtags=tags_listed(cells.text("hashtags")),
        repost_of=post_key(keys.platform, cells.reference("repost_of")),
        engagement=engagement,
        extra={**keys.extra, **cells.rest(engagement, keys.other_account)},
        source=row.source,
        line=row.line,
    )


def _keys(cells: _Cells) -> Keys:
    constant = cells.columns.account_id
    keys = keys_of(
        Written(
            cells.text("platform"),
            cells.id("post_id"),
            constant or cells.id("account_id", "account_name"),
            cells.text("account_name"),
            cells.columns.platform,
        )
    )
    if keys.other_account:
        cells.row.notes.append(another_account(cells.column("account_id") or "account_id"))
    return keys


def _kind(cells: _Cells) -> AccountKind:
    """The kind of account: the last word of `Facebook page` and `public_group` decides."""
    default = cells.columns.account_kind or AccountKind.ACCOUNT
    cell = cells.text("account_kind").strip()
    word = cell.lower().replace("_", " ").rpartition(" ")[2]
    if not cell or word in _PEOPLE:
        return AccountKind.ACCOUNT if cell else default
    try:
        return AccountKind(word)
    except ValueError:
        kinds = ", ".join(AccountKind)
        cells.row.notes.append(
            f"{cells.column('account_kind')} {cell[:40]!r} is not one of {kinds}; "
            "the rest of the row is kept"
        )
        return default


def _time(cells: _Cells) -> tuple[datetime | None, Precision]:
    """The time in one column, or the day in one and the time of day in another."""
    name = cells.column("posted_at")
    if not name:
        return None, Precision.NONE
    row, clock = cells.row_of("posted_at"), cells.text("posted_at_time").strip()
    day = _MIDNIGHT.sub("", row.values[name].strip())
    if clock and _CLOCK.fullmatch(clock) and (":" not in day or cells.columns.time_format):
        row.values[name] = f"{day} {clock}"
    elif clock:
        cells.unused.append("posted_at_time")
        reason = (
            f"is an extra time of day: {name} has one already"
            if ":" in day
            else "is not a time of day such as 14:03"
        )
        row.notes.append(f"{clock[:40]!r} {reason}; the rest of the row is kept")
    return row.time(name, partial(_by_format, cells.columns) if cells.columns.time_format else None)


def _by_format(columns: ColumnMap, text: str) -> tuple[datetime, Precision]:
    try:
        moment = datetime.strptime(text, columns.time_format)
    except ValueError:
        raise ValueError(f"{text[:40]!r} doesn't match {columns.time_format}") from None
    if not any(sign in columns.time_format for sign in _CLOCK_SIGNS):
        return moment.replace(tzinfo=UTC), Precision.DAY
    local = moment if moment.tzinfo else moment.replace(tzinfo=columns.zone or UTC)
    has_seconds = any(sign in columns.time_format for sign in _CLOCK_SIGNS[1:])
    return local.astimezone(UTC), Precision.SECOND if has_seconds else Precision.MINUTE


def links_listed(text: str) -> tuple[str, ...]:
    """Links listed as JSON, as Python prints lists, or separated by blanks, commas, `;` or `|`."""
    text = text.strip()
    if text.startswith("["):
        return _json_items(text, _LINK_NAMES)
    parts = (part.strip(",;") for part in _BETWEEN_LINKS.split(text))
    return distinct(part for part in parts if "." in part)  # every link has a dot


def files_listed(text: str) -> tuple[str, ...]:
    """Paths and links of media, listed as in `links_listed`; paths may have blanks and commas.

    So commas separate paths only if each part has the name of a picture or a video.
    """
    text = text.strip()
    if text.startswith("["):
        return _json_items(text, _LINK_NAMES)
    files: list[str] = []
    for part in filter(None, map(str.strip, _BETWEEN_FILES.split(text))):
        names = [part] if "://" in part else [name.strip() for name in _COMMAS.split(part)]
        files += names if all(map(is_media, names)) else [part]
    return distinct(part.strip(",;") for part in files)


def tags_listed(text: str) -> tuple[str, ...]:
    """Hashtags without `#`, listed in any of these ways; blanks separate single words."""
    text = text.strip()
    if text.startswith("["):
        listed = _json_items(text, _TAG_NAMES)
    else:
        listed = tuple(_BETWEEN_TAGS.split(text))
        listed = tuple(text.split()) if len(listed) == 1 else listed
    return distinct(tag.strip(_HASH_SIGNS) for tag in listed)


def _json_items(text: str, names: tuple[str, ...]) -> tuple[str, ...]:
    return first_texts(parse_objects(text), *names) or distinct(map(str.strip, parse_list(text)))
