"""Times that a clock showed somewhere, in no stated zone."""

from datetime import datetime

from frametrace.posts.model import Precision
from frametrace.posts.rows import Row

__all__ = ["local_time"]


def local_time(row: Row, name: str) -> tuple[datetime | None, Precision]:
    """Take a time of unknown zone: no more than its day is certain."""
    moment, precision = row.time(name)
    return moment, precision if moment is None else Precision.DAY
