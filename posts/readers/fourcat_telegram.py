"""Telegram messages as 4CAT stores them: what Telethon read, with the chat and the sender.

Fields: digitalmethodsinitiative/4cat, datasources/telegram/search_telegram.py; how it names the
pictures that it downloads: processors/visualisation/download_telegram_images.py.
"""

from frametrace.posts.model import AccountKind, Post
from frametrace.posts.readers.contract import Reader
from frametrace.posts.readers.nested import text_at
from frametrace.posts.readers.telethon import reactions_in
from frametrace.posts.rows import Row, Shape
from frametrace.posts.values import distinct, parse_objects

__all__ = ["READER"]

_FORWARDED = "fwd_from.from_id."
_WITH_PICTURE = frozenset({"MessageMediaPhoto", "MessageMediaWebPage"})
_OTHERS = ("_forward.", _FORWARDED)


def _parse(row: Row) -> Post:
    chat = row.values.get("_chat.id", "").strip()
    name = row.take("_chat.username").strip()
    number = row.key("id")
    account_id, kind = _author(row, chat)
    posted_at, precision = row.unix("date")
    reactions = reactions_in(row.take("reactions.results"))
    link = row.take("media.webpage.url").strip()
    marked = (text_at(part, "url") for part in parse_objects(row.take("entities")))
    return Post(
        platform="telegram",
        post_id=f"{chat or name}/{number}",
        account_id=account_id,
        account_kind=kind,
        account_name=_sender_name(row) or (name if kind is not AccountKind.ACCOUNT else ""),
        posted_at=posted_at,
        precision=precision,
        text=row.take("message"),
        media=_pictures(row, f"{name or chat}-{number}.jpeg"),
        links=distinct((*marked, link)),
        repost_of=_repeated(row),
        engagement=row.counts({"views": "views", "forwards": "forwards"}) | reactions,
        extra={name: text for name, text in row.rest().items() if not name.startswith(_OTHERS)}
        | ({"_chat.username": name} if name else {}),
        source=row.source,
        line=row.line,
    )


def _author(row: Row, chat: str) -> tuple[str, AccountKind]:
    """Who wrote: a user, or the channel or group itself, in the spelling of Telegram's exports."""
    sender = row.take("_sender.id", "from_id.user_id").strip()
    if sender and sender != chat:
        if row.values.get("_sender._type") == "Channel" or "_sender.title" in row.values:
            return f"channel{sender}", AccountKind.CHANNEL
        return f"user{sender}", AccountKind.ACCOUNT
    own = chat or row.key("peer_id.channel_id", "_chat_peer.channel_id")
    is_group = row.values.get("_chat.megagroup") == "true"
    return f"channel{own}", AccountKind.GROUP if is_group else AccountKind.CHANNEL


def _sender_name(row: Row) -> str:
    parts = (row.take(f"_sender.{part}").strip() for part in ("first_name", "last_name"))
    whole = " ".join(filter(None, parts))
    return row.take("_sender.username").strip() or whole


def _pictures(row: Row, file: str) -> tuple[str, ...]:
    """The file that 4CAT would save a picture in: the message's own, or of what it links to."""
    kind = row.values.get("media._type", "")
    shown = kind == "MessageMediaPhoto" or any(
        name.startswith("media.webpage.photo.") for name in row.values
    )
    return (file,) if kind in _WITH_PICTURE and shown else ()


def _repeated(row: Row) -> str:
    """Which message was forwarded, if it is one of a channel, else whose it was."""
    channel = row.values.get(f"{_FORWARDED}channel_id", "").strip()
    message = row.values.get("fwd_from.channel_post", "").strip()
    user = row.values.get(f"{_FORWARDED}user_id", "").strip()
    if channel:
        return f"{channel}/{message}" if message else f"channel{channel}"
    return f"user{user}" if user else row.values.get("fwd_from.from_name", "").strip()


READER = Reader(
    name="4cat-telegram",
    title="Telegram messages, downloaded from 4CAT",
    example="telegram-search-1566223402.ndjson",
    platform="telegram",
    time="second",
    shape=Shape.RECORDS,
    required=(
        ("_chat.id", "_chat.username"),
        ("_sender.id", "peer_id.channel_id"),
        ("message",),
    ),
    parse=_parse,
)
