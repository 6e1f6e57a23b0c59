"""Reads Imgur posts that Zeeschuimer captured, with only the first of their pictures and videos.

Fields: digitalmethodsinitiative/4cat, datasources/imgur/search_imgur.py.
"""

from frametrace.posts.model import Post
from frametrace.posts.rows import Row
from frametrace.posts.values import with_title

__all__ = ["parse"]

_COUNTS = {
    "data.upvote_count": "likes",
    "data.comment_count": "comments",
    "data.view_count": "views",
    "data.favorite_count": "bookmarks",
}


def parse(row: Row) -> Post:
    """Make a Post of a row whose columns begin with `data.`."""
    posted_at, precision = row.time("data.created_at")
    title, text = row.take("data.title"), row.take("data.description")
    is_shown = row.values.get("data.cover.type", "").startswith(("image", "video"))
    cover = row.take("data.cover.url").strip() if is_shown else ""
    return Post(
        platform="imgur",
        post_id=row.key("data.id", "item_id"),
        account_id=row.key("data.account_id", "data.account.id"),
        account_name=row.take("data.account.username"),
        posted_at=posted_at,
        precision=precision,
        text=with_title(title, text),
        media=(cover,) if cover else (),
        engagement=row.counts(_COUNTS),
        extra=row.rest(),
        source=row.source,
        line=row.line,
    )
