"""A note of RedNote (Xiaohongshu) as its web page is told of it, or as it was read off a page.

Fields: digitalmethodsinitiative/4cat, datasources/xiaohongshu/search_rednote.py.
"""

from typing import Any

from frametrace.posts.model import Post
from frametrace.posts.readers.nested import objects_at, text_at
from frametrace.posts.rows import Row
from frametrace.posts.values import first_texts, parse_objects, with_title

__all__ = ["parse"]

# Notes stand in one of these, by the page they were seen on.
_WITHIN = ("data.note.", "data.note_card.", "data.")

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
    """Make a Post of a row whose names begin with `data.`; a video's picture is its cover.

    What was read off a page names its author only by what everybody may call themselves.
    """
    at = next(at for at in _WITHIN if at == "data." or any(n.startswith(at) for n in row.values))
    posted_at, precision = row.time(f"{at}time")
    name = row.take(f"{at}user.nickname", f"{at}user.nick_name", "data.author_name").strip()
    number = row.take(f"{at}user.user_id", f"{at}user.userId").strip()
    if not (name or number):
        raise ValueError(f"{at}user.user_id is empty")
    title = row.take(f"{at}display_title", f"{at}title", f"{at}displayTitle")
    text = row.take(f"{at}desc")
    tags = row.take(f"{at}tag_list", f"{at}tagList")
    return Post(
        platform="xiaohongshu",
        post_id=row.key("data.id", "data.note_id", f"{at}note_id", f"{at}noteId", "item_id"),
        account_id=number or name,
        account_name=name,
        posted_at=posted_at,
        precision=precision,
        text=with_title(title, text),
        media=_pictures(row, at),
        hashtags=first_texts(parse_objects(tags), "name"),
        engagement=row.counts({f"{at}{name}": called for name, called in _COUNTS.items()}),
        extra=row.rest(),
        source=row.source,
        line=row.line,
    )


def _pictures(row: Row, at: str) -> tuple[str, ...]:
    listed = parse_objects(row.take(f"{at}image_list", f"{at}imageList"))
    found = dict.fromkeys(filter(None, map(_picture, listed)))
    cover = row.take(
        f"{at}cover.url_default", f"{at}cover.urlDefault", f"{at}cover.url", "data.thumbnail_url"
    ).strip()
    return tuple(found) or ((cover,) if cover else ())


def _picture(item: dict[str, Any]) -> str:
    """The form that pages show (WB_DFT), else the first one that is told."""
    told = (text_at(item, "url_default"), text_at(item, "urlDefault"))
    forms = objects_at(item, "info_list") + objects_at(item, "infoList")
    shown = [
        form for form in forms if "WB_DFT" in (form.get("image_scene"), form.get("imageScene"))
    ]
    return next(filter(None, (*told, *first_texts(shown, "url"), *first_texts(forms, "url"))), "")
