"""Reads Bluesky posts as the AT protocol's API, Jetstream and listRecords write them.

The API shows posts, alone or as items of a feed; its Python SDK keeps them under the same names
with underscores (`model_dump`). Jetstream streams the events of the network, one per line,
in two versions. `com.atproto.repo.listRecords` gives the records of an account's repository.
Records have no counts and no links to pictures: these are made, as the API makes them, from the
account and the picture's hash.

Sources: bluesky-social/atproto, lexicons/app/bsky/feed/defs.json and post.json, app/bsky/embed,
lexicons/com/atproto/repo/listRecords.json; bluesky-social/jetstream, README of version 1;
MarshalX/atproto, network.bsky.jetstream.subscribeEvents, for version 2, whose events are flat in an
envelope; links to pictures as in API responses.
"""

import re
from collections.abc import Iterable
from typing import Any
from urllib.parse import quote

from frametrace.posts.model import Post
from frametrace.posts.readers.shared.json_paths import objects_at, text_at
from frametrace.posts.readers.shared.reader_contract import Reader
from frametrace.posts.readers.shared.shown_files import Shown, shown_files
from frametrace.posts.rows import Row, Shape
from frametrace.posts.values import distinct, first_texts, parse_list, parse_objects

__all__ = ["COUNTS", "READERS", "features_in"]

COUNTS = {
    "likeCount": "likes",
    "replyCount": "replies",
    "repostCount": "reposts",
    "quoteCount": "quotes",
    "bookmarkCount": "bookmarks",
}

_SDK_NAMES = frozenset(("record.created_at", "post.record.created_at"))
_UNDERSCORE = re.compile(r"_([a-z])")

_POST = "app.bsky.feed.post"
_REPOST = "app.bsky.feed.repost"
_COLLECTIONS = frozenset((_POST, _REPOST))

_CID = re.compile(r"[A-Za-z0-9]{1,200}", re.ASCII)
_URI = re.compile(r"at://(did:[\w:.%-]{1,300})/([\w.-]{1,300})/([\w.:~-]{1,512})", re.ASCII)

# Prefixes of an event's values: in version 2 of Jetstream, in version 1, once flattened.
_EVENT_PREFIXES = ("payload.", "commit.", "")
_WRITES = frozenset(("create", "update"))
_VALUE = "value."


def _parse_view(row: Row) -> Post:
    if not _SDK_NAMES.isdisjoint(row.values):
        row.values = {_camel_case(name): text for name, text in row.values.items()}
    if "post.uri" in row.values:  # an item of a feed, with the post that it replies to
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
    files = _view_files(row, did)
    return Post(
        platform="bluesky",
        post_id=(row.take("reason.uri").strip() or f"{uri}#{reposter}") if reposter else uri,
        account_id=reposter or did,
        account_name=row.take(f"{who}.handle"),
        posted_at=posted_at,
        precision=precision,
        text=row.take("record.text"),
        media=files.media,
        stills=files.stills,
        links=_links(features, row, "embed."),
        hashtags=_hashtags(features, row),
        repost_of=uri if reposter else "",
        engagement=row.counts(COUNTS),
        extra=row.rest(),
        source=row.source,
        line=row.line,
    )


def _camel_case(name: str) -> str:
    """Spell a name of the SDK as the protocol does: `record.created_at`, `py_type`."""
    name = name.removesuffix("py_type") + "$type" if name.endswith("py_type") else name
    return _UNDERSCORE.sub(lambda match: match[1].upper(), name)


def _view_files(row: Row, did: str) -> Shown:
    """Pictures, or a video and its still; beside a quoted post they are one level deeper.

    The API gives a playlist of a video; the link to its file is made from the record.
    """
    pictures = parse_objects(row.take("embed.images", "embed.media.images"))
    still = row.take("embed.thumbnail", "embed.media.thumbnail")
    if links := first_texts(pictures, "fullsize", "thumb"):
        return Shown(links)
    recorded = _record_files(row, did)
    return recorded if not still else shown_files([(next(iter(recorded.media), ""), still)])


def _posts_of_event(row: Row) -> Iterable[Row]:
    """Keep only posts and reposts; most events are likes, follows and deletions."""
    is_post = _event_value(row, "collection") in _COLLECTIONS
    if not (is_post and _event_value(row, "operation") in _WRITES):
        return ()
    for prefix in _EVENT_PREFIXES:
        row.values = {name.removeprefix(prefix): text for name, text in row.values.items()}
    return (row,)


def _event_value(row: Row, name: str) -> str:
    return next(filter(None, (row.values.get(prefix + name) for prefix in _EVENT_PREFIXES)), "")


def _parse_event(row: Row) -> Post:
    return _parse_record(row, row.key("did"), row.take("collection"), row.key("rkey"))


def _posts_of_listing(row: Row) -> Iterable[Row]:
    """Keep only posts and reposts, not likes, follows or the account's profile."""
    return (row,) if row.values.get("value.$type", _POST) in _COLLECTIONS else ()


def _parse_listed(row: Row) -> Post:
    uri = row.key("uri")
    match = _URI.fullmatch(uri)
    if match is None:
        raise ValueError(f"uri {uri[:80]!r} is not one such as at://did:plc:abc/{_POST}/1")
    row.values = {
        f"record.{name.removeprefix(_VALUE)}" if name.startswith(_VALUE) else name: text
        for name, text in row.values.items()
    }
    return _parse_record(row, match[1], match[2], match[3])


def _parse_record(row: Row, did: str, collection: str, rkey: str) -> Post:
    """Make a Post of a repository's record, whose names begin with `record.`."""
    posted_at, precision = row.time("record.createdAt")
    if posted_at is None:  # the time when it went through the stream, if any
        posted_at, precision = row.time("time_us" if "time_us" in row.values else "time")
    features = features_in(row.take("record.facets"))
    files = _record_files(row, did)
    return Post(
        platform="bluesky",
        post_id=f"at://{did}/{collection}/{rkey}",
        account_id=did,
        posted_at=posted_at,
        precision=precision,
        text=row.take("record.text"),
        media=files.media,
        stills=files.stills,
        links=_links(features, row, "record.embed."),
        hashtags=_hashtags(features, row),
        repost_of=row.take("record.subject.uri").strip() if collection == _REPOST else "",
        extra=row.rest(),
        source=row.source,
        line=row.line,
    )


def features_in(facets: str) -> list[dict[str, Any]]:
    """The features of a text's facets: links, tags, mentions."""
    listed = parse_objects(facets)
    return [feature for facet in listed for feature in objects_at(facet, "features")]


def _links(features: list[dict[str, Any]], row: Row, embed: str) -> tuple[str, ...]:
    """The links of a text, and that of a card, which is one level deeper beside a quote."""
    cards = row.take(f"{embed}external.uri"), row.take(f"{embed}media.external.uri")
    return distinct((*first_texts(features, "uri"), *cards))


def _hashtags(features: list[dict[str, Any]], row: Row) -> tuple[str, ...]:
    """The tags of a text, and those that its author hid."""
    return distinct((*first_texts(features, "tag"), *parse_list(row.take("record.tags"))))


def _record_files(row: Row, did: str) -> Shown:
    """Links to a record's pictures, or to its video and the still, as the API gives them."""
    images = parse_objects(row.take("record.embed.images", "record.embed.media.images"))
    cids = dict.fromkeys(cid for image in images if _CID.fullmatch(cid := _cid(image)))
    if cids:
        base = f"https://cdn.bsky.app/img/feed_fullsize/plain/{did}"
        return Shown(tuple(f"{base}/{cid}@jpeg" for cid in cids))
    video = row.take("record.embed.video.ref.$link", "record.embed.media.video.ref.$link").strip()
    if not _CID.fullmatch(video):
        return Shown(())
    account = quote(did, safe="")
    blob = f"https://bsky.social/xrpc/com.atproto.sync.getBlob?did={account}&cid={video}"
    return Shown((blob,), (f"https://video.bsky.app/watch/{account}/{video}/thumbnail.jpg",))


def _cid(image: dict[str, Any]) -> str:
    """The hash of a picture: the earliest records have no `ref`, the SDK spells it `link`."""
    ref = text_at(image, "image", "ref", "$link") or text_at(image, "image", "ref", "link")
    return ref or text_at(image, "image", "cid")


READERS = (
    Reader(
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
        parse=_parse_view,
    ),
    Reader(
        name="bluesky-jetstream",
        title="Bluesky's Jetstream, events one per line",
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
        parse=_parse_event,
        parts=_posts_of_event,
    ),
    Reader(
        name="bluesky-records",
        title="Bluesky records of a repository, as listRecords gives them",
        example="records.jsonl",
        platform="bluesky",
        time="second",
        shape=Shape.RECORDS,
        required=(("uri",), ("value.createdAt",), ("value.text", "value.subject.uri")),
        parse=_parse_listed,
        parts=_posts_of_listing,
    ),
)
