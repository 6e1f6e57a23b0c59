"""Reads the JSON records that 4CAT stores of Telegram messages, VK posts and Zeeschuimer items.

Telegram messages are what Telethon read, with the chat and the sender. VK posts are as VK's API
gives them, with the profile of the author. Zeeschuimer items are the platform's record, with
Zeeschuimer's own data in one extra field.

Fields: digitalmethodsinitiative/4cat, datasources/telegram/search_telegram.py and
datasources/vk/search_vk.py; names of the files that 4CAT downloads:
processors/visualisation/download_telegram_images.py and …_videos.py;
digitalmethodsinitiative/zeeschuimer, js/lib.js (`wrap_for_map_item`).
"""

from frametrace.posts.model import AccountKind, Post
from frametrace.posts.readers import vk_api, zeeschuimer
from frametrace.posts.readers.shared.json_paths import text_at
from frametrace.posts.readers.shared.reader_contract import Reader
from frametrace.posts.readers.telethon import reactions_in
from frametrace.posts.rows import Row, Shape
from frametrace.posts.values import distinct, parse_objects

__all__ = ["READERS"]

_FORWARDED = "fwd_from.from_id."
_KINDS_WITH_PICTURE = frozenset({"MessageMediaPhoto", "MessageMediaWebPage"})
_OF_ORIGINAL = ("_forward.", _FORWARDED)

_META = "__import_meta."


def _parse_telegram(row: Row) -> Post:
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
        media=_files(row, f"{name or chat}-{number}"),
        links=distinct((*marked, link)),
        repost_of=_forwarded_from(row),
        engagement=row.counts({"views": "views", "forwards": "forwards"}) | reactions,
        extra={name: text for name, text in row.rest().items() if not name.startswith(_OF_ORIGINAL)}
        | ({"_chat.username": name} if name else {}),
        source=row.source,
        line=row.line,
    )


def _author(row: Row, chat: str) -> tuple[str, AccountKind]:
    """The author, a user or the channel or group itself, spelled as in Telegram's exports."""
    sender = row.take("_sender.id", "from_id.user_id").strip()
    if sender and sender != chat:
        if row.values.get("_sender._type") == "Channel" or "_sender.title" in row.values:
            return f"channel{sender}", AccountKind.CHANNEL
        return f"user{sender}", AccountKind.ACCOUNT
    chat = chat or row.key("peer_id.channel_id", "_chat_peer.channel_id")
    is_group = row.values.get("_chat.megagroup") == "true"
    return f"channel{chat}", AccountKind.GROUP if is_group else AccountKind.CHANNEL


def _sender_name(row: Row) -> str:
    parts = (row.take(f"_sender.{part}").strip() for part in ("first_name", "last_name"))
    full_name = " ".join(filter(None, parts))
    return row.take("_sender.username").strip() or full_name


def _files(row: Row, stem: str) -> tuple[str, ...]:
    """The file in which 4CAT saves the video of a message, or the picture, or that of a page."""
    kind = row.values.get("media._type", "")
    if row.values.get("media.document.mime_type", "").startswith("video/"):
        return (f"{stem}.mp4",)
    has_picture = kind == "MessageMediaPhoto" or any(
        name.startswith("media.webpage.photo.") for name in row.values
    )
    return (f"{stem}.jpeg",) if kind in _KINDS_WITH_PICTURE and has_picture else ()


def _forwarded_from(row: Row) -> str:
    """The forwarded message of a channel, or else the account that it came from."""
    channel = row.values.get(f"{_FORWARDED}channel_id", "").strip()
    message = row.values.get("fwd_from.channel_post", "").strip()
    user = row.values.get(f"{_FORWARDED}user_id", "").strip()
    if channel:
        return f"{channel}/{message}" if message else f"channel{channel}"
    return f"user{user}" if user else row.values.get("fwd_from.from_name", "").strip()


def _parse_vk(row: Row) -> Post:
    if row.values.get("4cat_item_type") == "comment":
        raise ValueError("it is a comment and not a post")
    return vk_api.parse(row)


def _parse_zeeschuimer(row: Row) -> Post:
    row.values = {
        name.removeprefix(_META) if name.startswith(_META) else f"data.{name}": text
        for name, text in row.values.items()
    }
    return zeeschuimer.parse(row)


READERS = (
    Reader(
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
        parse=_parse_telegram,
    ),
    Reader(
        name="4cat-vk",
        title="VK posts, downloaded from 4CAT",
        example="vk-search-1566223402.ndjson",
        platform="vk",
        time="second",
        shape=Shape.RECORDS,
        required=(("4cat_item_type",), ("owner_id",), ("from_id",)),
        parse=_parse_vk,
    ),
    Reader(
        name="4cat-zeeschuimer",
        title="Zeeschuimer items, downloaded from 4CAT",
        example="instagram-search-1566223402.ndjson",
        platform=zeeschuimer.PLATFORMS,
        time="second; none where the page shows none",
        shape=Shape.RECORDS,
        required=(
            (f"{_META}source_platform",),
            (f"{_META}timestamp_collected", f"{_META}item_id"),
        ),
        parse=_parse_zeeschuimer,
    ),
)
