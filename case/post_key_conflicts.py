"""Finds posts that can't be added because a different post has their key (platform, post id)."""

import re
from dataclasses import dataclass
from datetime import timedelta

from frametrace.posts.model import Post, Skipped

__all__ = [
    "ACCOUNT",
    "MAX_TIME_DIFFERENCE",
    "SHORT_NUMBER",
    "TEXT",
    "TIME",
    "KeyConflict",
    "key_conflict",
]

ACCOUNT, TEXT, TIME = "another account", "other text", "another time"
# Many sources number their rows like this; platforms' own ids are longer.
SHORT_NUMBER = "[0-9]{1,8}"
MAX_TIME_DIFFERENCE = timedelta(days=1)  # time zones apart, one post has one time


@dataclass(frozen=True, slots=True)
class KeyConflict:
    """A post that is not added, and how it differs from the post that has its key."""

    source: str
    line: int
    platform: str
    post_id: str
    differs: str

    @property
    def key(self) -> tuple[str, str]:
        """The key that both posts have."""
        return self.platform, self.post_id

    @property
    def is_lost(self) -> bool:
        """Whether it may be a different post.

        Under a platform's own id, other text means that the same post was edited.
        """
        return self.differs != TEXT or _is_short(self.post_id)

    @property
    def skipped(self) -> Skipped:
        """The row of `skipped` that reports it."""
        reason = f"another post with this key and {self.differs} was kept"
        return Skipped(self.source, self.line, f"{self.platform}/{self.post_id}", reason)


def key_conflict(first: Post, post: Post) -> KeyConflict | None:
    """Why `post` can't be added beside `first`, which has its key; None if both are the same post.

    If only one of them is partial, their texts may differ.
    """
    if first is post:
        return None
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
    return KeyConflict(post.source, post.line, post.platform, post.post_id, differs)


def _is_short(post_id: str) -> bool:
    return re.fullmatch(SHORT_NUMBER, post_id) is not None


def _is_at_another_time(first: Post, post: Post) -> bool:
    if first.posted_at is None or post.posted_at is None:
        return False
    return abs(first.posted_at - post.posted_at) > MAX_TIME_DIFFERENCE
