"""Bluesky posts as 4CAT stores them: as the API gives them, with names in another spelling.

Fields: digitalmethodsinitiative/4cat, datasources/bsky/search_bsky.py.
"""

from frametrace.posts.model import Post
from frametrace.posts.readers import bluesky
from frametrace.posts.readers.contract import Reader
from frametrace.posts.rows import Row, Shape

__all__ = ["READER"]

_SPELLED = {
    "record.created_at": "record.createdAt",
    "like_count": "likeCount",
    "reply_count": "replyCount",
    "repost_count": "repostCount",
    "quote_count": "quoteCount",
    "bookmark_count": "bookmarkCount",
}


def _parse(row: Row) -> Post:
    row.values = {_SPELLED.get(name, name): text for name, text in row.values.items()}
    return bluesky.READER.parse(row)  # type: ignore[return-value]


READER = Reader(
    name="4cat-bluesky",
    title="Bluesky posts, downloaded from 4CAT",
    example="bsky-search-1566223402.ndjson",
    platform="bluesky",
    time="second",
    shape=Shape.RECORDS,
    required=(
        ("uri",),
        ("author.did",),
        ("record.created_at",),
        ("4CAT_metadata.query", "like_count"),
    ),
    parse=_parse,
)
