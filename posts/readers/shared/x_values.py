"""Unescapes the texts of X and reads the time out of its Snowflake ids.

In the texts that X delivers, `&`, `<` and `>` are written `&amp;`, `&lt;` and `&gt;`, and nothing
else is escaped (https://docs.x.com, counting characters; archives of accounts and of information
operations do the same). Some tools unescape them, some don't.

Since November 2010 the upper bits of an id count milliseconds. Source of the numbers:
twitter-archive/snowflake (IdWorker.scala).
"""

import re
from datetime import UTC, datetime

from frametrace.posts.model import Precision

__all__ = ["snowflake_time", "text_on", "x_text"]

_ESCAPED = re.compile(r"&(amp|lt|gt);")
_CHARACTERS = {"amp": "&", "lt": "<", "gt": ">"}

_SNOWFLAKE_EPOCH_MS = 1288834974657  # 4 November 2010, 01:42:54.657 UTC
_BITS_BELOW_TIME = 22  # the machine and a sequence number

# Earlier ids are a plain count; the last of them had eleven digits.
_FIRST_SNOWFLAKE = 30_000_000_000
_SNOWFLAKE_LIMIT = 2**63


def x_text(text: str) -> str:
    """Unescape `&amp;`, `&lt;` and `&gt;`, once."""
    return _ESCAPED.sub(lambda match: _CHARACTERS[match[1]], text) if "&" in text else text


def text_on(platform: str, text: str) -> str:
    """Unescape the text of a post if the platform is X; for tables of many platforms."""
    return x_text(text) if platform == "twitter" else text


def snowflake_time(post_id: str) -> tuple[datetime | None, Precision]:
    """The time of an X post, in UTC, from its id; None if the id holds no time."""
    if not (post_id.isascii() and post_id.isdecimal() and len(post_id) < 20):
        return None, Precision.NONE
    number = int(post_id)
    if not _FIRST_SNOWFLAKE < number < _SNOWFLAKE_LIMIT:
        return None, Precision.NONE
    milliseconds = (number >> _BITS_BELOW_TIME) + _SNOWFLAKE_EPOCH_MS
    return datetime.fromtimestamp(milliseconds // 1000, UTC), Precision.SECOND
