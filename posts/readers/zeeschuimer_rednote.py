"""Reads RedNote (Xiaohongshu) notes that Zeeschuimer captured from its API or from a page.

Fields: digitalmethodsinitiative/4cat, datasources/xiaohongshu/search_rednote.py.
"""

from typing import Any

from frametrace.posts.model import Post
from frametrace.posts.readers.shared.json_paths import objects_at, text_at
from frametrace.posts.readers.shared.shown_files import Shown, videos_with_covers
from frametrace.posts.rows import Row
from frametrace.posts.values import distinct, first_texts, parse_objects, with_title

__all__ = ["parse"]

# Where the note's fields begin; it depends on the page.
_PREFIXES = ("data.note.", "data.note_card.", "data.")

_COUNTS = {
    "interact_info.liked_count": "likes",
    "interact_info.comment_count": "comments",
    "interact_info.share_count": "shares",
    "interact_info.collected_count": "bookmarks",
    "interactInfo.likedCount": "likes",
    "interactInfo.commentCount": "comments",
    "interactInfo.shareCount": "shares",
    "interactInfo.collectedCount": "bookmarks",
    "likes": "likes",
}


def parse(row: Row) -> Post:
    """Make a Post of a row whose columns begin with `data.`.

    Notes from a page's HTML have only the author's display name, which is not unique.
    """
    at = next(at for at in _PREFIXES if at == "data." or any(n.startswith(at) for n in row.values))
    posted_at, precision = row.time(f"{at}time")
    name = row.take(f"{at}user.nickname", f"{at}user.nick_name", "data.author_name").strip()
    number = row.take(f"{at}user.user_id", f"{at}user.userId").strip()
    if not (name or number):
        raise ValueError(f"{at}user.user_id is empty")
    title = row.take(f"{at}display_title", f"{at}title", f"{at}displayTitle")
    text = row.take(f"{at}desc")
    tags = row.take(f"{at}tag_list", f"{at}tagList")
    files = _files(row, at)
    return Post(
        platform="xiaohongshu",
        post_id=row.key("data.id", "data.note_id", f"{at}note_id", f"{at}noteId", "item_id"),
        account_id=number or name,
        account_name=name,
        posted_at=posted_at,
        precision=precision,
        text=with_title(title, text),
        media=files.media,
        stills=files.stills,
        hashtags=first_texts(parse_objects(tags), "name"),
        engagement=row.counts({f"{at}{column}": count for column, count in _COUNTS.items()}),
        extra=row.rest(),
        source=row.source,
        line=row.line,
    )


def _files(row: Row, at: str) -> Shown:
    """The pictures of a note, or its video and the cover of that, which is among the pictures."""
    listed = parse_objects(row.take(f"{at}image_list", f"{at}imageList"))
    cover = row.take(
        f"{at}cover.url_default", f"{at}cover.urlDefault", f"{at}cover.url", "data.thumbnail_url"
    ).strip()
    pictures = distinct(map(_picture, listed)) or distinct((cover,))
    streams = parse_objects(row.values.get(f"{at}video.media.stream.h264", ""))
    videos = first_texts(streams, "master_url", "masterUrl")[:1]
    return videos_with_covers(pictures, videos)


def _picture(item: dict[str, Any]) -> str:
    """The size that pages show (WB_DFT), else the first."""
    default = (text_at(item, "url_default"), text_at(item, "urlDefault"))
    sizes = objects_at(item, "info_list") + objects_at(item, "infoList")
    shown = [
        size for size in sizes if "WB_DFT" in (size.get("image_scene"), size.get("imageScene"))
    ]
    return next(
        filter(None, (*default, *first_texts(shown, "url"), *first_texts(sizes, "url"))), ""
    )
