"""Drafts a column map for a table that no format fits.

The names of columns, in many languages, suggest their fields, and their contents confirm them or
not. A field without a good candidate is left out, and no column is used for two fields. A draft is
for people to check: doubts are written beside its lines.
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
from frametrace.posts.dates.day_order import DayOrder
from frametrace.posts.model import AccountKind
from frametrace.posts.rows import Head, Heads, Row, Rows, Shape

__all__ = ["Draft", "draft_as_toml", "draft_map", "likeliest_table"]

_SAMPLE_ROWS = 400
_MAX_COLUMNS = 1_000  # of a table; records have more if ids are their names
_MAX_COMMENT = 160  # characters
_CONSTANTS = frozenset({"platform"})  # they are written above the columns


@dataclass(frozen=True, slots=True)
class Draft:
    """A drafted column map.

    `columns` has the column of each field, `doubts` what is uncertain about a field, `lacking` why
    a field has no column. The other values are constants for all rows.
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
        """Whether it has the columns that a post needs."""
        accounts = {"account_id", "account_name"} & set(self.columns)
        return "post_id" in self.columns and bool(accounts or self.account_id)

    def map(self, name: str = "columns") -> ColumnMap:
        """The draft as a column map."""
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
    """The table or list of a source that most likely has posts; None if it has none."""
    tables = [
        head for head in heads.alternatives if head.shape is Shape.TABLE and len(head.names) > 1
    ]
    if tables:
        return tables[-1]
    lists = [
        head
        for head in (*chain.from_iterable(heads.parts), *heads.alternatives)
        if head.shape in {Shape.RECORDS, Shape.TABLE} and len(head.names) > 1
    ]
    return max(lists, key=_known_fields, default=None)  # the first of equals


def _known_fields(head: Head) -> tuple[int, int]:
    names = head.names[:_MAX_COLUMNS]
    fields = set(chain.from_iterable(map(fields_in_name, names)))
    return len(fields), sum(map(bool, names))


def draft_map(names: Sequence[str], rows: Rows, given: Mapping[str, str] | None = None) -> Draft:
    """Draft the map of a table from the names of its columns and its first rows.

    `given` fields have the columns that users named, or values as in `map_from_options`.
    """
    sample = [row.values for row in islice(rows, _SAMPLE_ROWS) if isinstance(row, Row)]
    names = [name for name in names[:_MAX_COLUMNS] if name]
    contents = {name: column_contents(row.get(name, "") for row in sample) for name in names}
    fields = {name: fields_in_name(name) for name in names}
    table = DraftTable(contents, fields, dict(given or {}))
    account_id = _constant(table, "account_id")
    platform = _constant(table, "platform").lower()
    kind_constant = _constant(table, "account_kind").lower()
    link = decide_post(table, sample)
    if "platform" not in table.columns and not platform and not link:
        platform = decide_platform(table)
    if not account_id:
        decide_account(table, platform or contents.get(link, ColumnContents()).platform)
    decide_rest(table)
    kind = AccountKind(kind_constant) if kind_constant else decide_kind(table)
    order = {name: at for at, name in enumerate(FIELDS_IN_ORDER)}
    columns = sorted(table.columns.items(), key=lambda item: order.get(item[0], len(order)))
    return Draft(
        dict(columns), platform, account_id, kind, doubts=table.doubts, lacking=table.lacking
    )


def _constant(table: DraftTable, field: str) -> str:
    """Take a field that users gave as a value and not as a column; empty if they did not."""
    given = table.columns.get(field, "")
    return table.columns.pop(field) if given and given not in table.contents else ""


def draft_as_toml(draft: Draft, source: str) -> str:
    """The draft as TOML, with doubts after its lines and missing fields as comments."""
    lines = [f"# Drafted from {_comment(source)}: check each line.", ""]
    for line in map_as_toml(draft.map()).splitlines():
        name = line.partition(" = ")[0].strip('"')
        doubt = draft.doubts.get(name, "")
        lines.append(f"{line}  # {_comment(doubt)}" if doubt else line)
    for name, why in draft.lacking.items():
        line = f'# {name} = "…"  # {_comment(why)}'
        if name in _CONSTANTS:
            lines[2:2] = [line] if lines[2] else [line, ""]
        else:
            lines.append(line)
    return "\n".join(lines) + "\n"


def _comment(text: str) -> str:
    shown = "".join(c if c.isprintable() else " " for c in text)
    return shown[:_MAX_COMMENT]
