"""Posts that are not taken because another one has their key."""

import re
from dataclasses import dataclass
from datetime import timedelta

from frametrace.posts.model import Post, Skipped

__all__ = ["ACCOUNT", "SHORT_NUMBER", "TEXT", "TIME", "Refused", "refusal"]

ACCOUNT, TEXT, TIME = "another account", "other text", "another time"
# Many a source numbers its rows like this; platforms' own numbers are longer.
SHORT_NUMBER = "[0-9]{1,8}"
_DAY = timedelta(days=1)  # zones apart, one post has one time


@dataclass(frozen=True, slots=True)
class Refused:
    """A post that is not taken, and in what it differs from the one that has its key."""

    source: str
    line: int
    platform: str
    post_id: str
    differs: str

    @property
    def is_lost(self) -> bool:
        """Whether it may be another post; with other text a platform's own id was edited."""
        return self.differs != TEXT or _is_short(self.post_id)

    @property
    def told(self) -> Skipped:
        """What is said of it."""
        reason = f"another post with this key and {self.differs} was kept"
        return Skipped(self.source, self.line, f"{self.platform}/{self.post_id}", reason)


def refusal(first: Post, post: Post) -> Refused | None:
    """Why a post is not taken where the first has its key; None where both are one post.

    Shown in part it is one with whatever text.
    """
    if not first.has_same_account_as(post):
        differs = ACCOUNT
    elif first.is_partial != post.is_partial:
        return None
    elif first.text != post.text:
        differs = TEXT
    elif _is_short(post.post_id) and _is_at_another_time(first, post):
        differs = TIME
    else:
        return None
    return Refused(post.source, post.line, post.platform, post.post_id, differs)


def _is_short(post_id: str) -> bool:
    return re.fullmatch(SHORT_NUMBER, post_id) is not None


def _is_at_another_time(one: Post, other: Post) -> bool:
    times = one.posted_at, other.posted_at
    return times[0] is not None and times[1] is not None and abs(times[0] - times[1]) > _DAY
