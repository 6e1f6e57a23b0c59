"""Reads X posts from the sheet `Archive` of TAGS, Martin Hawksey's Google Sheet.

Sources: mashe.hawksey.info, posts on TAGS; the header of public copies of the sheet.
"""

import re

from frametrace.posts.model import Post
from frametrace.posts.readers import x_api_v1
from frametrace.posts.readers.shared.account_keys import account_key
from frametrace.posts.readers.shared.reader_contract import Reader
from frametrace.posts.readers.shared.x_values import snowflake_time
from frametrace.posts.rows import Row, Shape, flatten
from frametrace.posts.values import parse_json, restored_id

__all__ = ["READER"]

_POST_LINK = re.compile(
    r"https?://(?:www\.)?(?:twitter|x)\.com/[^/\s]{1,40}/status(?:es)?/(\d{1,20})\b"
)
_MAX_EXACT_DIGITS = 15  # of a number in a spreadsheet


def _parse(row: Row) -> Post:
    written_id = row.values.get("id_str", "").strip()
    link = _POST_LINK.match(row.values.get("status_url", "").strip())
    post_id = link[1] if link else row.key("id_str")
    row.take("id_str")
    row.values = _entities(row.take("entities_str")) | row.values
    posted_at, precision = row.time("created_at")
    if posted_at is None:
        posted_at, precision = snowflake_time(post_id)
    content = x_api_v1.content_of(row)
    files = content.shown
    return Post(
        platform="twitter",
        post_id=post_id,
        account_id=_account(row, is_rounded=written_id != post_id),
        account_name=row.take("from_user"),
        posted_at=posted_at,
        precision=precision,
        text=content.text,
        media=files.media,
        stills=files.stills,
        links=content.links,
        hashtags=content.hashtags,
        repost_of=x_api_v1.repost_of(content),
        engagement=row.counts(x_api_v1.COUNTS),
        extra=row.rest(),
        source=row.source,
        line=row.line,
    )


def _account(row: Row, is_rounded: bool) -> str:
    """The account's number, or its name if a spreadsheet has rounded the number."""
    try:
        number = restored_id(row.values.get("from_user_id_str", "").strip())
    except ValueError:
        is_rounded, number = True, ""
    if number and not (is_rounded and len(number) > _MAX_EXACT_DIGITS):
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
    """The entities of the text under the names of X's API; a cell that was cut stays as it is."""
    try:
        entities = parse_json(text) if text else {}
    except (ValueError, RecursionError):
        entities = None
    return flatten({"entities": entities}) if isinstance(entities, dict) else {"entities_str": text}


READER = Reader(
    name="tags",
    title="TAGS, Martin Hawksey's sheet of X posts",
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
