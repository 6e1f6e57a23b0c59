"""Reads Facebook posts that Zeeschuimer captured.

Fields: digitalmethodsinitiative/4cat, datasources/facebook/search_facebook.py; for the pictures in
attachments, public programs that read the same pages.
"""

from collections.abc import Iterator
from typing import Any

from frametrace.posts.model import AccountKind, Post
from frametrace.posts.readers.shared.account_keys import facebook_page
from frametrace.posts.readers.shared.json_paths import objects_at, text_at, value_at
from frametrace.posts.readers.shared.post_keys import facebook_post_id
from frametrace.posts.readers.shared.shown_files import shown_files
from frametrace.posts.rows import Row
from frametrace.posts.values import parse_objects

__all__ = ["parse"]

_STORY = "data.comet_sections.content.story."
_METADATA = "data.comet_sections.context_layout.story.comet_sections.metadata"
_VIDEO_NAMES = (
    *("browser_native_hd_url", "playable_url_quality_hd"),
    *("browser_native_sd_url", "playable_url"),
)
_PICTURE_NAMES = ("viewer_image", "photo_image", "image", "thumbnailImage", "preferred_thumbnail")


def parse(row: Row) -> Post:
    """Make a Post of a row whose columns begin with `data.`."""
    metadata = parse_objects(row.take(_METADATA))
    created = next(
        filter(None, (value_at(item, "story", "creation_time") for item in metadata)), ""
    )
    row.values["data.creation_time"] = str(created) or row.values.get("data.creation_time", "")
    posted_at, precision = row.unix("data.creation_time")
    actors = parse_objects(row.take(f"{_STORY}actors"))
    actor = actors[0] if actors else {}
    files = shown_files(_attached(parse_objects(row.take(f"{_STORY}attachments"))))
    # The item's id, which is the story's, ends in the post's.
    row.values["item_id"] = row.values.get("item_id", "").rpartition(":")[2]
    return Post(
        platform="facebook",
        post_id=facebook_post_id(row.key(f"{_STORY}post_id", "data.post_id", "item_id")),
        account_id=_account(actor),
        account_kind=AccountKind.PAGE if actor.get("__typename") == "Page" else AccountKind.ACCOUNT,
        account_name=text_at(actor, "name"),
        posted_at=posted_at,
        precision=precision,
        text=row.take(f"{_STORY}message.text"),
        media=files.media,
        stills=files.stills,
        extra=row.rest() | _links(actor, metadata),
        source=row.source,
        line=row.line,
    )


def _account(actor: dict[str, Any]) -> str:
    number = actor.get("id")
    tail = facebook_page(text_at(actor, "url").rstrip("/").rpartition("/")[2])
    account = (str(number) if isinstance(number, str | int) else "").strip() or tail.strip()
    if not account:
        raise ValueError(f"{_STORY}actors names no account")
    return account


def _links(actor: dict[str, Any], metadata: list[dict[str, Any]]) -> dict[str, str]:
    links = (text_at(item, "story", "url") for item in metadata)
    values = {"url": next(filter(None, links), ""), "author_url": text_at(actor, "url")}
    return {name: text for name, text in values.items() if text}


def _attached(attachments: list[dict[str, Any]]) -> Iterator[tuple[str, str]]:
    """The pictures in attachments, and the videos with their stills."""
    for item in attachments:
        attachment = value_at(item, "styles", "attachment")
        album = objects_at(attachment, "all_subattachments", "nodes")
        for part in album or [attachment if isinstance(attachment, dict) else item]:
            media = value_at(part, "media")
            pictures = (_picture_link(media, name) for name in _PICTURE_NAMES)
            places = (media, value_at(media, "videoDeliveryLegacyFields"))
            videos = (text_at(place, name) for place in places for name in _VIDEO_NAMES)
            yield next(filter(None, videos), ""), next(filter(None, pictures), "")


def _picture_link(media: Any, name: str) -> str:
    return text_at(media, name, "uri") or text_at(media, name, "image", "uri")
