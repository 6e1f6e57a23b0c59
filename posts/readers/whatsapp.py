"""Reads a chat that WhatsApp exported, `_chat.txt` or `WhatsApp Chat with ….txt`.

Layouts of lines and dates: Pustur/whatsapp-chat-parser, src/parser.ts, and starkdmi/whats_json,
lib/src/patterns.dart. Messages in them have no ids.
"""

import re

from frametrace.posts.model import Post
from frametrace.posts.readers.shared.reader_contract import Reader
from frametrace.posts.readers.whatsapp_lines import begins, split
from frametrace.posts.rows import Row, Shape
from frametrace.posts.sources.media_files import is_media

__all__ = ["READER"]

# No short date of CLDR has the year first between dots without spaces.
_YEAR_LAST = re.compile(r"(\d{1,2}\.\d{1,2}\.)(\d\d)(?= )", re.ASCII)
_UNNAMED = "_chat"  # every chat's file on iPhones; the archive around it has the chat's name


def _parse(row: Row) -> Post:
    sender = row.key("sender")
    when = row.values.get("time", "")
    row.values["time"] = _YEAR_LAST.sub(r"\g<1>20\2", when, count=1)
    posted_at, precision = row.local_time("time")
    attached = row.values.get("attached", "")
    if is_media(attached):
        del row.values["attached"]
    return Post(
        platform="whatsapp",
        post_id=f"{_chat(row)}/{when}/{row.key('digest')}",
        account_id=sender,
        account_name=sender,
        posted_at=posted_at,
        precision=precision,
        text=row.take("text"),
        media=(attached,) if is_media(attached) else (),
        extra=row.rest(),
        source=row.source,
        line=row.line,
    )


def _chat(row: Row) -> str:
    """The name of a chat: that of the file, or of the folder or archive around it."""
    around, _, _ = row.source.rpartition("/")
    name = row.file.removesuffix(".gz").removesuffix(".txt")
    if name == _UNNAMED and around:
        return around.rpartition("/")[2].removesuffix(".zip")
    return name


READER = Reader(
    name="whatsapp",
    title="WhatsApp's export of a chat",
    example="WhatsApp Chat - Invented group/_chat.txt",
    platform="whatsapp",
    time="day: the phone's local time, without a zone",
    shape=Shape.TEXT,
    required=(),
    parse=_parse,
    begins=begins,
    split=split,
    beside=True,
)
