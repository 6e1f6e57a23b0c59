"""A post of X as twint writes it, in tables and in JSON alike.

Sources: twintproject/twint, twint/storage/write_meta.py, twint/storage/panda.py, twint/tweet.py
and twint/feed.py; twint 2.1.20 on PyPI for what it wrote before.
"""

import re
from dataclasses import dataclass
from datetime import datetime

from frametrace.posts.model import Post, Precision
from frametrace.posts.readers import snowflake
from frametrace.posts.readers.x_text import x_text
from frametrace.posts.rows import Row
from frametrace.posts.values import parse_list

__all__ = ["REQUIRED", "parse"]

REQUIRED = (("id",), ("user_id",), ("username",), ("tweet",), ("created_at", "date"))

_COUNTS = {
    "likes_count": "likes",
    "replies_count": "replies",
    "retweets_count": "reposts",
    "nlikes": "likes",  # as its data frames call them
    "nreplies": "replies",
    "nretweets": "reposts",
}
_HANDLE = re.compile(r"\w{1,15}", re.ASCII)


@dataclass(frozen=True, slots=True)
class _Who:
    """Which post a row is, whose, and what it repeats."""

    post_id: str
    account_id: str
    name: str
    repost_of: str = ""
    text: str = ""  # of the original, where it is told


def parse(row: Row) -> Post:
    """Make a Post of a row with twint's names."""
    who = _who(row)
    posted_at, precision = _time(row, who)
    pictures = parse_list(row.take("photos"))
    still = row.take("thumbnail").strip()
    text = row.take("tweet")
    return Post(
        platform="twitter",
        post_id=who.post_id,
        account_id=who.account_id,
        account_name=who.name,
        posted_at=posted_at,
        precision=precision,
        text=x_text(who.text or text),
        media=pictures or ((still,) if still else ()),
        links=parse_list(row.take("urls")),
        hashtags=tuple(tag.removeprefix("#") for tag in parse_list(row.take("hashtags"))),
        repost_of=who.repost_of,
        engagement=row.counts(_COUNTS),
        extra=row.rest(),
        source=row.source,
        line=row.line,
    )


def _who(row: Row) -> _Who:
    """Twint changed sides: until 2020 a row is the original, with who repeated it and the repost.

    Since then it is the repost, with the original's id, author and text. A repost is the younger,
    so it has the greater id.
    """
    own = _Who(row.key("id"), row.key("user_id"), row.take("username"))
    is_told = bool(row.values.get("retweet_id", "").strip())
    other, whose = row.reference("retweet_id"), row.values.get("user_rt_id", "").strip()
    if not (is_told or whose):
        return own
    named = row.take("user_rt")
    if is_told and _number(other) < _number(own.post_id):
        text = "" if _HANDLE.fullmatch(named) else named
        return _Who(own.post_id, own.account_id, own.name, other or whose, text)
    post_id = other or f"{own.post_id}#{whose}"  # which of their posts repeats it was not told
    return _Who(post_id, row.key("user_rt_id"), named, own.post_id)


def _number(post_id: str) -> int:
    return int(post_id) if post_id.isdecimal() and len(post_id) < 20 else 0


def _time(row: Row, who: _Who) -> tuple[datetime | None, Precision]:
    """The id tells it: what is written is by a clock whose zone is not, or is that of another day.

    Where the id does not tell, twint's first versions do, in milliseconds, or the day is known.
    """
    found = snowflake.time_of(who.post_id)
    if found[0] is not None or "#" in who.post_id:
        return found
    if row.values.get("created_at", "").strip().isdecimal():
        return row.time("created_at")
    posted_at, precision = row.time("date")
    return posted_at, precision if posted_at is None else Precision.DAY
