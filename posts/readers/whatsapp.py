"""WhatsApp: a chat as its apps export it, `_chat.txt` or `WhatsApp Chat with ….txt`.

Forms of lines and of dates: Pustur/whatsapp-chat-parser, src/parser.ts, and
starkdmi/whats_json, lib/src/patterns.dart. Messages have no numbers there.
"""

import re

from frametrace.posts.model import Post
from frametrace.posts.readers.contract import Reader
from frametrace.posts.readers.whatsapp_lines import begins, split
from frametrace.posts.rows import Row, Shape
from frametrace.posts.sources.picture_files import is_picture

__all__ = ["READER"]

# Of CLDR's short dates none has the year first between dots without blanks.
_YEAR_LAST = re.compile(r"(\d{1,2}\.\d{1,2}\.)(\d\d)(?= )", re.ASCII)
_UNNAMED = "_chat"  # as iPhones call every chat, in an archive that has its name


def _parse(row: Row) -> Post:
    sender = row.key("sender")
    when = row.values.get("time", "")
    row.values["time"] = _YEAR_LAST.sub(r"\g<1>20\2", when, count=1)
    posted_at, precision = row.local_time("time")
    attached = row.values.get("attached", "")
    if is_picture(attached):
        del row.values["attached"]
    return Post(
        platform="whatsapp",
        post_id=f"{_chat(row)}/{when}/{row.key('digest')}",
        account_id=sender,
        account_name=sender,
        posted_at=posted_at,
        precision=precision,
        text=row.take("text"),
        media=(attached,) if is_picture(attached) else (),
        extra=row.rest(),
        source=row.source,
        line=row.line,
    )


def _chat(row: Row) -> str:
    """What a chat is called: as the file is, or as the folder or the archive that it lies in."""
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
    time="day: written by a phone's clock, in no stated zone",
    shape=Shape.TEXT,
    required=(),
    parse=_parse,
    begins=begins,
    split=split,
    beside=True,
)
