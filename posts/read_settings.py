"""How sources are to be read, where they don't say it themselves."""

from dataclasses import dataclass
from datetime import tzinfo

from frametrace.posts.columns.column_map import ColumnMap
from frametrace.posts.dates.parse_time import DayOrder

__all__ = ["ReadSettings"]


@dataclass(frozen=True, slots=True)
class ReadSettings:
    """What users say of their sources; each is otherwise taken from the source itself.

    `format` names a reader. `encoding` is that of texts. `zone` is that of times which name none,
    `order` that of day and month in dates with the year last. `columns` say which columns of
    tables are what; the first one that fits a table is used.
    """

    format: str | None = None
    encoding: str = ""
    zone: tzinfo | None = None
    order: DayOrder | None = None
    columns: tuple[ColumnMap, ...] = ()
