"""Reads Threads posts that Zeeschuimer captured; the fields are much like Instagram's.

Fields: digitalmethodsinitiative/4cat, datasources/threads/search_threads.py;
digitalmethodsinitiative/zeeschuimer, modules/threads.js.
"""

from collections.abc import Iterator
from contextlib import suppress
from urllib.parse import parse_qs, urlsplit

from frametrace.posts.model import Post
from frametrace.posts.readers.shared.post_keys import shortcode_of
from frametrace.posts.readers.zeeschuimer_instagram import account_in, files_at, post_id_in
from frametrace.posts.rows import Row

__all__ = ["parse"]

_APP = "data.text_post_app_info."
_REPOSTED = f"{_APP}share_info.reposted_post."
_COUNTS = {
    "data.like_count": "likes",
    f"{_APP}repost_count": "reposts",
    f"{_APP}direct_reply_count": "replies",
    f"{_APP}quote_count": "quotes",
}


def parse(row: Row) -> Post:
    """Make a Post of a row whose columns begin with `data.`.

    A native repost shows the text and the media of what it repeats.
    """
    posted_at, precision = row.unix("data.taken_at")
    repost_of = _repost_of(row)
    shown = _REPOSTED if repost_of else "data."
    account_id, name, account_extra = account_in(row)
    files = files_at(row, shown)
    return Post(
        platform="threads",
        post_id=post_id_in(row),
        account_id=account_id,
        account_name=name,
        posted_at=posted_at,
        precision=precision,
        text=row.take(f"{shown}caption.text"),
        media=files.media,
        stills=files.stills,
        links=tuple(_links(row)),
        repost_of=repost_of,
        engagement=row.counts(_COUNTS),
        extra=_extra(row) | account_extra,
        source=row.source,
        line=row.line,
    )


def _repost_of(row: Row) -> str:
    number = row.values.get(f"{_REPOSTED}pk", "").strip()
    return row.values.get(f"{_REPOSTED}code", "").strip() or shortcode_of(number)


def _links(row: Row) -> Iterator[str]:
    """The target of a post's link, which Threads puts into a link of its own as `u`."""
    link = row.take(f"{_APP}link_preview_attachment.url").strip()
    with suppress(ValueError):  # it can't be parsed
        link = parse_qs(urlsplit(link).query).get("u", [link])[0]
    if link:
        yield link


def _extra(row: Row) -> dict[str, str]:
    """The columns that are left, without the posts of others that it repeats or quotes."""
    others = f"{_APP}share_info."
    return {name: text for name, text in row.rest().items() if not name.startswith(others)}
