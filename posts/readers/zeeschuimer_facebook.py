"""A post of Facebook as its web page is told of it.

Fields: digitalmethodsinitiative/4cat, datasources/facebook/search_facebook.py; where pictures
stand in an attachment, as public programs that read the same pages find them.
"""

from typing import Any

from frametrace.posts.model import AccountKind, Post
from frametrace.posts.readers.account_keys import page_of
from frametrace.posts.readers.nested import objects_at, text_at, value_at
from frametrace.posts.readers.post_keys import post_of
from frametrace.posts.rows import Row
from frametrace.posts.values import parse_objects

__all__ = ["parse"]

_STORY = "data.comet_sections.content.story."
_METADATA = "data.comet_sections.context_layout.story.comet_sections.metadata"
_FORMS = ("viewer_image", "photo_image", "image", "thumbnailImage", "preferred_thumbnail")


def parse(row: Row) -> Post:
    """Make a Post of a row whose names begin with `data.`; a video's picture is its still."""
    about = parse_objects(row.take(_METADATA))
    created = next(filter(None, (value_at(item, "story", "creation_time") for item in about)), "")
    row.values["data.creation_time"] = str(created) or row.values.get("data.creation_time", "")
    posted_at, precision = row.unix("data.creation_time")
    actors = parse_objects(row.take(f"{_STORY}actors"))
    actor = actors[0] if actors else {}
    # The id of the story itself ends in the post's.
    row.values["item_id"] = row.values.get("item_id", "").rpartition(":")[2]
    return Post(
        platform="facebook",
        post_id=post_of(row.key(f"{_STORY}post_id", "data.post_id", "item_id")),
        account_id=_account(actor),
        account_kind=AccountKind.PAGE if actor.get("__typename") == "Page" else AccountKind.ACCOUNT,
        account_name=text_at(actor, "name"),
        posted_at=posted_at,
        precision=precision,
        text=row.take(f"{_STORY}message.text"),
        media=_pictures(parse_objects(row.take(f"{_STORY}attachments"))),
        extra=row.rest() | _address(actor, about),
        source=row.source,
        line=row.line,
    )


def _account(actor: dict[str, Any]) -> str:
    number = actor.get("id")
    tail = page_of(text_at(actor, "url").rstrip("/").rpartition("/")[2])
    account = (str(number) if isinstance(number, str | int) else "").strip() or tail.strip()
    if not account:
        raise ValueError(f"{_STORY}actors names no account")
    return account


def _address(actor: dict[str, Any], about: list[dict[str, Any]]) -> dict[str, str]:
    links = (text_at(item, "story", "url") for item in about)
    told = {"url": next(filter(None, links), ""), "author_url": text_at(actor, "url")}
    return {name: text for name, text in told.items() if text}


def _pictures(attachments: list[dict[str, Any]]) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for item in attachments:
        shown = value_at(item, "styles", "attachment")
        album = objects_at(shown, "all_subattachments", "nodes")
        for each in album or [shown if isinstance(shown, dict) else item]:
            media = value_at(each, "media")
            forms = (_form(media, name) for name in _FORMS)
            found |= dict.fromkeys(list(filter(None, forms))[:1])
    return tuple(found)


def _form(media: Any, name: str) -> str:
    return text_at(media, name, "uri") or text_at(media, name, "image", "uri")
