"""Reads the posts in Facebook's "Download your information", including those in groups.

Fields: SamuelePilleri/facebook-schemas (posts/your_posts.json, groups/, profile_information/),
NorseKode/Waultar-App (documents/parser/content_examples.md).
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from frametrace.posts.model import Post
from frametrace.posts.readers.shared.json_paths import objects_at, text_at
from frametrace.posts.readers.shared.meta_export import (
    ACCOUNT_ID,
    ACCOUNT_NAME,
    content_key,
    owner_of,
    picture_paths,
    profiles,
    rest_of,
    shown_paths,
)
from frametrace.posts.readers.shared.mojibake import repair_mojibake
from frametrace.posts.readers.shared.reader_contract import Neighbour, Reader
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

# What `data` and `attachments` of a post hold. Comments, reactions and searches look like posts but
# hold other things.
_POST_DATA = frozenset(("post", "update_timestamp", "backdated_timestamp"))
_POST_ATTACHMENTS = frozenset(("event", "external_context", "life_event", "media", "note", "place"))

# In older exports, the file of posts that other people wrote on the profile has this in its name.
_BY_OTHERS = "other_people"


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
    """Drop comments, reactions, searches and other things that look like a post."""
    data = {name for part in parse_objects(row.values.get("data", "")) for name in part}
    if data:
        return (row,) if data <= _POST_DATA else ()
    attached = {name for part in _attached(row.values.get("attachments", "")) for name in part}
    return (row,) if "data" in row.values and attached & _POST_ATTACHMENTS else ()


def _parse(row: Row) -> Post:
    if _BY_OTHERS in row.file:
        raise ValueError("somebody else wrote it on the profile")
    account_id, name = owner_of(row, _PROFILE)
    posted_at, precision = row.unix("timestamp")
    attached = _attached(row.values.get("attachments", ""))
    media = [item for part in attached for item in _media(part)]
    text = _text(row, attached)
    files, shown = picture_paths(media), shown_paths(media)
    links = (repair_mojibake(text_at(part, "external_context", "url")) for part in attached)
    if all(part.keys() <= {"media", "external_context"} for part in attached):
        row.take("attachments")
    return Post(
        platform="facebook",
        post_id=content_key(account_id, posted_at, text, files),
        account_id=account_id,
        account_name=name,
        posted_at=posted_at,
        precision=precision,
        text=text,
        media=shown.media,
        stills=shown.stills,
        links=distinct(links),
        extra=rest_of(row, media),
        source=row.source,
        line=row.line,
    )


def _attached(text: str) -> list[dict[str, Any]]:
    """The attachments of a post, each under the name of its kind."""
    return [part for item in parse_objects(text) for part in objects_at(item, "data")]


def _media(part: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The pictures and videos of an attachment; a note may have several."""
    medium = part.get("media")
    in_note = objects_at(part, "note", "media")
    return [medium, *in_note] if isinstance(medium, dict) else in_note


def _text(row: Row, attached: Iterable[Mapping[str, Any]]) -> str:
    """The text above the pictures, or else below them or in a note."""
    data = parse_objects(row.take("data"))
    if without_text := [part for part in data if "post" not in part]:
        row.values["data"] = json_text(without_text)
    above = [text_at(part, "post") for part in data]
    below = [
        text_at(item, name)
        for part in attached
        for item, name in (
            (part.get("note"), "title"),
            (part.get("note"), "text"),
            *((medium, "description") for medium in _media(part)),
        )
    ]
    texts = [text for text in above if text] or [text for text in below if text]
    return "\n".join(dict.fromkeys(map(repair_mojibake, texts)))


READER = Reader(
    name="facebook-export",
    title='Facebook\'s "Download your information", posts',
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
