"""The time that an id of X tells: since November 2010 its upper bits count milliseconds.

Source of the numbers: twitter-archive/snowflake (IdWorker.scala).
"""

from datetime import UTC, datetime

from frametrace.posts.model import Precision

__all__ = ["time_of"]

_EPOCH_MS = 1288834974657  # 4 November 2010, 01:42:54.657 UTC
_SHIFT = 22  # bits below the time: of the machine and of a sequence

# Ids before it were counted: the last of them had eleven digits.
_FIRST = 30_000_000_000
_LAST = 2**63


def time_of(post_id: str) -> tuple[datetime | None, Precision]:
    """When the post of an id was posted, in UTC; None where its id does not tell."""
    if not (post_id.isascii() and post_id.isdecimal() and len(post_id) < 20):
        return None, Precision.NONE
    number = int(post_id)
    if not _FIRST < number < _LAST:
        return None, Precision.NONE
    return datetime.fromtimestamp(((number >> _SHIFT) + _EPOCH_MS) // 1000, UTC), Precision.SECOND
