"""Reads posts and channel messages of Meta Content Library, from its tables or its API.

Field names come in two styles. Fields: developers.facebook.com/docs/content-library-and-api (data
dictionary); fabiogiglietto/meta-content-library-skill, references/field_reference.md and
surfaces.md, for what the API returns in practice.
"""

from frametrace.posts.model import AccountKind, Post
from frametrace.posts.readers.shared.account_keys import BY_HANDLE
from frametrace.posts.readers.shared.post_keys import facebook_post_id
from frametrace.posts.readers.shared.python_literals import objects_in
from frametrace.posts.readers.shared.reader_contract import Reader
from frametrace.posts.rows import Row, Shape
from frametrace.posts.values import first_texts, parse_list

__all__ = ["READERS"]

_COUNTS = {
    "statistics.like_count": "likes",
    "statistics.comment_count": "comments",
    "statistics.share_count": "shares",
    "statistics.reaction_count": "reactions",
    "statistics.reactions_count": "reactions",
    "statistics.reply_count": "replies",
    "statistics.replies_count": "replies",
    "statistics.repost_count": "reposts",
    "statistics.quote_count": "quotes",
    "statistics.forward_count": "forwards",
    "statistics.views": "views",
}

_KINDS = {"page": AccountKind.PAGE, "group": AccountKind.GROUP}

# Kinds of account that only Instagram has, and columns that only messages in its channels have.
_INSTAGRAM_KINDS = frozenset({"business", "creator", "personal"})
_INSTAGRAM_CHANNEL_COLUMNS = (
    "statistics.replies_count",
    "message_replied_to_id",
    "shared_instagram_post_id",
)


def _owner(field: str) -> tuple[str, str]:
    return f"post_owner.{field}", f"post_owner.data.{field}"


_REQUIRED = (("id",), (*_owner("id"), "channel.id"), ("creation_time",))


def _parse(row: Row) -> Post:
    """Make a Post of a row; a message of a channel belongs to the channel."""
    is_message = not _has(row, *_owner("id")) and _has(row, "channel.id")
    kind = _kind(row, "owner.type") if is_message else _kind(row, *_owner("type"))
    platform = _platform(row, kind, is_message)
    post_id = row.key("id")
    account_id, name = _channel(row) if is_message else _account(row, platform)
    posted_at, precision = row.time("creation_time")
    text = row.take("text")
    return Post(
        platform=platform,
        post_id=facebook_post_id(post_id) if platform == "facebook" else post_id,
        account_id=account_id,
        account_kind=AccountKind.CHANNEL if is_message else _KINDS.get(kind, AccountKind.ACCOUNT),
        account_name=name,
        posted_at=posted_at,
        precision=precision,
        text=text,
        media=_files(row),
        links=parse_list(row.take("link_attachment.link", "link_attachment.url")),
        hashtags=parse_list(row.take("hashtags")),
        # A share with text of its own does more than repeat.
        repost_of="" if text else row.reference("shared_post_id"),
        engagement=row.counts(_COUNTS),
        extra=row.rest(),
        source=row.source,
        line=row.line,
    )


def _has(row: Row, *names: str) -> bool:
    return any(row.values.get(name, "").strip() for name in names)


def _kind(row: Row, *names: str) -> str:
    return row.take(*names).strip().lower().rpartition("_")[2]  # also of `facebook_page`


def _platform(row: Row, kind: str, is_message: bool) -> str:
    """The platform: `mcl_url` leads to facebook.com for all of them, but its path may name it."""
    platform_text = (row.take("platform") or row.values.get("mcl_url", "")).lower()
    for platform in ("instagram", "threads", "whatsapp"):
        if platform in platform_text:
            return platform
    if kind in _INSTAGRAM_KINDS or (is_message and _has(row, *_INSTAGRAM_CHANNEL_COLUMNS)):
        return "instagram"
    # Only WhatsApp gives no sender.
    return "whatsapp" if is_message and not (kind or _has(row, "owner.id")) else "facebook"


def _channel(row: Row) -> tuple[str, str]:
    return row.key("channel.id"), row.take("channel.name")


def _account(row: Row, platform: str) -> tuple[str, str]:
    """The account's key and name; the library's own number for it stays in `extra`."""
    handle = next((row.values[n].strip() for n in _owner("username") if _has(row, n)), "")
    name = row.take(*_owner("name"))
    if platform in BY_HANDLE and handle:
        row.take(*_owner("username"))
        return handle.lower(), name or handle
    return row.key(*_owner("id")), name or row.take(*_owner("username"))


def _files(row: Row) -> tuple[str, ...]:
    """Links to pictures and videos, if they were requested; they expire within hours."""
    links = first_texts(objects_in(row.values.get("multimedia", "")), "url")
    if links:
        row.take("multimedia")
    return links


READERS = (
    Reader(
        name="meta-content-library",
        title="Meta Content Library's tables of Facebook, Instagram, Threads and channels",
        example="meta_content_library_posts.csv",
        platform="facebook, instagram, threads, whatsapp",
        time="second",
        shape=Shape.TABLE,
        required=_REQUIRED,
        parse=_parse,
    ),
    Reader(
        name="meta-content-library-api",
        title="Meta Content Library's API: Facebook, Instagram, Threads and channels",
        example="meta_content_library_posts.json",
        platform="facebook, instagram, threads, whatsapp",
        time="second",
        shape=Shape.RECORDS,
        required=_REQUIRED,
        parse=_parse,
    ),
)
