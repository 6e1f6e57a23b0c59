"""Bluesky: posts of the AT protocol as its API shows them, alone or as items of a feed.

Its Python SDK keeps them under the same names with underscores (`model_dump`): these are read too.
Sources: bluesky-social/atproto, lexicons/app/bsky/feed/defs.json; MarshalX/atproto.
"""

import re

from frametrace.posts.model import Post
from frametrace.posts.readers.bluesky_record import features_in, links_of, pictures_of, tags_of
from frametrace.posts.readers.contract import Reader
from frametrace.posts.rows import Row, Shape
from frametrace.posts.values import first_texts, parse_objects

__all__ = ["READER"]

_COUNTS = {
    "likeCount": "likes",
    "replyCount": "replies",
    "repostCount": "reposts",
    "quoteCount": "quotes",
    "bookmarkCount": "bookmarks",
}


_SDK_NAMES = frozenset(("record.created_at", "post.record.created_at"))
_UNDERSCORE = re.compile(r"_([a-z])")


def _parse(row: Row) -> Post:
    if not _SDK_NAMES.isdisjoint(row.values):
        row.values = {_camel(name): text for name, text in row.values.items()}
    if "post.uri" in row.values:  # an item of a feed, with what it answers
        row.values = {
            name.removeprefix("post."): text
            for name, text in row.values.items()
            if not name.startswith("reply.")
        }
    uri = row.key("uri")
    reposter = row.take("reason.by.did").strip()
    did = row.values.get("author.did", "").strip() if reposter else row.key("author.did")
    who, when = ("reason.by", "reason.indexedAt") if reposter else ("author", "record.createdAt")
    posted_at, precision = row.time(when)
    features = features_in(row.take("record.facets"))
    return Post(
        platform="bluesky",
        post_id=(row.take("reason.uri").strip() or f"{uri}#{reposter}") if reposter else uri,
        account_id=reposter or did,
        account_name=row.take(f"{who}.handle"),
        posted_at=posted_at,
        precision=precision,
        text=row.take("record.text"),
        media=_media(row) or pictures_of(row, did),
        links=links_of(features, row, "embed."),
        hashtags=tags_of(features, row),
        repost_of=uri if reposter else "",
        engagement=row.counts(_COUNTS),
        extra=row.rest(),
        source=row.source,
        line=row.line,
    )


def _camel(name: str) -> str:
    """Spell a name of the SDK as the protocol does: `record.created_at`, `py_type`."""
    name = name.removesuffix("py_type") + "$type" if name.endswith("py_type") else name
    return _UNDERSCORE.sub(lambda found: found[1].upper(), name)


def _media(row: Row) -> tuple[str, ...]:
    """Pictures, and the still of a video; beside a quoted post they stand one level deeper."""
    pictures = parse_objects(row.take("embed.images", "embed.media.images"))
    still = row.take("embed.thumbnail", "embed.media.thumbnail")
    return first_texts(pictures, "fullsize", "thumb") or ((still,) if still else ())


READER = Reader(
    name="bluesky",
    title="Bluesky posts or feed items, as the AT protocol's API gives them",
    example="bluesky.jsonl",
    platform="bluesky",
    time="second",
    shape=Shape.RECORDS,
    required=(
        ("uri", "post.uri"),
        ("author.did", "post.author.did"),
        (
            *("record.createdAt", "post.record.createdAt"),
            *("record.created_at", "post.record.created_at"),
        ),
    ),
    parse=_parse,
)
