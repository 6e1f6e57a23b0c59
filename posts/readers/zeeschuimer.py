"""Zeeschuimer: what a browser was shown of X, Instagram and TikTok, one item a line.

Around each platform's own record stand the item's id, its platform, and when it was collected,
which says nothing of when it was posted.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace

from frametrace.posts.model import Post
from frametrace.posts.readers import zeeschuimer_instagram, zeeschuimer_tiktok, zeeschuimer_x
from frametrace.posts.readers.contract import Reader
from frametrace.posts.readers.sites import platform_of
from frametrace.posts.rows import Row, Shape
from frametrace.posts.values import spelled

__all__ = ["READER"]

_DATA = "data."

_PARSE: Mapping[str, Callable[[Row, str], Post]] = {
    "twitter": zeeschuimer_x.parse,
    "instagram": zeeschuimer_instagram.parse,
    "tiktok": zeeschuimer_tiktok.parse,
}


def _parse(row: Row) -> Post:
    site = row.key("source_platform")
    parse = _PARSE.get(platform_of(f"https://{site}"))
    if parse is None:
        raise ValueError(
            f"items of {site[:40]} are not read, only those of X, Instagram and TikTok"
        )
    post = parse(row, row.key("item_id"))
    return replace(post, extra=_packed(post.extra))


def _packed(extra: Mapping[str, str]) -> dict[str, str]:
    """Keep as one JSON object what is left of a record, whose hundred names take much memory."""
    kept = {name: value for name, value in extra.items() if not name.startswith(_DATA)}
    data = {name.removeprefix(_DATA): extra[name] for name in extra if name.startswith(_DATA)}
    return kept | ({"data": spelled(data)} if data else {})


READER = Reader(
    name="zeeschuimer",
    title="Zeeschuimer items of X, Instagram and TikTok",
    example="zeeschuimer-export-x.com.ndjson",
    platform="twitter, instagram, tiktok",
    time="second",
    shape=Shape.RECORDS,
    required=(
        ("item_id",),
        ("source_platform",),
        ("timestamp_collected", "source_platform_url"),
    ),
    parse=_parse,
)
