"""LinkedIn's ids of posts and accounts, and the time that an id of a post holds."""

import re
from datetime import UTC, datetime

from frametrace.posts.model import Precision

__all__ = ["account_at", "activity_in", "activity_time"]

_ACTIVITY = re.compile(r"urn:li:activity:(\d{1,20})", re.ASCII)

# An id begins with milliseconds since 1970; 22 bits follow that tell nothing of the time
# (https://github.com/Ollie-Boyd/Linkedin-post-timestamp-extractor). Smaller ids, which would be of
# before October 2007, are of another kind.
_ID = re.compile(r"[5-9]\d{18}", re.ASCII)
_AFTER_TIME = 22


def activity_in(urn: str) -> str:
    """The number of a post, of whatever names it; empty if nothing does."""
    match = _ACTIVITY.search(urn)
    return match[1] if match else ""


def activity_time(activity: str) -> tuple[datetime | None, Precision]:
    """When a post was made, by its number: pages only tell how many weeks or months ago."""
    if not _ID.fullmatch(activity):
        return None, Precision.NONE
    return datetime.fromtimestamp((int(activity) >> _AFTER_TIME) // 1000, UTC), Precision.SECOND


def account_at(link: str) -> str:
    """Name an account by its page, `in/lin-invented` or `company/invented`; empty if none."""
    path = link.rpartition("linkedin.com/")[2].partition("?")[0]
    return "/".join(path.strip("/ ").split("/")[:2]).lower()
