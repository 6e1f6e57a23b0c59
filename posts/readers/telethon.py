"""Reads Telegram messages as Telethon's `Message.to_dict` and `to_json` give them.

Fields: LonamiWebs/Telethon, tl/types (`Message`, `MessageFwdHeader`, `Peer…`, `MessageEntity…`).
Keys are those of Telegram Desktop's export. Messages don't say where scripts saved the files.
"""

from collections.abc import Iterable
from typing import Any

from frametrace.posts.model import AccountKind, Post
from frametrace.posts.readers.shared.json_paths import text_at
from frametrace.posts.readers.shared.reader_contract import Reader
from frametrace.posts.rows import Row, Shape
from frametrace.posts.values import distinct, parse_count, parse_objects, without_surrogates

__all__ = ["READER", "reactions_in"]

_COUNTS = {
    "views": "views",
    "forwards": "forwards",
    "replies.replies": "replies",
}
_PEERS = tuple(
    f"{at}.{kind}_id" for at in ("peer_id", "to_id") for kind in ("channel", "chat", "user")
)

# Telegram allows 100 entities in 4,096 characters.
_MAX_ENTITIES = 1000
_MAX_ENTITY_LENGTH = 4096  # UTF-16 units


def _posts_of(row: Row) -> Iterable[Row]:
    """Drop service messages, such as that somebody joined, and empty ones."""
    return (row,) if row.values.get("_", "Message") == "Message" else ()


def _parse(row: Row) -> Post:
    peer = next((name for name in _PEERS if row.values.get(name)), _PEERS[0])
    chat = row.key(peer)
    post_id = f"{chat}/{row.key('id')}"  # ids are unique only in their chat
    account_id, kind = _author(row, chat, peer)
    posted_at, precision = row.time("date")
    text = row.take("message")
    marked = list(_marked_texts(text, parse_objects(row.take("entities"))))
    return Post(
        platform="telegram",
        post_id=post_id,
        account_id=account_id,
        account_kind=kind,
        account_name=row.take("post_author"),
        posted_at=posted_at,
        precision=precision,
        text=text,
        links=distinct((*(_link(*entity) for entity in marked), row.take("media.webpage.url"))),
        hashtags=distinct(
            tag.lstrip("#") for entity, tag in marked if text_at(entity, "_").endswith("Hashtag")
        ),
        repost_of=_forwarded(row),
        engagement=row.counts(_COUNTS) | reactions_in(row.take("reactions.results")),
        extra={peer: chat, **row.rest()},
        source=row.source,
        line=row.line,
    )


def _author(row: Row, chat: str, peer: str) -> tuple[str, AccountKind]:
    """The author; if unnamed, the channel, the group, or in a private chat the other person."""
    user = row.take("from_id.user_id", "from_id").strip()
    channel = row.take("from_id.channel_id").strip()
    if user:
        return f"user{user}", AccountKind.ACCOUNT
    if channel and channel != chat:
        return f"channel{channel}", AccountKind.CHANNEL
    if channel or peer.endswith(".channel_id"):
        is_post = row.values.get("post", "").strip().lower() == "true"
        return f"channel{chat}", AccountKind.CHANNEL if is_post else AccountKind.GROUP
    if peer.endswith(".user_id") and row.values.get("out", "").strip().lower() != "true":
        return f"user{chat}", AccountKind.ACCOUNT
    raise ValueError("from_id is empty")


def _forwarded(row: Row) -> str:
    """The post of a channel that is forwarded, or else the account that it is from."""
    channel = row.take("fwd_from.from_id.channel_id", "fwd_from.channel_id").strip()
    post = row.take("fwd_from.channel_post").strip()
    if channel:
        return f"{channel}/{post}" if post else f"channel{channel}"
    user = row.take("fwd_from.from_id.user_id", "fwd_from.from_id").strip()
    return f"user{user}" if user else row.take("fwd_from.from_name").strip()


def _marked_texts(
    text: str, entities: list[dict[str, Any]]
) -> Iterable[tuple[dict[str, Any], str]]:
    """Each entity with the text that it marks; offsets count UTF-16 units."""
    units = text.encode("utf-16-le", "surrogatepass")
    for entity in entities[:_MAX_ENTITIES]:
        offset, length = entity.get("offset"), entity.get("length")
        if not isinstance(offset, int) or not isinstance(length, int):
            continue
        if offset >= 0 and 0 <= length <= _MAX_ENTITY_LENGTH:
            marked = units[2 * offset : 2 * (offset + length)]
            yield entity, without_surrogates(marked.decode("utf-16-le", "surrogatepass"))


def _link(entity: dict[str, Any], text: str) -> str:
    kind = text_at(entity, "_")
    if kind == "MessageEntityTextUrl":
        return text_at(entity, "url")
    return text if kind == "MessageEntityUrl" else ""


def reactions_in(text: str) -> dict[str, int]:
    """The total number of reactions; who reacted is left out."""
    counts = (parse_count(str(reaction.get("count"))) for reaction in parse_objects(text))
    total = parse_count(str(sum(filter(None, counts)))) if text not in {"", "[]"} else None
    return {} if total is None else {"reactions": total}


READER = Reader(
    name="telethon",
    title="Telegram messages from Telethon",
    example="channel_messages.json",
    platform="telegram",
    time="second",
    shape=Shape.RECORDS,
    required=(("_",), ("id",), _PEERS, ("date",), ("message", "action._")),
    parse=_parse,
    parts=_posts_of,
)
