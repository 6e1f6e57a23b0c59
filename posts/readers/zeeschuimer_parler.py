"""Reads Parler posts that Zeeschuimer captured.

Fields: digitalmethodsinitiative/4cat, datasources/parler/search_parler.py;
digitalmethodsinitiative/zeeschuimer, modules/parler.js.
"""

from frametrace.posts.model import Post
from frametrace.posts.rows import Row

__all__ = ["parse"]

_COUNTS = {
    "data.views": "views",
    "data.echos": "reposts",
    "data.total_comments": "comments",
}


def parse(row: Row) -> Post:
    """Make a Post of a row whose columns begin with `data.`."""
    posted_at, precision = row.time("data.date_created")
    name = row.values.get("data.user.username", "").strip()
    picture = row.take("data.image").strip()
    return Post(
        platform="parler",
        post_id=row.key("data.postuuid", "data.id", "item_id"),
        account_id=row.key("data.user.username"),
        account_name=name,
        posted_at=posted_at,
        precision=precision,
        text=row.take("data.body"),
        media=(picture,) if picture else (),
        engagement=row.counts(_COUNTS),
        extra=row.rest(),
        source=row.source,
        line=row.line,
    )
