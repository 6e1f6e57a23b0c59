"""Reads Telegram Desktop's export as web pages: `messages.html`, `messages2.html` and so on.

Layout: telegramdesktop/tdesktop, export/output/export_output_html.cpp. Unlike `result.json`, the
pages lack the numbers of chats and users.
"""

import re
from collections.abc import Iterable, Iterator, Mapping

from frametrace.posts.model import AccountKind, Post
from frametrace.posts.readers.shared.account_keys import unshared_account
from frametrace.posts.readers.shared.reader_contract import Reader
from frametrace.posts.readers.telegram_html_parser import messages_of
from frametrace.posts.rows import Row, Shape
from frametrace.posts.values import parse_list

__all__ = ["READER"]

_ZONED = re.compile(r"UTC(?:[+-]\d\d:\d\d)?\Z", re.ASCII)

_MAX_PAGE = 2**26  # characters; a page has a thousand messages, about 2 million characters


def _begins(text: str) -> bool:
    return "<title>Exported Data</title>" in text and "js/script.js" in text


def _split(lines: Iterable[str]) -> Iterator[tuple[int, Mapping[str, str] | str]]:
    """Yield each message of a page, or the reason why the page can't be read."""
    pieces: list[str] = []
    size = 0
    for line in lines:
        size += len(line)
        if size > _MAX_PAGE:
            yield 1, f"the page is longer than {_MAX_PAGE:,} characters"
            return
        pieces.append(line)
    yield from messages_of("".join(pieces))


def _parse(row: Row) -> Post:
    chat, name = row.key("chat"), row.key("from")
    date_text = row.values.get("date", "")
    has_zone = _ZONED.search(date_text)
    posted_at, precision = row.time("date") if has_zone else row.local_time("date")
    moment = f"{posted_at:%Y-%m-%dT%H:%M:%SZ}" if has_zone and posted_at else date_text
    reactions = row.counts({"reactions": "reactions"})
    # Numbers are unique only in their chat, and two chats may have the same title.
    post_id = "/".join(filter(None, (chat, row.key("id"), moment)))
    return Post(
        platform="telegram",
        post_id=post_id,
        account_id=unshared_account("telegram", name, post_id),
        account_kind=AccountKind.CHANNEL if name == chat else AccountKind.ACCOUNT,
        account_name=name,
        posted_at=posted_at,
        precision=precision,
        text=row.take("text"),
        media=parse_list(row.take("media")),
        links=parse_list(row.take("links")),
        hashtags=parse_list(row.take("hashtags")),
        repost_of=row.take("forwarded_from"),
        engagement=reactions,
        extra={"chat": chat, **row.rest()},
        source=row.source,
        line=row.line,
    )


READER = Reader(
    name="telegram-html",
    title="Telegram Desktop's export as web pages; result.json has more",
    example="ChatExport_2019-08-20/messages.html",
    platform="telegram",
    time="second; day where the export states no zone",
    shape=Shape.TEXT,
    required=(),
    parse=_parse,
    begins=_begins,
    split=_split,
    beside=True,
)
