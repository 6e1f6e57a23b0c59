"""Facebook's download of one's own information: posts of a profile, also those in groups.

Fields: SamuelePilleri/facebook-schemas (posts/your_posts.json, groups/, profile_information/),
NorseKode/Waultar-App (documents/parser/content_examples.md).
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from frametrace.posts.model import Post
from frametrace.posts.readers.contract import Neighbour, Reader
from frametrace.posts.readers.meta_export import (
    ACCOUNT_ID,
    ACCOUNT_NAME,
    account_of,
    files_of,
    key_of,
    profiles,
    rest_of,
)
from frametrace.posts.readers.mojibake import repair_mojibake
from frametrace.posts.readers.nested import text_at
from frametrace.posts.rows import Row, Shape
from frametrace.posts.values import distinct, json_text, parse_objects

__all__ = ["READER"]

_PROFILE = "profile_information.json"
_PROFILES = (
    f"personal_information/profile_information/{_PROFILE}",
    f"profile_information/{_PROFILE}",
    _PROFILE,
)
_PROFILE_KEYS = ("profile_v2", "profile_information_v2", "profile")

# `https://www.facebook.com/profile.php?id=100` or `https://www.facebook.com/somebody`.
_PROFILE_LINK = re.compile(r"https?://[^/\s]+/(?:profile\.php\?id=(\d{1,20})|([\w.-]{1,80}))/?")

# What a post tells of itself. Comments, reactions and searches are told in the same form.
_OF_POSTS = frozenset(("post", "update_timestamp", "backdated_timestamp"))
_ATTACHED_TO_POSTS = frozenset(
    ("event", "external_context", "life_event", "media", "note", "place")
)

# This file of older exports holds what others wrote to the profile.
_OF_OTHERS = "other_people"


def _owner(read: Neighbour) -> Mapping[str, str]:
    for document in profiles(read, _PROFILES):
        profile = next((document[key] for key in _PROFILE_KEYS if document.get(key)), None)
        name = repair_mojibake(text_at(profile, "name", "full_name"))
        link = _PROFILE_LINK.fullmatch(text_at(profile, "profile_uri"))
        account_id = (link[1] or link[2].lower()) if link else name
        if account_id:
            return {ACCOUNT_ID: account_id, ACCOUNT_NAME: name}
    return {}


def _posts_of(row: Row) -> Iterable[Row]:
    """Leave out comments, reactions, searches and all else that has the form of a post."""
    told = {name for part in parse_objects(row.values.get("data", "")) for name in part}
    if told:
        return (row,) if told <= _OF_POSTS else ()
    attached = {name for part in _attached(row.values.get("attachments", "")) for name in part}
    return (row,) if "data" in row.values and attached & _ATTACHED_TO_POSTS else ()


def _parse(row: Row) -> Post:
    if _OF_OTHERS in row.file:
        raise ValueError("somebody else wrote it to the profile")
    account_id, name = account_of(row, _PROFILE)
    posted_at, precision = row.unix("timestamp")
    attached = _attached(row.values.get("attachments", ""))
    media = [item for part in attached for item in _media(part)]
    text = _text(row, attached)
    files = files_of(media)
    links = (repair_mojibake(text_at(part, "external_context", "url")) for part in attached)
    if all(part.keys() <= {"media", "external_context"} for part in attached):
        row.take("attachments")
    return Post(
        platform="facebook",
        post_id=key_of(account_id, posted_at, text, files),
        account_id=account_id,
        account_name=name,
        posted_at=posted_at,
        precision=precision,
        text=text,
        media=files,
        links=distinct(links),
        extra=rest_of(row, media),
        source=row.source,
        line=row.line,
    )


def _attached(text: str) -> list[dict[str, Any]]:
    """What is attached to a post, each thing under the name of its kind."""
    lists = (item.get("data") for item in parse_objects(text))
    return [
        part for held in lists if isinstance(held, list) for part in held if isinstance(part, dict)
    ]


def _media(part: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Pictures and videos, of which a note has several."""
    note = part.get("note")
    held = note.get("media") if isinstance(note, dict) else None
    found = [part.get("media"), *(held if isinstance(held, list) else ())]
    return [item for item in found if isinstance(item, dict)]


def _text(row: Row, attached: Iterable[Mapping[str, Any]]) -> str:
    """What was written above the pictures, or else below them or in a note."""
    data = parse_objects(row.take("data"))
    if others := [part for part in data if "post" not in part]:
        row.values["data"] = json_text(others)
    above = [text_at(part, "post") for part in data]
    below = [
        text_at(held, name)
        for part in attached
        for held, name in (
            (part.get("note"), "title"),
            (part.get("note"), "text"),
            *((item, "description") for item in _media(part)),
        )
    ]
    written = [text for text in above if text] or [text for text in below if text]
    return "\n".join(dict.fromkeys(map(repair_mojibake, written)))


READER = Reader(
    name="facebook-export",
    title="Facebook's download of one's own information, posts",
    example="your_facebook_activity/posts/your_posts__check_ins__photos_and_videos_1.json",
    platform="facebook",
    time="second",
    shape=Shape.RECORDS,
    required=(("timestamp",), ("data",), ("title", "attachments")),
    foreign=("id", "label_values", "type", "url"),
    parse=_parse,
    parts=_posts_of,
    context=_owner,
)
