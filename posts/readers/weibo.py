"""What tools that collect posts of Weibo have in common."""

import re
from datetime import datetime

from frametrace.posts.model import Precision
from frametrace.posts.rows import Row
from frametrace.posts.times import parse_time

__all__ = ["account_of", "china_time", "file_names", "is_bare", "number_of"]

# A post's short name holds its number: from the right, four signs for each seven digits.
_SIGNS = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
_SHORT = re.compile(r"[0-9a-zA-Z]{8,10}", re.ASCII)

_CLOCK_ONLY = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d)?", re.ASCII)
_ACCOUNT = re.compile(r"(?<!\d)\d{5,12}(?!\d)", re.ASCII)

# What Weibo writes where a post is shared without a word.
_NO_WORDS = frozenset({"", "转发微博", "轉發微博", "转发微博。", "Repost", "repost"})


def number_of(post_id: str) -> str:
    """The number of a post named by its short name (`ImTGkcdDn`); else what was given."""
    if post_id.isdecimal() or not _SHORT.fullmatch(post_id):
        return post_id
    number = 0
    for at in range(len(post_id) % 4 - 4, len(post_id), 4):
        part = 0
        for sign in post_id[max(at, 0) : at + 4]:
            part = part * len(_SIGNS) + _SIGNS.index(sign)
        number = number * 10**7 + part
    return str(number)


def is_bare(text: str) -> bool:
    """Whether a repost has no words of its own."""
    return text.strip() in _NO_WORDS


def china_time(text: str) -> tuple[datetime, Precision]:
    """Read a time; what names no zone is China's, as Weibo shows it. Raises ValueError."""
    written = text.strip()
    return parse_time(f"{written}+08:00" if _CLOCK_ONLY.fullmatch(written) else written)


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
