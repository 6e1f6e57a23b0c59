"""Reads Douyin posts that Zeeschuimer captured, from its API or from inside its pages.

Fields: digitalmethodsinitiative/4cat, datasources/douyin/search_douyin.py.
"""

from frametrace.posts.model import Post
from frametrace.posts.readers.shared.json_paths import text_at
from frametrace.posts.readers.shared.shown_files import Shown, shown_files
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
    """Make a Post of a row whose columns begin with `data.`."""
    row.values = {name: text for name, text in row.values.items() if text != _UNDEFINED}
    if any(name.startswith(_STREAMS) and text for name, text in row.values.items()):
        raise ValueError("it is a live stream and not a post")
    posted_at, precision = row.unix(
        "data.create_time" if "data.create_time" in row.values else "data.createTime"
    )
    files = _files(row)
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
        media=files.media,
        stills=files.stills,
        hashtags=distinct(tags),
        engagement=row.counts(_COUNTS),
        extra=row.rest(),
        source=row.source,
        line=row.line,
    )


def _files(row: Row) -> Shown:
    """The pictures of an album, or a video and its cover."""
    slides = parse_objects(row.take("data.images"))
    links = [text_at(item, name, 0) for item in slides for name in ("url_list", "urlList")]
    if any(links):
        return Shown(distinct(map(_with_scheme, links)))
    covers = parse_list(row.take("data.video.cover.url_list"))
    cover = next(iter(covers), "") or row.take("data.video.cover")
    return shown_files([(_with_scheme(_video(row)), _with_scheme(cover))])


def _video(row: Row) -> str:
    """The link to a video: the API lists servers, pages have the one that they play."""
    listed = parse_list(row.values.get("data.video.play_addr.url_list", ""))
    addresses = parse_objects(row.values.get("data.video.playAddr", ""))
    played = row.values.get("data.video.playApi", "")
    return next(iter(listed), "") or next(iter(first_texts(addresses, "src")), "") or played


def _with_scheme(link: str) -> str:
    return f"https:{link.strip()}" if link.strip().startswith("//") else link.strip()
