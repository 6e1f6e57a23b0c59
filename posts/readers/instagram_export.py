"""Reads posts, reels, stories and Threads in Instagram's "Download your information".

Fields: d3i-infra/data-donation-task (platforms/instagram.py) names the account's file and its
languages; layouts of posts are those that public importers read: `posts_1.json`, `reels.json`,
`stories.json`, `posts.json` with labels, `threads_and_replies.json`, and `media.json` until 2020.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from frametrace.posts.model import Post, Precision
from frametrace.posts.readers.shared.json_paths import objects_at, text_at, value_at
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
from frametrace.posts.values import parse_objects

__all__ = ["READER"]

_PROFILE = "personal_information.json"
_PROFILES = (
    f"personal_information/personal_information/{_PROFILE}",
    f"personal_information/{_PROFILE}",
    f"account_information/{_PROFILE}",
    _PROFILE,
    "profile.json",  # beside media.json
)

# The label of the account's name, in the languages of exports.
_USERNAME = frozenset(
    (
        *("Username", "Gebruikersnaam", "Benutzername", "Nutzername", "Nazwa użytkownika"),
        *("Kullanıcı adı", "اسم المستخدم", "Имя пользователя", "Nome utente"),
        *("Nume de utilizator", "Nombre de usuario", "Emri i përdoruesit"),
    )
)

# Files and folders in the same layout whose pictures are not the account's own posts.
_NO_POSTS = frozenset(("profile_photos.json", "reposts.json"))
_NO_POSTS_PREFIXES = ("direct/", "profile/")  # in media.json

# Facebook's albums have the layout of stories; their pictures are here.
_FACEBOOK_PREFIXES = (
    *("your_facebook_activity/", "your_activity_across_facebook/"),
    *("posts/media/", "photos_and_videos/"),
)
_CAPTION_LABELS = frozenset(("Caption", "Text"))


def _owner(read: Neighbour) -> Mapping[str, str]:
    for document in profiles(read, _PROFILES):
        name = repair_mojibake(text_at(document, "username") or _username(document))
        if name:
            return {ACCOUNT_ID: name.lower(), ACCOUNT_NAME: name}
    return {}


def _username(document: Mapping[str, Any]) -> str:
    values = value_at(document, "profile_user", 0, "string_map_data")
    labelled = values.items() if isinstance(values, dict) else ()
    return next(
        (text_at(item, "value") for label, item in labelled if repair_mojibake(label) in _USERNAME),
        "",
    )


def _posts_of(row: Row) -> Iterable[Row]:
    """Drop pictures of messages and profiles, Facebook's albums, and lists of other things."""
    items = _items(row)
    uris = [text_at(item, "uri") for item in items]
    path = row.values.get("path", "")
    if row.file in _NO_POSTS or path.startswith(_NO_POSTS_PREFIXES):
        return ()
    if any(uri.startswith(_FACEBOOK_PREFIXES) or "messages/" in uri for uri in uris):
        return ()
    return (row,) if items or path else ()


def _parse(row: Row) -> Post:
    items = _items(row)
    account_id, name = owner_of(row, _PROFILE)
    posted_at, precision = _time(row, items)
    text = repair_mojibake(_text(row, items))
    files, shown = picture_paths(items), shown_paths(items)
    if not (files or text or any(text_at(item, "uri") for item in items)):
        raise ValueError("it holds neither a picture nor a text")
    row.take("media", "uri", "path")
    is_threads = any("text_app_post" in item for item in items)
    return Post(
        platform="threads" if is_threads else "instagram",
        post_id=content_key(account_id, posted_at, text, files),
        account_id=account_id,
        account_name=name,
        posted_at=posted_at,
        precision=precision,
        text=text,
        media=shown.media,
        stills=shown.stills,
        extra=rest_of(row, items),
        source=row.source,
        line=row.line,
    )


def _items(row: Row) -> list[dict[str, Any]]:
    """The pictures and videos of a post, in every layout that exports have had."""
    items = parse_objects(row.values.get("media", ""))
    for label in parse_objects(row.values.get("label_values", "")):
        items += objects_at(label, "media")
    if items:
        return items
    uri = row.values.get("uri") or row.values.get("path")
    return [{"uri": uri}] if uri else []


def _text(row: Row, items: Iterable[Mapping[str, Any]]) -> str:
    """The caption, which a post of one picture may have at the picture."""
    caption = row.take("title", "caption")
    labelled = (
        text_at(label, "value")
        for label in parse_objects(row.values.get("label_values", ""))
        if text_at(label, "label") in _CAPTION_LABELS
    )
    texts = (caption.strip(), *labelled, *(text_at(item, "title") for item in items))
    return next(filter(None, texts), "")


def _time(row: Row, items: Iterable[Mapping[str, Any]]) -> tuple[datetime | None, Precision]:
    if row.values.get("taken_at", "").strip():
        return row.time("taken_at")
    column = "creation_timestamp"
    if not row.values.get(column, "").strip():
        row.values[column] = row.values.pop("timestamp", "") or next(
            (str(item[column]) for item in items if item.get(column)), ""
        )
    return row.unix(column)


READER = Reader(
    name="instagram-export",
    title='Instagram\'s "Download your information", posts, stories and Threads',
    example="your_instagram_activity/media/posts_1.json",
    platform="instagram, threads",
    time="second",
    shape=Shape.RECORDS,
    required=(
        ("media", "uri", "path", "label_values"),
        ("media", "creation_timestamp", "taken_at", "label_values"),
    ),
    foreign=(
        *("id", "_id", "pk", "cid", "key", "url", "type", "data", "attachments", "description"),
        *("post_id", "item_id", "platformId", "metadata.url", "thumbnail.uri", "author.did"),
        *("platform", "user", "username", "account", "text", "date", "created_at", "status"),
        *("metadata.title", "metadata.timestamp", "metadata.content"),
    ),
    parse=_parse,
    parts=_posts_of,
    context=_owner,
)
