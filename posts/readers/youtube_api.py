"""YouTube Data API: videos, search results and items of playlists.

Fields: developers.google.com/youtube/v3, "Videos", "Search" and "PlaylistItems".
"""

from frametrace.posts.model import AccountKind, Post
from frametrace.posts.readers.contract import Reader
from frametrace.posts.readers.html_text import unescaped
from frametrace.posts.rows import Row, Shape
from frametrace.posts.values import with_title

__all__ = ["READER"]

_COUNTS = {
    "statistics.viewCount": "views",
    "statistics.likeCount": "likes",
    "statistics.commentCount": "comments",
}
_SIZES = ("maxres", "standard", "high", "medium", "default")
_VIDEOS = frozenset({"", "youtube#video", "youtube#searchResult", "youtube#playlistItem"})


def _parse(row: Row) -> Post:
    kind = row.take("kind").strip()
    inside = row.values.get("id.kind", "").strip() or "youtube#video"
    if kind not in _VIDEOS or inside != "youtube#video":
        raise ValueError(f"{(kind if kind not in _VIDEOS else inside)[:60]} is not a video")
    listed = kind == "youtube#playlistItem"  # whose own time and channel are the list's
    posted_at, precision = row.time("contentDetails.videoPublishedAt" if listed else _PUBLISHED)
    title, text = row.take("snippet.title"), row.take("snippet.description")
    if kind == "youtube#searchResult":
        title, text = unescaped(title), unescaped(text)
    return Post(
        platform="youtube",
        post_id=row.key(*_LISTED_ID if listed else _ID),
        account_id=row.key(*_LISTED_CHANNEL if listed else ("snippet.channelId",)),
        account_kind=AccountKind.CHANNEL,
        account_name=row.take(*_LISTED_TITLE if listed else ("snippet.channelTitle",)),
        posted_at=posted_at,
        precision=precision,
        text=with_title(title, text),
        media=_still(row),
        engagement=row.counts(_COUNTS),
        extra=row.rest(),
        source=row.source,
        line=row.line,
    )


_PUBLISHED = "snippet.publishedAt"
_ID = ("id.videoId", "id")
_LISTED_ID = ("snippet.resourceId.videoId", "contentDetails.videoId")
_LISTED_CHANNEL = ("snippet.videoOwnerChannelId",)
_LISTED_TITLE = ("snippet.videoOwnerChannelTitle",)


def _still(row: Row) -> tuple[str, ...]:
    """The largest of a video's pictures."""
    found = row.take(*(f"snippet.thumbnails.{size}.url" for size in _SIZES)).strip()
    return (found,) if found else ()


READER = Reader(
    name="youtube-api",
    title="YouTube Data API videos, search results or items of playlists",
    example="videos.json",
    platform="youtube",
    time="second",
    shape=Shape.RECORDS,
    required=(
        ("id", "id.videoId", "snippet.resourceId.videoId"),
        ("snippet.channelId",),
        ("snippet.publishedAt",),
        ("snippet.title",),
    ),
    parse=_parse,
)
