"""Reads TikTok posts that Zeeschuimer captured.

Fields: digitalmethodsinitiative/4cat, datasources/tiktok/search_tiktok.py.
"""

from frametrace.posts.model import Post
from frametrace.posts.readers.shared.account_keys import account_by_handle
from frametrace.posts.readers.shared.json_paths import text_at
from frametrace.posts.readers.shared.shown_files import Shown, shown_files
from frametrace.posts.rows import Row
from frametrace.posts.values import distinct, first_texts, parse_objects

__all__ = ["parse"]

_COUNT_NAMES = {
    "diggCount": "likes",
    "commentCount": "comments",
    "shareCount": "shares",
    "playCount": "views",
}
_COUNTS = {
    f"data.{at}.{column}": name
    for at in ("stats", "statsV2")
    for column, name in _COUNT_NAMES.items()
}


def parse(row: Row) -> Post:
    """Make a Post of a row whose columns begin with `data.`."""
    posted_at, precision = row.unix("data.createTime")
    handle = row.take("data.author.uniqueId", "data.author").strip()  # the second in old pages
    number = row.take("data.author.id", "data.authorId")
    account_id, account_extra = account_by_handle(handle, number, "data.author.uniqueId")
    files = _files(row)
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
        media=files.media,
        stills=files.stills,
        hashtags=distinct(tags),
        engagement=row.counts(_COUNTS),
        extra=row.rest() | account_extra,
        source=row.source,
        line=row.line,
    )


def _files(row: Row) -> Shown:
    """The pictures of an album, or a video and its cover."""
    slides = parse_objects(row.take("data.imagePost.images"))
    pictures = distinct(text_at(slide, "imageURL", "urlList", 0) for slide in slides)
    cover = row.take("data.video.originCover", "data.video.cover")
    video = row.take("data.video.playAddr", "data.video.downloadAddr")
    return Shown(pictures) if pictures else shown_files([(video, cover)])
