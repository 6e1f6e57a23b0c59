"""Reads LinkedIn's ids of posts and accounts, and the time that a post's id holds."""

import re
from datetime import UTC, datetime

from frametrace.posts.model import Precision

__all__ = ["account_at", "activity_in", "activity_time"]

_ACTIVITY = re.compile(r"urn:li:activity:(\d{1,20})", re.ASCII)

# An id begins with milliseconds since 1970, followed by 22 bits that are not part of the time
# (https://github.com/Ollie-Boyd/Linkedin-post-timestamp-extractor). Smaller ids, which would be
# from before October 2007, are of another kind.
_TIMED_ID = re.compile(r"[5-9]\d{18}", re.ASCII)
_BITS_BELOW_TIME = 22


def activity_in(urn: str) -> str:
    """The number of the post that a URN names; empty if it names none."""
    match = _ACTIVITY.search(urn)
    return match[1] if match else ""


def activity_time(activity: str) -> tuple[datetime | None, Precision]:
    """The time of a post from its number: pages show only how many weeks or months ago it was."""
    if not _TIMED_ID.fullmatch(activity):
        return None, Precision.NONE
    milliseconds = int(activity) >> _BITS_BELOW_TIME
    return datetime.fromtimestamp(milliseconds // 1000, UTC), Precision.SECOND


def account_at(link: str) -> str:
    """Name an account by its page, `in/lin-invented` or `company/invented`; empty if none."""
    path = link.rpartition("linkedin.com/")[2].partition("?")[0]
    return "/".join(path.strip("/ ").split("/")[:2]).lower()
