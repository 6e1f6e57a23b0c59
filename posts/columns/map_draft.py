"""Drafting a column map: which column of a table that no format knows may be what.

Names of columns say it in many languages, and what the columns hold confirms it or not. A field
without a good candidate is left out, and no column stands for two fields. A draft is for people to
check: what is uncertain in it is said beside it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import tzinfo
from itertools import chain, islice

from frametrace.posts.columns.column_contents import ColumnContents, column_contents
from frametrace.posts.columns.column_map import ColumnMap, map_as_toml
from frametrace.posts.columns.draft_fields import (
    DraftTable,
    decide_account,
    decide_kind,
    decide_platform,
    decide_post,
    decide_rest,
)
from frametrace.posts.columns.field_fit import FIELDS_IN_ORDER
from frametrace.posts.columns.header_names import fields_in_name
from frametrace.posts.dates.parse_time import DayOrder
from frametrace.posts.model import AccountKind
from frametrace.posts.rows import Head, Heads, Row, Rows, Shape

__all__ = ["Draft", "draft_as_toml", "draft_map", "likeliest_table"]

_ROWS = 400  # that are looked at for a draft
_COLUMNS = 1_000  # of a table; records have more where ids are their names
_LONGEST_COMMENT = 160  # characters
_ABOVE = frozenset({"platform"})  # what stands above the columns


@dataclass(frozen=True, slots=True)
class Draft:
    """A column map in the making.

    `columns` gives each field its column; `doubts` says what is uncertain about a field, `lacking`
    why one has no column. The others are true of all rows.
    """

    columns: Mapping[str, str]
    platform: str = ""
    account_id: str = ""
    account_kind: AccountKind | None = None
    zone: tzinfo | None = None
    order: DayOrder | None = None
    doubts: Mapping[str, str] = field(default_factory=dict)
    lacking: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_complete(self) -> bool:
        """Whether posts can be read by it."""
        accounts = {"account_id", "account_name"} & set(self.columns)
        return "post_id" in self.columns and bool(accounts or self.account_id)

    def map(self, name: str = "columns") -> ColumnMap:
        """The column map that it is so far."""
        columns = {field: (column,) for field, column in self.columns.items()}
        return ColumnMap(
            name,
            columns,
            platform=self.platform,
            account_id=self.account_id,
            account_kind=self.account_kind,
            zone=self.zone,
            order=self.order,
        )


def likeliest_table(heads: Heads) -> Head | None:
    """The table or the list of a source that is likeliest one of posts; None if it has none."""
    tables = [head for head in heads.either if head.shape is Shape.TABLE and len(head.names) > 1]
    if tables:
        return tables[-1]
    lists = [
        head
        for head in (*chain.from_iterable(heads.parts), *heads.either)
        if head.shape in {Shape.RECORDS, Shape.TABLE} and len(head.names) > 1
    ]
    return max(lists, key=_fields_told, default=None)  # the first of equals


def _fields_told(head: Head) -> tuple[int, int]:
    names = head.names[:_COLUMNS]
    told = set(chain.from_iterable(map(fields_in_name, names)))
    return len(told), sum(map(bool, names))


def draft_map(names: Sequence[str], rows: Rows, given: Mapping[str, str] | None = None) -> Draft:
    """Draft the map of a table by the names of its columns and its first rows.

    `given` fields have the columns that users named, or values as `map_of` takes them.
    """
    sample = [row.values for row in islice(rows, _ROWS) if isinstance(row, Row)]
    names = [name for name in names[:_COLUMNS] if name]
    contents = {name: column_contents(row.get(name, "") for row in sample) for name in names}
    named = {name: fields_in_name(name) for name in names}
    table = DraftTable(contents, named, dict(given or {}))
    account_id = _constant(table, "account_id")
    platform = _constant(table, "platform").lower()
    kind_given = _constant(table, "account_kind").lower()
    link = decide_post(table, sample)
    if "platform" not in table.columns and not platform and not link:
        platform = decide_platform(table)
    if not account_id:
        decide_account(table, platform or contents.get(link, ColumnContents()).platform)
    decide_rest(table)
    kind = AccountKind(kind_given) if kind_given else decide_kind(table)
    order = {name: at for at, name in enumerate(FIELDS_IN_ORDER)}
    columns = sorted(table.columns.items(), key=lambda item: order.get(item[0], len(order)))
    return Draft(
        dict(columns), platform, account_id, kind, doubts=table.doubts, lacking=table.lacking
    )


def _constant(table: DraftTable, field: str) -> str:
    """What users gave as a value and not as a column; empty where they did not."""
    given = table.columns.get(field, "")
    return table.columns.pop(field) if given and given not in table.contents else ""


def draft_as_toml(draft: Draft, of: str) -> str:
    """The draft as TOML, with what is uncertain behind each line and what is lacking below."""
    lines = [f"# Drafted from {_comment(of)}: check each line.", ""]
    for line in map_as_toml(draft.map()).splitlines():
        name = line.partition(" = ")[0].strip('"')
        doubt = draft.doubts.get(name, "")
        lines.append(f"{line}  # {_comment(doubt)}" if doubt else line)
    for name, why in draft.lacking.items():
        line = f'# {name} = "…"  # {_comment(why)}'
        if name in _ABOVE:
            lines[2:2] = [line] if lines[2] else [line, ""]
        else:
            lines.append(line)
    return "\n".join(lines) + "\n"


def _comment(text: str) -> str:
    shown = "".join(sign if sign.isprintable() else " " for sign in text)
    return shown[:_LONGEST_COMMENT]
