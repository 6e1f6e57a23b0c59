"""Reads YouTube videos from the tables of YouTube Data Tools.

Fields: bernorieder/YouTube-Data-Tools, mod_videos_list.php and mod_videos_net.php.
"""

from frametrace.posts.model import AccountKind, Post
from frametrace.posts.readers.shared.reader_contract import Reader
from frametrace.posts.rows import Row, Shape
from frametrace.posts.values import with_title

__all__ = ["READER"]

_COUNTS = {"viewCount": "views", "likeCount": "likes", "commentCount": "comments"}


def _parse(row: Row) -> Post:
    posted_at, precision = row.time("publishedAt")
    if posted_at is None:
        posted_at, precision = row.time("publishedAtSQL")
    still = row.take("thumbnail_maxres").strip()
    return Post(
        platform="youtube",
        post_id=row.key("videoId"),
        account_id=row.key("channelId"),
        account_kind=AccountKind.CHANNEL,
        account_name=row.take("channelTitle"),
        posted_at=posted_at,
        precision=precision,
        text=with_title(row.take("videoTitle"), row.take("videoDescription")),
        media=(still,) if still else (),
        engagement=row.counts(_COUNTS),
        extra=row.rest(),
        source=row.source,
        line=row.line,
    )


READER = Reader(
    name="youtube-data-tools",
    title="YouTube Data Tools lists of videos",
    example="videolist_search50_2019_08_20-10_00_00.csv",
    platform="youtube",
    time="second",
    shape=Shape.TABLE,
    required=(
        ("videoId",),
        ("channelId",),
        ("videoTitle",),
        ("publishedAt", "publishedAtSQL"),
    ),
    parse=_parse,
)
