"""Reads the items that Zeeschuimer captured from a platform's pages in a browser, one per line.

Around the platform's own record are the item's id, its platform, and when it was collected, which
is not when it was posted. The module `zeeschuimer_<platform>` reads the record.

Fields: digitalmethodsinitiative/zeeschuimer, js/zs-background.js and modules/.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace

from frametrace.posts.model import Post
from frametrace.posts.readers import (
    zeeschuimer_douyin,
    zeeschuimer_facebook,
    zeeschuimer_gab,
    zeeschuimer_imgur,
    zeeschuimer_instagram,
    zeeschuimer_linkedin,
    zeeschuimer_ninegag,
    zeeschuimer_parler,
    zeeschuimer_pinterest,
    zeeschuimer_rednote,
    zeeschuimer_threads,
    zeeschuimer_tiktok,
    zeeschuimer_truthsocial,
    zeeschuimer_x,
)
from frametrace.posts.readers.shared.json_paths import packed
from frametrace.posts.readers.shared.platforms import platform_of
from frametrace.posts.readers.shared.reader_contract import Reader
from frametrace.posts.rows import Row, Shape

__all__ = ["PLATFORMS", "READER", "parse"]

_DATA = "data."

_PARSE: Mapping[str, Callable[[Row], Post]] = {
    "9gag": zeeschuimer_ninegag.parse,
    "douyin": zeeschuimer_douyin.parse,
    "facebook": zeeschuimer_facebook.parse,
    "gab": zeeschuimer_gab.parse,
    "imgur": zeeschuimer_imgur.parse,
    "instagram": zeeschuimer_instagram.parse,
    "linkedin": zeeschuimer_linkedin.parse,
    "parler": zeeschuimer_parler.parse,
    "pinterest": zeeschuimer_pinterest.parse,
    "threads": zeeschuimer_threads.parse,
    "tiktok": zeeschuimer_tiktok.parse,
    "truthsocial": zeeschuimer_truthsocial.parse,
    "twitter": zeeschuimer_x.parse,
    "xiaohongshu": zeeschuimer_rednote.parse,
}
PLATFORMS = ", ".join(_PARSE)

# Marks of items with fewer fields than the same post has on other pages.
_PARTIAL = {"data._zs_partial": "true", "data._zs-origin": "html"}


def parse(row: Row) -> Post:
    """Make a Post of a row with `source_platform` and the platform's record under `data.`."""
    site = row.key("source_platform")
    if site.endswith("-comments"):
        raise ValueError(f"items of {site[:40]} are comments and not posts")
    parse_record = _PARSE.get(platform_of(f"https://{site}"))
    if parse_record is None:
        raise ValueError(f"items of {site[:40]} are not read, only those of {PLATFORMS}")
    is_partial = any(row.values.get(name) == mark for name, mark in _PARTIAL.items())
    post = parse_record(row)
    extra = packed(post.extra, _DATA) | ({"_zs_partial": "true"} if is_partial else {})
    return replace(post, extra=extra)


READER = Reader(
    name="zeeschuimer",
    title="Zeeschuimer items of a platform's pages",
    example="zeeschuimer-export-x.com.ndjson",
    platform=PLATFORMS,
    time="second; none where the page shows none",
    shape=Shape.RECORDS,
    required=(
        ("item_id",),
        ("source_platform",),
        ("timestamp_collected", "source_platform_url"),
    ),
    parse=parse,
)
