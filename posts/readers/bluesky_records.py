"""Bluesky: the records of an account's repository, as `com.atproto.repo.listRecords` gives them.

Source: bluesky-social/atproto, lexicons/com/atproto/repo/listRecords.json.
"""

import re
from collections.abc import Iterable

from frametrace.posts.model import Post
from frametrace.posts.readers import bluesky_record
from frametrace.posts.readers.shared.reader_contract import Reader
from frametrace.posts.rows import Row, Shape

__all__ = ["READER"]

_VALUE = "value."
_URI = re.compile(r"at://(did:[\w:.%-]{1,300})/([\w.-]{1,300})/([\w.:~-]{1,512})", re.ASCII)
_COLLECTIONS = frozenset((bluesky_record.POST, bluesky_record.REPOST))


def _posts_of(row: Row) -> Iterable[Row]:
    """Leave out records of other kinds: likes, follows, the account's profile."""
    kind = row.values.get("value.$type", bluesky_record.POST)
    return (row,) if kind in _COLLECTIONS else ()


def _parse(row: Row) -> Post:
    uri = row.key("uri")
    named = _URI.fullmatch(uri)
    if named is None:
        raise ValueError(
            f"uri {uri[:80]!r} is not one such as at://did:plc:abc/{bluesky_record.POST}/1"
        )
    row.values = {
        f"record.{name.removeprefix(_VALUE)}" if name.startswith(_VALUE) else name: text
        for name, text in row.values.items()
    }
    return bluesky_record.parse(row, named[1], named[2], named[3])


READER = Reader(
    name="bluesky-records",
    title="Bluesky records of a repository, as listRecords gives them",
    example="records.jsonl",
    platform="bluesky",
    time="second",
    shape=Shape.RECORDS,
    required=(("uri",), ("value.createdAt",), ("value.text", "value.subject.uri")),
    parse=_parse,
    parts=_posts_of,
)
