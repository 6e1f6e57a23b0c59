"""Reads videos, search results and playlist items of the YouTube Data API.

Fields: developers.google.com/youtube/v3, "Videos", "Search" and "PlaylistItems".
"""

from frametrace.posts.model import AccountKind, Post
from frametrace.posts.readers.shared.html_text import unescaped
from frametrace.posts.readers.shared.reader_contract import Reader
from frametrace.posts.rows import Row, Shape
from frametrace.posts.values import with_title

__all__ = ["READER"]

_COUNTS = {
    "statistics.viewCount": "views",
    "statistics.likeCount": "likes",
    "statistics.commentCount": "comments",
}
_SIZES = ("maxres", "standard", "high", "medium", "default")
_PUBLISHED = "snippet.publishedAt"
_ID = ("id.videoId", "id")
_PLAYLIST_PUBLISHED = "contentDetails.videoPublishedAt"
_PLAYLIST_ID = ("snippet.resourceId.videoId", "contentDetails.videoId")
_PLAYLIST_CHANNEL = ("snippet.videoOwnerChannelId",)
_PLAYLIST_TITLE = ("snippet.videoOwnerChannelTitle",)
_VIDEOS = frozenset({"", "youtube#video", "youtube#searchResult", "youtube#playlistItem"})


def _parse(row: Row) -> Post:
    kind = row.take("kind").strip()
    result_kind = row.values.get("id.kind", "").strip() or "youtube#video"
    if kind not in _VIDEOS or result_kind != "youtube#video":
        raise ValueError(f"{(kind if kind not in _VIDEOS else result_kind)[:60]} is not a video")
    in_playlist = kind == "youtube#playlistItem"  # `snippet` is about the playlist
    posted_at, precision = row.time(_PLAYLIST_PUBLISHED if in_playlist else _PUBLISHED)
    title, text = row.take("snippet.title"), row.take("snippet.description")
    if kind == "youtube#searchResult":
        title, text = unescaped(title), unescaped(text)
    return Post(
        platform="youtube",
        post_id=row.key(*_PLAYLIST_ID if in_playlist else _ID),
        account_id=row.key(*_PLAYLIST_CHANNEL if in_playlist else ("snippet.channelId",)),
        account_kind=AccountKind.CHANNEL,
        account_name=row.take(*_PLAYLIST_TITLE if in_playlist else ("snippet.channelTitle",)),
        posted_at=posted_at,
        precision=precision,
        text=with_title(title, text),
        media=_still(row),
        engagement=row.counts(_COUNTS),
        extra=row.rest(),
        source=row.source,
        line=row.line,
    )


def _still(row: Row) -> tuple[str, ...]:
    """The largest thumbnail of a video."""
    link = row.take(*(f"snippet.thumbnails.{size}.url" for size in _SIZES)).strip()
    return (link,) if link else ()


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
