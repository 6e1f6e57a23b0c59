"""VK posts as 4CAT stores them: as VK's API gives them, with the profile of who wrote them.

Fields: digitalmethodsinitiative/4cat, datasources/vk/search_vk.py.
"""

from frametrace.posts.model import Post
from frametrace.posts.readers import vk_api
from frametrace.posts.readers.shared.reader_contract import Reader
from frametrace.posts.rows import Row, Shape

__all__ = ["READER"]


def _parse(row: Row) -> Post:
    """Make a Post of a row."""
    if row.values.get("4cat_item_type") == "comment":
        raise ValueError("it is a comment and not a post")
    return vk_api.parse(row)


READER = Reader(
    name="4cat-vk",
    title="VK posts, downloaded from 4CAT",
    example="vk-search-1566223402.ndjson",
    platform="vk",
    time="second",
    shape=Shape.RECORDS,
    required=(("4cat_item_type",), ("owner_id",), ("from_id",)),
    parse=_parse,
)
