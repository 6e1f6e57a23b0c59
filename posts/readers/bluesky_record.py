"""A record of Bluesky, a post or a repost, as it lies in its author's repository.

Nobody's answers have been added to it, nor links to its pictures: these are made as the API makes
them, of the account and the picture's own hash. Sources: bluesky-social/atproto,
lexicons/app/bsky/feed/post.json and app/bsky/embed; links as its API's answers show them.
"""

import re
from typing import Any
from urllib.parse import quote

from frametrace.posts.model import Post
from frametrace.posts.readers.nested import text_at
from frametrace.posts.rows import Row
from frametrace.posts.values import distinct, first_texts, parse_list, parse_objects

__all__ = ["POST", "REPOST", "features_in", "links_of", "parse", "pictures_of", "tags_of"]

POST = "app.bsky.feed.post"
REPOST = "app.bsky.feed.repost"

_CID = re.compile(r"[A-Za-z0-9]{1,200}", re.ASCII)


def parse(row: Row, did: str, collection: str, rkey: str) -> Post:
    """Make a Post of a row whose names begin with `record.`."""
    posted_at, precision = row.time("record.createdAt")
    if posted_at is None:  # when it went through the stream, where it did
        posted_at, precision = row.time("time_us" if "time_us" in row.values else "time")
    features = features_in(row.take("record.facets"))
    return Post(
        platform="bluesky",
        post_id=f"at://{did}/{collection}/{rkey}",
        account_id=did,
        posted_at=posted_at,
        precision=precision,
        text=row.take("record.text"),
        media=pictures_of(row, did),
        links=links_of(features, row, "record.embed."),
        hashtags=tags_of(features, row),
        repost_of=row.take("record.subject.uri").strip() if collection == REPOST else "",
        extra=row.rest(),
        source=row.source,
        line=row.line,
    )


def features_in(text: str) -> list[dict[str, Any]]:
    """What parts of the text are marked as: links, tags, mentions."""
    lists = [facet.get("features") for facet in parse_objects(text)]
    marked = [feature for features in lists if isinstance(features, list) for feature in features]
    return [feature for feature in marked if isinstance(feature, dict)]


def links_of(features: list[dict[str, Any]], row: Row, embed: str) -> tuple[str, ...]:
    """The links of a text, and that of a card, which stands one level deeper beside a quote."""
    cards = row.take(f"{embed}external.uri"), row.take(f"{embed}media.external.uri")
    return distinct((*first_texts(features, "uri"), *cards))


def tags_of(features: list[dict[str, Any]], row: Row) -> tuple[str, ...]:
    """The tags of a text, and those that its author hid."""
    return tuple(
        dict.fromkeys((*first_texts(features, "tag"), *parse_list(row.take("record.tags"))))
    )


def pictures_of(row: Row, did: str) -> tuple[str, ...]:
    """Links to a record's pictures, or to the still of its video, as the API gives them."""
    images = parse_objects(row.take("record.embed.images", "record.embed.media.images"))
    cids = dict.fromkeys(cid for image in images if _CID.fullmatch(cid := _cid(image)))
    if cids:
        at = f"https://cdn.bsky.app/img/feed_fullsize/plain/{did}"
        return tuple(f"{at}/{cid}@jpeg" for cid in cids)
    video = row.take("record.embed.video.ref.$link", "record.embed.media.video.ref.$link").strip()
    at = f"https://video.bsky.app/watch/{quote(did, safe='')}"
    return (f"{at}/{video}/thumbnail.jpg",) if _CID.fullmatch(video) else ()


def _cid(image: dict[str, Any]) -> str:
    """The hash of a picture: its first records held it without `ref`, the SDK spells it `link`."""
    ref = text_at(image, "image", "ref", "$link") or text_at(image, "image", "ref", "link")
    return ref or text_at(image, "image", "cid")
