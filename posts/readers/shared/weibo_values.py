"""Reads the times, accounts, reposts and picture files that Weibo collectors have in common."""

import re
from datetime import datetime, timedelta, timezone

from frametrace.posts.dates.parse_time import parse_time
from frametrace.posts.model import Precision
from frametrace.posts.rows import Row

__all__ = ["account_in_file_name", "china_time", "is_bare_repost", "picture_files", "video_files"]

_CHINA = timezone(timedelta(hours=8))
_ACCOUNT = re.compile(r"(?<!\d)\d{5,12}(?!\d)", re.ASCII)

# What Weibo writes as the text of a repost without comment.
_NO_COMMENT = frozenset({"", "转发微博", "轉發微博", "转发微博。", "Repost", "repost"})


def is_bare_repost(text: str) -> bool:
    """Whether a repost adds no text of its own."""
    return text.strip() in _NO_COMMENT


def china_time(text: str) -> tuple[datetime, Precision]:
    """Read a time; without a zone it is China's, as Weibo shows it. Raises ValueError."""
    return parse_time(text, _CHINA)


def account_in_file_name(row: Row) -> str:
    """The account whose posts a file holds. Raises ValueError if the file isn't named by it."""
    match = _ACCOUNT.search(row.file)
    if match is None:
        raise ValueError(
            "only the file's name says whose posts these are; name the file by the account's "
            "number, such as 1669800001.csv"
        )
    return match[0]


def picture_files(stem: str, links: tuple[str, ...]) -> tuple[str, ...]:
    """The names of a post's pictures on disk; a single picture has no number."""
    if len(links) == 1:
        return (stem + _suffix(links[0], max_length=5),)
    return tuple(f"{stem}_{at}{_suffix(link, 4)}" for at, link in enumerate(links, start=1))


def video_files(stem: str, links: tuple[str, ...]) -> tuple[str, ...]:
    """The names of a post's videos on disk; those that come with live photos are `.mov` files."""
    suffix = ".mov" if links and links[0].endswith(".mov") else ".mp4"
    if len(links) == 1:
        return (stem + suffix,)
    return tuple(f"{stem}_{at}{suffix}" for at in range(1, len(links) + 1))


def _suffix(link: str, max_length: int) -> str:
    suffix = link[max(link.rfind("."), 0) :]
    return suffix if suffix.startswith(".") and len(suffix) <= max_length else ".jpg"
