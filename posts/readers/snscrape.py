"""Reads X posts from snscrape's JSON records, with newer and older field names."""

from typing import Any

from frametrace.posts.model import Post
from frametrace.posts.readers.shared.json_paths import objects_at, text_at
from frametrace.posts.readers.shared.platforms import PLATFORMS, platform_or
from frametrace.posts.readers.shared.reader_contract import Reader
from frametrace.posts.readers.shared.shown_files import best_variant, shown_files
from frametrace.posts.readers.shared.x_values import x_text
from frametrace.posts.rows import Row, Shape
from frametrace.posts.values import first_texts, parse_list, parse_objects

__all__ = ["READER"]

_COUNTS = {
    "likeCount": "likes",
    "replyCount": "replies",
    "retweetCount": "reposts",
    "quoteCount": "quotes",
    "viewCount": "views",
    "bookmarkCount": "bookmarks",
}


def _parse(row: Row) -> Post:
    kind = row.take("_type")
    if "." in kind and ".twitter." not in kind:
        raise ValueError(f"{kind[:80]} is not an X post; only X posts are read")
    site = platform_or(row.values.get("url", ""), "twitter")
    if site in PLATFORMS and site != "twitter":
        raise ValueError(f"its url leads to {site}: it is not an X post")
    posted_at, precision = row.time("date")
    shown = shown_files(map(_file_and_still, parse_objects(row.take(*_in_repost("media")))))
    return Post(
        platform="twitter",
        post_id=row.key("id"),
        account_id=row.key("user.id"),
        account_name=row.take("user.username"),
        posted_at=posted_at,
        precision=precision,
        # A repost has a truncated text and no pictures, so the original's are taken.
        text=x_text(row.take(*_in_repost("rawContent"), *_in_repost("content"))),
        media=shown.media,
        stills=shown.stills,
        links=_links(row.take(*_in_repost("links"), *_in_repost("outlinks"))),
        hashtags=parse_list(row.take(*_in_repost("hashtags"))),
        repost_of=row.take("retweetedTweet.id"),
        engagement=row.counts(_COUNTS),
        extra=row.rest(),
        source=row.source,
        line=row.line,
    )


def _file_and_still(item: dict[str, Any]) -> tuple[str, str]:
    video = best_variant(objects_at(item, "variants"))
    return text_at(item, "fullUrl") or video, text_at(item, "thumbnailUrl")


def _in_repost(name: str) -> tuple[str, str]:
    return f"retweetedTweet.{name}", name


def _links(text: str) -> tuple[str, ...]:
    links = parse_objects(text)
    return first_texts(links, "url") if links else parse_list(text)


READER = Reader(
    name="snscrape",
    title="X posts from snscrape",
    example="snscrape.jsonl",
    platform="twitter",
    time="second",
    shape=Shape.RECORDS,
    required=(
        *(("id",), ("user.id",), ("date",), ("rawContent", "content")),
        ("user.username", "_type", "conversationId"),
    ),
    parse=_parse,
)
