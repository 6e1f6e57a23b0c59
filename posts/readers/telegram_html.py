"""Telegram Desktop's export as web pages: `messages.html`, `messages2.html` and so on.

Layout: telegramdesktop/tdesktop, export/output/export_output_html.cpp. The pages don't tell the
numbers of chats and users, which `result.json` does.
"""

import re
from collections.abc import Iterable, Iterator, Mapping

from frametrace.posts.model import AccountKind, Post
from frametrace.posts.readers.account_keys import one_of_many
from frametrace.posts.readers.contract import Reader
from frametrace.posts.readers.telegram_page import messages_of
from frametrace.posts.rows import Row, Shape
from frametrace.posts.values import parse_list

__all__ = ["READER"]

_ZONED = re.compile(r"UTC(?:[+-]\d\d:\d\d)?\Z", re.ASCII)

_LARGEST = 2**26  # characters of a page; they have a thousand messages, some 2 million characters


def _begins(text: str) -> bool:
    return "<title>Exported Data</title>" in text and "js/script.js" in text


def _split(lines: Iterable[str]) -> Iterator[tuple[int, Mapping[str, str] | str]]:
    """Give each message of a page, or the reason why the page can't be read."""
    pieces: list[str] = []
    size = 0
    for line in lines:
        size += len(line)
        if size > _LARGEST:
            yield 1, f"the page is longer than {_LARGEST:,} characters"
            return
        pieces.append(line)
    yield from messages_of("".join(pieces))


def _parse(row: Row) -> Post:
    chat, name = row.key("chat"), row.key("from")
    written = row.values.get("date", "")
    zoned = _ZONED.search(written)
    posted_at, precision = row.time("date") if zoned else row.local_time("date")
    moment = f"{posted_at:%Y-%m-%dT%H:%M:%SZ}" if zoned and posted_at else written
    reactions = row.counts({"reactions": "reactions"})
    # The number is unique in its chat only, and two chats may have one title.
    post_id = "/".join(filter(None, (chat, row.key("id"), moment)))
    return Post(
        platform="telegram",
        post_id=post_id,
        account_id=one_of_many("telegram", name, post_id),
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
    title="Telegram Desktop's export as web pages; result.json tells more",
    example="ChatExport_2019-08-20/messages.html",
    platform="telegram",
    time="second; day where the export tells no zone",
    shape=Shape.TEXT,
    required=(),
    parse=_parse,
    begins=_begins,
    split=_split,
    beside=True,
)
