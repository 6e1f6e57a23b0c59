"""A post of TikTok as its web page is told of it.

Fields: digitalmethodsinitiative/4cat, datasources/tiktok/search_tiktok.py.
"""

from frametrace.posts.model import Post
from frametrace.posts.readers.account_keys import account_of
from frametrace.posts.readers.nested import text_at
from frametrace.posts.rows import Row
from frametrace.posts.values import distinct, first_texts, parse_objects

__all__ = ["parse"]

_CALLED = {
    "diggCount": "likes",
    "commentCount": "comments",
    "shareCount": "shares",
    "playCount": "views",
}
_COUNTS = {f"data.{at}.{name}": _CALLED[name] for at in ("stats", "statsV2") for name in _CALLED}


def parse(row: Row) -> Post:
    """Make a Post of a row whose names begin with `data.`; a video's picture is its cover."""
    posted_at, precision = row.unix("data.createTime")
    handle = row.take("data.author.uniqueId", "data.author").strip()  # the latter in old pages
    number = row.take("data.author.id", "data.authorId")
    account_id, kept = account_of(handle, number, "data.author.uniqueId")
    tags = (
        *first_texts(parse_objects(row.take("data.textExtra")), "hashtagName"),
        *first_texts(parse_objects(row.take("data.challenges")), "title"),
    )
    return Post(
        platform="tiktok",
        post_id=row.key("data.id", "item_id"),
        account_id=account_id,
        account_name=handle or row.take("data.author.nickname", "data.nickname"),
        posted_at=posted_at,
        precision=precision,
        text=row.take("data.desc"),
        media=_pictures(row),
        hashtags=distinct(tags),
        engagement=row.counts(_COUNTS),
        extra=row.rest() | kept,
        source=row.source,
        line=row.line,
    )


def _pictures(row: Row) -> tuple[str, ...]:
    slides = parse_objects(row.take("data.imagePost.images"))
    found = (text_at(slide, "imageURL", "urlList", 0) for slide in slides)
    cover = row.take("data.video.originCover", "data.video.cover").strip()
    return distinct(found) or ((cover,) if cover else ())
