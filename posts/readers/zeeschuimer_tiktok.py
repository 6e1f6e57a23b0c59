"""A post of TikTok as its web page is told of it."""

from frametrace.posts.model import Post
from frametrace.posts.readers.nested import text_at
from frametrace.posts.rows import Row
from frametrace.posts.values import objects_of, picked

__all__ = ["parse"]

_CALLED = {
    "diggCount": "likes",
    "commentCount": "comments",
    "shareCount": "shares",
    "playCount": "views",
}
_COUNTS = {f"data.{at}.{name}": _CALLED[name] for at in ("stats", "statsV2") for name in _CALLED}


def parse(row: Row, item_id: str) -> Post:
    """Make a Post of a row whose names begin with `data.`; a video's picture is its cover."""
    posted_at, precision = row.unix("data.createTime")
    name = row.take("data.author.uniqueId") or row.values.get("data.author", "")  # so it once was
    tags = (
        *picked(objects_of(row.take("data.textExtra")), "hashtagName"),
        *picked(objects_of(row.take("data.challenges")), "title"),
    )
    return Post(
        platform="tiktok",
        post_id=item_id,
        account_id=row.key("data.author.id", "data.authorId", "data.author"),
        account_name=name or row.take("data.author.nickname"),
        posted_at=posted_at,
        precision=precision,
        text=row.take("data.desc"),
        media=_pictures(row),
        hashtags=tuple(dict.fromkeys(tags)),
        engagement=row.counts(_COUNTS),
        extra=row.rest(),
        source=row.source,
        line=row.line,
    )


def _pictures(row: Row) -> tuple[str, ...]:
    slides = objects_of(row.take("data.imagePost.images"))
    found = (text_at(slide, "imageURL", "urlList", 0) for slide in slides)
    cover = row.take("data.video.originCover", "data.video.cover").strip()
    return tuple(dict.fromkeys(filter(None, found))) or ((cover,) if cover else ())
