"""A pin of Pinterest as its web page is told of it, by either of its two interfaces.

Fields: digitalmethodsinitiative/4cat, datasources/pinterest/search_pinterest.py. Pins that
Zeeschuimer could only read off a page have no author and can't be posts.
"""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from frametrace.posts.model import Post, Precision
from frametrace.posts.readers.handles import account_of
from frametrace.posts.rows import Row
from frametrace.posts.times import parse_time
from frametrace.posts.values import values_of

__all__ = ["parse"]


def parse(row: Row) -> Post:
    """Make a Post of a row whose names begin with `data.`."""
    posted_at, precision = row.time(
        "data.created_at" if "data.created_at" in row.values else "data.createdAt", _time
    )
    handle = row.take("data.pinner.username").strip()
    number = row.take("data.pinner.entityId", "data.pinner.id")
    account_id, kept = account_of(handle, number, "data.pinner.username")
    title, text = row.take("data.title").strip(), row.take("data.description").strip()
    picture = row.take("data.imageSpec_orig.url", "data.images.orig.url", "data.images.url")
    link = row.take("data.link").strip()
    return Post(
        platform="pinterest",
        post_id=row.key("data.entityId", "data.id", "item_id"),
        account_id=account_id,
        account_name=handle,
        posted_at=posted_at,
        precision=precision,
        text="\n".join(filter(None, (title, text))),
        media=(picture.strip(),) if picture.strip() else (),
        links=(link,) if link else (),
        hashtags=values_of(row.take("data.pinJoin.visualAnnotation")),
        extra=row.rest() | kept,
        source=row.source,
        line=row.line,
    )


def _time(text: str) -> tuple[datetime, Precision]:
    """Read `Mon, 19 Aug 2019 14:03:22 +0000`, or what other platforms write."""
    if "," not in text:
        return parse_time(text)
    try:
        return parsedate_to_datetime(text).astimezone(UTC), Precision.SECOND
    except (ValueError, TypeError, OverflowError):
        raise ValueError(
            f"{text[:40]!r} is not a time such as Mon, 19 Aug 2019 14:03:22 +0000"
        ) from None
