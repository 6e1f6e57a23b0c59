"""Reads Gab posts that Zeeschuimer captured, with short field names (`ca`) or full ones.

Fields: digitalmethodsinitiative/4cat, datasources/gab/search_gab.py.
"""

from typing import Any

from frametrace.posts.model import Post
from frametrace.posts.readers.shared.html_text import plain_text
from frametrace.posts.readers.shared.json_paths import text_at
from frametrace.posts.readers.shared.shown_files import is_video_link, shown_files
from frametrace.posts.rows import Row
from frametrace.posts.values import first_texts, parse_objects

__all__ = ["parse"]

_COUNTS = {
    "data.fbc": "likes",
    "data.fc": "likes",
    "data.favourites_count": "likes",
    "data.rbc": "reposts",
    "data.reblogs_count": "reposts",
    "data.rc": "replies",
    "data.replies_count": "replies",
}


def parse(row: Row) -> Post:
    """Make a Post of a row whose columns begin with `data.`."""
    posted_at, precision = row.time("data.ca" if "data.ca" in row.values else "data.created_at")
    text = row.take("data.c") or plain_text(row.values.get("data.content", ""))
    row.take("data.content")
    media = (
        *parse_objects(row.take("data.image_info")),
        *parse_objects(row.take("data.media_attachments")),
    )
    files = shown_files(map(_file_and_still, media))
    link = row.take("data.link_info.url", "data.card.url").strip()
    return Post(
        platform="gab",
        post_id=row.key("data.i", "data.id", "item_id"),
        account_id=row.key("data.author_info.i", "data.account.id", "data.ai"),
        account_name=row.take("data.author_info.un", "data.account.username"),
        posted_at=posted_at,
        precision=precision,
        text=text,
        media=files.media,
        stills=files.stills,
        links=(link,) if link else (),
        hashtags=(
            *first_texts(parse_objects(row.take("data.tg")), "name"),
            *first_texts(parse_objects(row.take("data.tags")), "name"),
        ),
        engagement=row.counts(_COUNTS),
        extra=row.rest(),
        source=row.source,
        line=row.line,
    )


def _file_and_still(item: dict[str, Any]) -> tuple[str, str]:
    """A picture, or a video and its preview; other kinds have a preview at most."""
    link = text_at(item, "u") or text_at(item, "url")
    if (text_at(item, "t") or text_at(item, "type")) == "image":
        return link, ""
    return link if is_video_link(link) else "", text_at(item, "preview_url")
