"""Bluesky's Jetstream: what happens on the network, one event a line; its first and second version.

Sources: bluesky-social/jetstream, README of version 1; MarshalX/atproto,
network.bsky.jetstream.subscribeEvents, for version 2, whose events lie flat in an envelope.
"""

from collections.abc import Iterable

from frametrace.posts.model import Post
from frametrace.posts.readers import bluesky_record
from frametrace.posts.readers.shared.reader_contract import Reader
from frametrace.posts.rows import Row, Shape

__all__ = ["READER"]

_LEVELS = ("payload.", "commit.", "")
_WRITTEN = frozenset(("create", "update"))
_COLLECTIONS = frozenset((bluesky_record.POST, bluesky_record.REPOST))


def _posts_of(row: Row) -> Iterable[Row]:
    """Leave out likes, follows, deletions, and news of accounts: most of what happens."""
    if not (_said(row, "collection") in _COLLECTIONS and _said(row, "operation") in _WRITTEN):
        return ()
    for level in _LEVELS:
        row.values = {name.removeprefix(level): text for name, text in row.values.items()}
    return (row,)


def _said(row: Row, name: str) -> str:
    return next(filter(None, (row.values.get(level + name) for level in _LEVELS)), "")


def _parse(row: Row) -> Post:
    return bluesky_record.parse(row, row.key("did"), row.take("collection"), row.key("rkey"))


READER = Reader(
    name="bluesky-jetstream",
    title="Bluesky's Jetstream, events one a line",
    example="jetstream.jsonl",
    platform="bluesky",
    time="second",
    shape=Shape.RECORDS,
    required=(
        ("did", "payload.did"),
        ("commit.collection", "payload.collection", "collection"),
        ("commit.rkey", "payload.rkey", "rkey"),
        ("commit.operation", "payload.operation", "operation"),
    ),
    parse=_parse,
    parts=_posts_of,
)
