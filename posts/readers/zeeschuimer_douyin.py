"""Reads Douyin posts that Zeeschuimer captured, from its API or from inside its pages.

Fields: digitalmethodsinitiative/4cat, datasources/douyin/search_douyin.py.
"""

from collections.abc import Iterator

from frametrace.posts.model import Post
from frametrace.posts.readers.shared.json_paths import text_at
from frametrace.posts.rows import Row
from frametrace.posts.values import distinct, first_texts, parse_list, parse_objects

__all__ = ["parse"]

_COUNTS = {
    "data.statistics.digg_count": "likes",
    "data.statistics.comment_count": "comments",
    "data.statistics.share_count": "shares",
    "data.statistics.play_count": "views",
    "data.statistics.collect_count": "bookmarks",
    "data.stats.diggCount": "likes",
    "data.stats.commentCount": "comments",
    "data.stats.shareCount": "shares",
    "data.stats.playCount": "views",
    "data.stats.collectCount": "bookmarks",
}
_STREAMS = ("data.rawdata", "data.cell_room.rawdata", "data.cellRoom.rawdata")

# What pages write for an empty value.
_UNDEFINED = "$undefined"


def parse(row: Row) -> Post:
    """Make a Post of a row whose columns begin with `data.` (for a video, with its cover)."""
    row.values = {name: text for name, text in row.values.items() if text != _UNDEFINED}
    if any(name.startswith(_STREAMS) and text for name, text in row.values.items()):
        raise ValueError("it is a live stream and not a post")
    posted_at, precision = row.unix(
        "data.create_time" if "data.create_time" in row.values else "data.createTime"
    )
    tags = (
        *first_texts(parse_objects(row.take("data.text_extra")), "hashtag_name"),
        *first_texts(parse_objects(row.take("data.textExtra")), "hashtagName"),
    )
    return Post(
        platform="douyin",
        post_id=row.key("data.aweme_id", "data.awemeId", "data.id", "item_id"),
        account_id=row.key(
            "data.author.uid",
            "data.authorInfo.uid",
            "data.author_user_id",
            "data.authorUserId",
        ),
        account_name=row.take("data.author.nickname", "data.authorInfo.nickname"),
        posted_at=posted_at,
        precision=precision,
        text=row.take("data.desc"),
        media=distinct(_pictures(row)),
        hashtags=distinct(tags),
        engagement=row.counts(_COUNTS),
        extra=row.rest(),
        source=row.source,
        line=row.line,
    )


def _pictures(row: Row) -> Iterator[str]:
    slides = parse_objects(row.take("data.images"))
    links = [text_at(item, name, 0) for item in slides for name in ("url_list", "urlList")]
    if not any(links):
        covers = parse_list(row.take("data.video.cover.url_list"))
        links = [*covers, row.take("data.video.cover").strip()][:1]
    yield from (f"https:{link}" if link.startswith("//") else link for link in links if link)
