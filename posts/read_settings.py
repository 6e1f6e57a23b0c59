"""Defines the users' settings for reading sources."""

from dataclasses import dataclass
from datetime import tzinfo
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from frametrace.posts.columns.column_map import ColumnMap
    from frametrace.posts.dates.day_order import DayOrder

__all__ = ["ReadSettings"]


@dataclass(frozen=True, slots=True)
class ReadSettings:
    """What users say about their sources; anything left out is detected.

    `format` names a reader. `encoding` is that of texts. `zone` is that of times without one,
    `order` that of day and month in dates. `columns` are column maps; the first one that fits a
    table is used.
    """

    format: str | None = None
    encoding: str = ""
    zone: tzinfo | None = None
    order: "DayOrder | None" = None
    columns: tuple["ColumnMap", ...] = ()
