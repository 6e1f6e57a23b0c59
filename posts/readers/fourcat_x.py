"""Posts of X's API, version 2, as 4CAT stores them: what was collected along stands inside.

Fields: digitalmethodsinitiative/4cat, datasources/twitterv2/search_twitter.py.
"""

from typing import Any

from frametrace.posts.model import Post
from frametrace.posts.readers import x_post
from frametrace.posts.readers.contract import Reader
from frametrace.posts.readers.nested import objects_at
from frametrace.posts.rows import Row, Shape
from frametrace.posts.values import objects_of, spelled

__all__ = ["READER"]


def _parse(row: Row) -> Post:
    row.values["attachments.media"] = row.values.pop("attachments.media_keys", "")
    row.values["author.username"] = row.take("author_user.username")
    posts = objects_of(row.take("referenced_tweets"))
    row.values["referenced_tweets"] = spelled([_standing(post) for post in posts])
    return x_post.parse(row)


def _standing(post: dict[str, Any]) -> dict[str, Any]:
    """Name the pictures of a post that is repeated as those of other formats are named."""
    attachments = {"media": objects_at(post, "attachments", "media_keys")}
    return post | {"attachments": attachments}


READER = Reader(
    name="4cat-x-api",
    title="Posts of X's API v2, downloaded from 4CAT",
    example="twitterv2-search-1566223402.ndjson",
    platform="twitter",
    time="second",
    shape=Shape.RECORDS,
    required=(("id",), ("author_id",), ("created_at",), ("author_user.username", "author_user.id")),
    parse=_parse,
)
