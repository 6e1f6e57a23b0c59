"""What tools that collect posts of Weibo have in common."""

import re
from datetime import datetime, timedelta, timezone

from frametrace.posts.dates.parse_time import parse_time
from frametrace.posts.model import Precision
from frametrace.posts.rows import Row

__all__ = ["account_of", "china_time", "file_names", "is_bare"]

_CHINA = timezone(timedelta(hours=8))
_ACCOUNT = re.compile(r"(?<!\d)\d{5,12}(?!\d)", re.ASCII)

# What Weibo writes where a post is shared without a word.
_NO_WORDS = frozenset({"", "转发微博", "轉發微博", "转发微博。", "Repost", "repost"})


def is_bare(text: str) -> bool:
    """Whether a repost has no words of its own."""
    return text.strip() in _NO_WORDS


def china_time(text: str) -> tuple[datetime, Precision]:
    """Read a time; what names no zone is China's, as Weibo shows it. Raises ValueError."""
    return parse_time(text, _CHINA)


def account_of(row: Row) -> str:
    """The account whose posts a file holds and is named by. Raises ValueError if it isn't."""
    found = _ACCOUNT.search(row.file)
    if found is None:
        raise ValueError(
            "the account is told by the file's name alone, which should be its number, such as "
            "1669800001.csv"
        )
    return found[0]


def file_names(stem: str, links: tuple[str, ...]) -> tuple[str, ...]:
    """What the pictures of a post are called on disk; its only one has no number."""
    if len(links) == 1:
        return (stem + _suffix(links[0], longest=5),)
    return tuple(f"{stem}_{at}{_suffix(link, 4)}" for at, link in enumerate(links, start=1))


def _suffix(link: str, longest: int) -> str:
    suffix = link[max(link.rfind("."), 0) :]
    return suffix if suffix.startswith(".") and len(suffix) <= longest else ".jpg"
