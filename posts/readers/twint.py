"""Reads X posts as twint writes them, as a table or as JSON records.

Sources: twintproject/twint, twint/storage/write_meta.py, twint/storage/panda.py, twint/tweet.py
and twint/feed.py; twint 2.1.20 on PyPI for older versions.
"""

import re
from dataclasses import dataclass
from datetime import datetime

from frametrace.posts.model import Post, Precision
from frametrace.posts.readers.shared.reader_contract import Reader
from frametrace.posts.readers.shared.x_values import snowflake_time, x_text
from frametrace.posts.rows import Row, Shape
from frametrace.posts.values import parse_list

__all__ = ["READERS"]

_REQUIRED = (("id",), ("user_id",), ("username",), ("tweet",), ("created_at", "date"))

_COUNTS = {
    "likes_count": "likes",
    "replies_count": "replies",
    "retweets_count": "reposts",
    "nlikes": "likes",  # in data frames
    "nreplies": "replies",
    "nretweets": "reposts",
}
_HANDLE = re.compile(r"\w{1,15}", re.ASCII)


@dataclass(frozen=True, slots=True)
class _Identity:
    """The post that a row describes, its account, and the post that it repeats."""

    post_id: str
    account_id: str
    name: str
    repost_of: str = ""
    text: str = ""  # of the original, if the row has it


def _parse(row: Row) -> Post:
    identity = _identity(row)
    posted_at, precision = _time(row, identity.post_id)
    pictures = parse_list(row.take("photos"))
    still = row.take("thumbnail").strip()
    text = row.take("tweet")
    return Post(
        platform="twitter",
        post_id=identity.post_id,
        account_id=identity.account_id,
        account_name=identity.name,
        posted_at=posted_at,
        precision=precision,
        text=x_text(identity.text or text),
        media=pictures or ((still,) if still else ()),  # the links of videos are not kept
        links=parse_list(row.take("urls")),
        hashtags=tuple(tag.removeprefix("#") for tag in parse_list(row.take("hashtags"))),
        repost_of=identity.repost_of,
        engagement=row.counts(_COUNTS),
        extra=row.rest(),
        source=row.source,
        line=row.line,
    )


def _identity(row: Row) -> _Identity:
    """Distinguish a repost from its original, since twint swapped their columns.

    Until 2020 `id` is the original, and `retweet_id` and `user_rt` are the repost and who made it.
    Since then `id` is the repost, and those columns hold the original's id and its author or text.
    A repost is newer than its original, so it has the greater id.
    """
    own = _Identity(row.key("id"), row.key("user_id"), row.take("username"))
    has_other_id = bool(row.values.get("retweet_id", "").strip())
    other_id, other_account = row.reference("retweet_id"), row.values.get("user_rt_id", "").strip()
    if not (has_other_id or other_account):
        return own
    name_or_text = row.take("user_rt")
    if has_other_id and _number(other_id) < _number(own.post_id):
        text = "" if _HANDLE.fullmatch(name_or_text) else name_or_text
        return _Identity(own.post_id, own.account_id, own.name, other_id or other_account, text)
    post_id = other_id or f"{own.post_id}#{other_account}"  # the repost's own id is not given
    return _Identity(post_id, row.key("user_rt_id"), name_or_text, own.post_id)


def _number(post_id: str) -> int:
    return int(post_id) if post_id.isdecimal() and len(post_id) < 20 else 0


def _time(row: Row, post_id: str) -> tuple[datetime | None, Precision]:
    """The time in the post's id: the columns state no zone, or belong to the other post.

    An id from before 2010 holds no time: twint's first versions give it in milliseconds, later ones
    are accurate to the day.
    """
    id_time = snowflake_time(post_id)
    if id_time[0] is not None or "#" in post_id:
        return id_time
    if row.values.get("created_at", "").strip().isdecimal():
        return row.time("created_at")
    posted_at, precision = row.time("date")
    return posted_at, precision if posted_at is None else Precision.DAY


READERS = (
    Reader(
        name="twint-csv",
        title="X posts from twint",
        example="twint.csv",
        platform="twitter",
        time="second",
        shape=Shape.TABLE,
        required=_REQUIRED,
        parse=_parse,
    ),
    Reader(
        name="twint-jsonl",
        title="X posts from twint, one per line",
        example="twint.json",
        platform="twitter",
        time="second",
        shape=Shape.RECORDS,
        required=_REQUIRED,
        parse=_parse,
    ),
)
