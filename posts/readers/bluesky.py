"""Bluesky: posts of the AT protocol as its API shows them, alone or as items of a feed."""

from typing import Any

from frametrace.posts.model import Post
from frametrace.posts.readers.contract import Reader
from frametrace.posts.rows import Row, Shape
from frametrace.posts.values import objects_of, picked, values_of

__all__ = ["READER"]

_COUNTS = {
    "likeCount": "likes",
    "replyCount": "replies",
    "repostCount": "reposts",
    "quoteCount": "quotes",
    "bookmarkCount": "bookmarks",
}


def _parse(row: Row) -> Post:
    if "post.uri" in row.values:  # an item of a feed
        row.values = {name.removeprefix("post."): text for name, text in row.values.items()}
    uri = row.key("uri")
    reposter = row.take("reason.by.did").strip()
    who, when = ("reason.by", "reason.indexedAt") if reposter else ("author", "record.createdAt")
    posted_at, precision = row.time(when)
    features = _features(row.take("record.facets"))
    external = row.take("embed.external.uri"), row.take("embed.media.external.uri")
    tags = *picked(features, "tag"), *values_of(row.take("record.tags"))
    return Post(
        platform="bluesky",
        post_id=(row.take("reason.uri").strip() or f"{uri}#{reposter}") if reposter else uri,
        account_id=reposter or row.key("author.did"),
        account_name=row.take(f"{who}.handle"),
        posted_at=posted_at,
        precision=precision,
        text=row.take("record.text"),
        media=_media(row),
        links=tuple(dict.fromkeys(filter(None, (*picked(features, "uri"), *external)))),
        hashtags=tuple(dict.fromkeys(tags)),
        repost_of=uri if reposter else "",
        engagement=row.counts(_COUNTS),
        extra=row.rest(),
        source=row.source,
        line=row.line,
    )


def _features(text: str) -> list[dict[str, Any]]:
    """What parts of the text are marked as: links, tags, mentions."""
    lists = [facet.get("features") for facet in objects_of(text)]
    marked = [feature for features in lists if isinstance(features, list) for feature in features]
    return [feature for feature in marked if isinstance(feature, dict)]


def _media(row: Row) -> tuple[str, ...]:
    """Pictures, and the still of a video; beside a quoted post they stand one level deeper."""
    pictures = objects_of(row.take("embed.images", "embed.media.images"))
    still = row.take("embed.thumbnail", "embed.media.thumbnail")
    return picked(pictures, "fullsize", "thumb") or ((still,) if still else ())


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
        ("record.createdAt", "post.record.createdAt"),
    ),
    parse=_parse,
)
