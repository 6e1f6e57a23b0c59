"""Reads statuses of Mastodon's API, and of Truth Social, which has the same API.

Many servers show the same status, each under its own id. So its key is `uri`, and its account's
key is the link to the account's page: both are the same everywhere. Truth Social is a single
server: its keys are ids.

Sources: docs.joinmastodon.org, entities Status, Account, MediaAttachment and Quote;
stanfordio/truthbrush, truthbrush/api.py; digitalmethodsinitiative/4cat,
datasources/truth/search_truth.py.
"""

from dataclasses import dataclass
from typing import Any

from frametrace.posts.model import AccountKind, Post
from frametrace.posts.readers.shared.html_text import links_in, plain_text
from frametrace.posts.readers.shared.json_paths import text_at
from frametrace.posts.readers.shared.platforms import host_of
from frametrace.posts.readers.shared.reader_contract import Reader
from frametrace.posts.readers.shared.shown_files import shown_files
from frametrace.posts.rows import Row, Shape
from frametrace.posts.values import first_texts, parse_objects

__all__ = ["READER"]

_COUNTS = {
    "favourites_count": "likes",
    "replies_count": "replies",
    "reblogs_count": "reposts",
    "quotes_count": "quotes",
}
_VIDEOS = frozenset({"gifv", "video"})

_REBLOG = "reblog."
_BY_OTHERS = (_REBLOG, "quote.", "in_reply_to.")  # what others wrote
_QUOTED = frozenset(("quote.uri", "quote.quoted_status.uri"))


@dataclass(frozen=True, slots=True)
class _Shown:
    """What people see of a status; a reblog shows the status that it repeats."""

    html: str
    media: str
    tags: str


def _parse(row: Row) -> Post:
    host = _host(row)
    is_truth = f".{host}".endswith(".truthsocial.com")
    name = _name(row, is_truth)
    repost_of = row.values.get(f"{_REBLOG}{'id' if is_truth else 'uri'}", "").strip()
    shown = _shown(row, is_reblog=bool(repost_of))
    files = shown_files(map(_file_and_still, parse_objects(shown.media)))
    posted_at, precision = row.time("created_at")
    is_group = row.values.get("account.group") == "true"
    return Post(
        platform="truthsocial" if is_truth else "mastodon",
        post_id=row.key("id" if is_truth else "uri"),
        account_id=row.key("account.id") if is_truth else _account(row),
        account_kind=AccountKind.GROUP if is_group else AccountKind.ACCOUNT,
        account_name=name,
        posted_at=posted_at,
        precision=precision,
        text=plain_text(shown.html),
        media=files.media,
        stills=files.stills,
        links=links_in(shown.html),
        hashtags=first_texts(parse_objects(shown.tags), "name"),
        repost_of=repost_of,
        engagement=row.counts(_COUNTS),
        extra=_extra(row),
        source=row.source,
        line=row.line,
    )


def _host(row: Row) -> str:
    """The server that a status is from; empty if no link shows it."""
    for name in ("uri", "url", "account.url"):
        try:
            return host_of(row.values.get(name, ""))
        except ValueError:
            continue
    return ""


def _shown(row: Row, is_reblog: bool) -> _Shown:
    own, original = (
        _Shown(*(row.take(at + name) for name in ("content", "media_attachments", "tags")))
        for at in ("", _REBLOG)
    )
    return original if is_reblog else own


def _account(row: Row) -> str:
    """The link to an account's page: `acct` omits the server on the server itself."""
    page = row.values.get("account.url", "").strip()
    return row.key("account.url") if page else row.key("account.url", "account.uri")


def _name(row: Row, is_truth: bool) -> str:
    """The name as other servers write it, `name@server`."""
    name = row.take("account.acct").strip() or row.values.get("account.username", "").strip()
    if is_truth or "@" in name or not name:
        return name
    try:
        return f"{name}@{host_of(row.values.get('account.url') or row.values.get('uri', ''))}"
    except ValueError:
        return name


def _file_and_still(item: dict[str, Any]) -> tuple[str, str]:
    """A picture, or a video and its still; if the server has no copy, links to the original."""
    kind = text_at(item, "type")
    if kind == "audio":
        return "", ""
    file = text_at(item, "url") or text_at(item, "remote_url")
    still = text_at(item, "preview_url") or text_at(item, "preview_remote_url")
    return (file, still) if kind in _VIDEOS else (file or text_at(item, "preview_url"), "")


def _extra(row: Row) -> dict[str, str]:
    """The columns that are left, without what others wrote; the link to a quoted status stays."""
    return {
        name: text
        for name, text in row.rest().items()
        if name in _QUOTED or not name.startswith(_BY_OTHERS)
    }


READER = Reader(
    name="mastodon",
    title="Mastodon statuses of its API, and Truth Social's, as truthbrush keeps them",
    example="statuses.jsonl",
    platform="mastodon, truthsocial",
    time="second",
    shape=Shape.RECORDS,
    required=(
        ("uri",),
        ("created_at",),
        ("content",),
        ("account.url", "account.acct"),
        ("visibility", "reblogs_count"),
    ),
    parse=_parse,
)
