"""TAGS, Martin Hawksey's Google sheet that collects posts of X: its sheet `Archive` as a table.

Sources: mashe.hawksey.info, posts on TAGS; its header as public copies of its sheets show it.
"""

import re

from frametrace.posts.model import Post
from frametrace.posts.readers import snowflake, x_legacy
from frametrace.posts.readers.account_keys import account_key
from frametrace.posts.readers.contract import Reader
from frametrace.posts.rows import Row, Shape, flatten
from frametrace.posts.values import parse_json, restored_id

__all__ = ["READER"]

_PAGE = re.compile(r"https?://(?:www\.)?(?:twitter|x)\.com/[^/\s]{1,40}/status(?:es)?/(\d{1,20})\b")
_EXACT = 15  # digits that a spreadsheet keeps of a number


def _parse(row: Row) -> Post:
    written = row.values.get("id_str", "").strip()
    page = _PAGE.match(row.values.get("status_url", "").strip())
    post_id = page[1] if page else row.key("id_str")
    row.take("id_str")
    row.values = _entities(row.take("entities_str")) | row.values
    posted_at, precision = row.time("created_at")
    if posted_at is None:
        posted_at, precision = snowflake.time_of(post_id)
    post = x_legacy.shown(row)
    return Post(
        platform="twitter",
        post_id=post_id,
        account_id=_account(row, is_rounded=written != post_id),
        account_name=row.take("from_user"),
        posted_at=posted_at,
        precision=precision,
        text=post.text,
        media=post.pictures,
        links=post.links,
        hashtags=post.hashtags,
        repost_of=x_legacy.repeated(post),
        engagement=row.counts(x_legacy.COUNTS),
        extra=row.rest(),
        source=row.source,
        line=row.line,
    )


def _account(row: Row, is_rounded: bool) -> str:
    """The account's number, or its name where a spreadsheet has rounded the number."""
    try:
        number = restored_id(row.values.get("from_user_id_str", "").strip())
    except ValueError:
        is_rounded, number = True, ""
    if number and not (is_rounded and len(number) > _EXACT):
        row.take("from_user_id_str")
        return number
    name = row.values.get("from_user", "").strip()
    if not name:
        return row.key("from_user_id_str")
    if row.values.get("from_user_id_str"):
        row.notes.append(
            f"from_user_id_str was rounded by a spreadsheet; the account is named {name}, "
            "and the rest of the row is kept"
        )
    return account_key("twitter", name, "")


def _entities(text: str) -> dict[str, str]:
    """What X marked in the text, by its API's names; a cell that was cut is kept as it is."""
    try:
        found = parse_json(text) if text else {}
    except (ValueError, RecursionError):
        found = None
    return flatten({"entities": found}) if isinstance(found, dict) else {"entities_str": text}


READER = Reader(
    name="tags",
    title="TAGS, Martin Hawksey's sheet of posts of X",
    example="TAGS v6 - Archive.csv",
    platform="twitter",
    time="second",
    shape=Shape.TABLE,
    required=(
        ("id_str",),
        ("from_user",),
        ("text",),
        ("created_at",),
        ("status_url", "entities_str", "from_user_id_str"),
    ),
    parse=_parse,
)
