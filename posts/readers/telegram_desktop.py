"""Reads `result.json`, Telegram Desktop's export of one chat or of all, with files beside it."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from frametrace.posts.model import AccountKind, Post, Precision
from frametrace.posts.readers.shared.json_paths import text_at
from frametrace.posts.readers.shared.reader_contract import Reader
from frametrace.posts.readers.telethon import reactions_in
from frametrace.posts.rows import Row, Shape
from frametrace.posts.values import distinct, parse_json, parse_objects

__all__ = ["READER"]

# Kinds of media with a thumbnail made by Telegram. Stickers are left out: they are not the sender's
# own pictures.
_VIDEOS = frozenset({"video_file", "video_message", "animation"})
_NOT_EXPORTED = "(File "  # "(File not included. Change data exporting settings to download.)"


def _posts_of(row: Row) -> Iterable[Row]:
    """Drop service messages, such as that somebody joined or that a message was pinned."""
    return () if row.values.get("type") == "service" else (row,)


def _parse(row: Row) -> Post:
    chat = row.key("chat.id")
    account_id, kind = _author(row, chat)
    posted_at, precision = _time(row)
    formatted = row.take("text")
    parts = parse_objects(row.take("text_entities")) or _parts(formatted)
    return Post(
        platform="telegram",
        post_id=f"{chat}/{row.key('id')}",  # ids are unique only in their chat
        account_id=account_id,
        account_kind=kind,
        account_name=row.take("from") or _chat_name(row, account_id, chat),
        posted_at=posted_at,
        precision=precision,
        text="".join(part if isinstance(part, str) else _text(part) for part in parts),
        media=_files(row),
        links=distinct(_link(part) for part in parts),
        hashtags=distinct(_hashtag(part) for part in parts),
        # The account that a forwarded message is from: exports don't say which message it was.
        repost_of=row.take("forwarded_from_id", "forwarded_from").strip(),
        engagement=reactions_in(row.take("reactions")),
        extra={"chat.id": chat, **row.rest()},
        source=row.source,
        line=row.line,
    )


def _author(row: Row, chat: str) -> tuple[str, AccountKind]:
    """The author: in a channel the channel, in a group a member or, if unnamed, the group."""
    from_id = row.take("from_id").strip()
    kind = row.values.get("chat.type", "")
    if kind.endswith("channel") and not from_id.startswith("user"):
        return f"channel{chat}", AccountKind.CHANNEL
    if not from_id:
        raise ValueError("from_id is empty")
    if from_id == f"channel{chat}":
        return from_id, AccountKind.GROUP
    is_channel = from_id.startswith("channel")
    return from_id, AccountKind.CHANNEL if is_channel else AccountKind.ACCOUNT


def _chat_name(row: Row, account_id: str, chat: str) -> str:
    return row.values.get("chat.name", "") if account_id == f"channel{chat}" else ""


def _time(row: Row) -> tuple[datetime | None, Precision]:
    """The time; exports from before 2021 give it in the exporter's local time, without a zone."""
    posted_at, precision = row.unix("date_unixtime")
    return (posted_at, precision) if posted_at else row.local_time("date")


def _parts(text: str) -> list[Any]:
    """The parts of a formatted text: plain strings and objects."""
    try:
        parts = parse_json(text) if text.startswith("[") else None
    except (ValueError, RecursionError):
        parts = None
    is_list = isinstance(parts, list) and all(isinstance(part, str | dict) for part in parts)
    return parts if parts and is_list else [text]


def _text(part: Any) -> str:
    text = part.get("text") if isinstance(part, dict) else None
    return text if isinstance(text, str) else ""


def _link(part: Any) -> str:
    kind = text_at(part, "type")
    if kind == "text_link":
        return text_at(part, "href")
    return text_at(part, "text") if kind == "link" else ""


def _hashtag(part: Any) -> str:
    return text_at(part, "text").lstrip("#") if text_at(part, "type") == "hashtag" else ""


def _files(row: Row) -> tuple[str, ...]:
    """The picture or video of a message; for a video that was not exported, its thumbnail."""
    if photo := row.take("photo").strip():
        return (photo,)
    kind, mime_type = row.values.get("media_type", ""), row.values.get("mime_type", "")
    file, thumbnail = (row.values.get(name, "").strip() for name in ("file", "thumbnail"))
    if kind in _VIDEOS or (not kind and mime_type.startswith("video/")):
        is_exported = file and not file.startswith(_NOT_EXPORTED)
        path = file if is_exported else thumbnail or file
    elif not kind and mime_type.startswith("image/"):
        path = file
    else:
        path = ""
    return (path,) if path else ()


READER = Reader(
    name="telegram-desktop",
    title="Telegram Desktop's export of a chat or of all chats",
    example="ChatExport_2019-08-20/result.json",
    platform="telegram",
    time="second; day where the export states no zone",
    shape=Shape.DOCUMENT,
    required=(("chat.id",), ("id",), ("date_unixtime", "date"), ("text", "text_entities")),
    parse=_parse,
    parts=_posts_of,
    beside=True,
)
