"""Reads posts from X's API, version 1.1, as twarc 1, tweepy and DocNow's Hydrator keep them.

Tools of that time write the same fields in other layouts; their readers use `content_of`.

Sources: docs of the X API v1.1 (Tweet object, entities, extended entities, streaming messages);
DocNow/twarc, twarc/json2csv.py.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from frametrace.posts.model import Post
from frametrace.posts.readers.shared.reader_contract import Reader
from frametrace.posts.readers.shared.shown_files import Shown, x_media
from frametrace.posts.readers.shared.x_values import x_text
from frametrace.posts.rows import Row, Shape
from frametrace.posts.values import first_texts, parse_objects

__all__ = ["COUNTS", "READER", "Content", "content_of", "repost_of"]

COUNTS = {
    "favorite_count": "likes",
    "reply_count": "replies",
    "retweet_count": "reposts",
    "quote_count": "quotes",
}

# Streams truncate a long post and put all of it into `extended_tweet`; `entities` has one picture.
_TEXT = ("extended_tweet.full_text", "full_text", "text")
_MEDIA = (
    "extended_tweet.extended_entities.media",
    "extended_entities.media",
    "extended_tweet.entities.media",
    "entities.media",
)
_URLS = ("extended_tweet.entities.urls", "entities.urls")
_HASHTAGS = ("extended_tweet.entities.hashtags", "entities.hashtags")

_REPOST = re.compile(r"RT @(\w{1,15}): ", re.ASCII)
_PICTURE_PAGE = re.compile(
    r"https?://(?:www\.)?(?:twitter|x)\.com/(\w{1,15})/status/(\d{1,20})/(?:photo|video)/", re.ASCII
)
_LINK_TO_ITSELF = "https://twitter.com/i/web/status/"  # a truncated post ends with this

_ORIGINAL = "retweeted_status."
_BY_OTHERS = (_ORIGINAL, "quoted_status.")  # what others wrote

# Notices between the posts of a stream, such as deletions and limits.
_NOTICES = (
    *("delete.", "disconnect.", "limit.", "scrub_geo."),
    *("status_withheld.", "user_withheld.", "warning."),
)


@dataclass(frozen=True, slots=True)
class Content:
    """What people see of a post; `media` are its pictures and videos as the API describes them."""

    text: str
    media: tuple[dict[str, Any], ...]
    links: tuple[str, ...]
    hashtags: tuple[str, ...]

    @property
    def shown(self) -> Shown:
        """Links to its pictures and videos, and to the stills of these."""
        return x_media(self.media, link=("media_url_https", "media_url"))


def content_of(row: Row, prefix: str = "") -> Content:
    """Take the content of a post from the columns whose names begin with `prefix`."""
    text, media, urls, hashtags = (
        row.take(*(prefix + name for name in names)) for names in (_TEXT, _MEDIA, _URLS, _HASHTAGS)
    )
    links = first_texts(parse_objects(urls), "expanded_url", "url")
    return Content(
        text=x_text(text),
        media=tuple(parse_objects(media)),
        links=tuple(link for link in links if not link.startswith(_LINK_TO_ITSELF)),
        hashtags=first_texts(parse_objects(hashtags), "text"),
    )


def repost_of(content: Content) -> str:
    """The id of the post that a native repost repeats, if only text and pictures identify it.

    Its pictures link to the post that first had them: that is the original if it is by the
    account that the text names. Otherwise only that account is known: `@name`.
    """
    author = _REPOST.match(content.text)
    if author is None:
        return ""
    for item in content.media:
        page = _PICTURE_PAGE.match(str(item.get("expanded_url")))
        if page and page[1].lower() == author[1].lower():
            return page[2]
    return f"@{author[1]}"


def _posts_of(row: Row) -> Iterable[Row]:
    is_notice = all(name.startswith(_NOTICES) for name in row.values)
    return () if row.values and is_notice else (row,)


def _parse(row: Row) -> Post:
    post_id = row.key("id_str")
    row.take("id")  # many programs round it
    original_id = row.reference(f"{_ORIGINAL}id_str")
    posted_at, precision = row.time("created_at")
    content = _shown_content(row)
    files = content.shown
    return Post(
        platform="twitter",
        post_id=post_id,
        account_id=row.key("user.id_str"),
        account_name=row.take("user.screen_name"),
        posted_at=posted_at,
        precision=precision,
        text=content.text,
        media=files.media,
        stills=files.stills,
        links=content.links,
        hashtags=content.hashtags,
        repost_of=original_id,
        engagement=row.counts(COUNTS),
        extra=_extra(row),
        source=row.source,
        line=row.line,
    )


def _shown_content(row: Row) -> Content:
    """The content of a post; a native repost's text is truncated, so it shows the original's."""
    own, original = content_of(row), content_of(row, _ORIGINAL)
    if not original.text:
        return own
    return replace(original, media=original.media or own.media)


def _extra(row: Row) -> dict[str, str]:
    return {name: text for name, text in row.rest().items() if not name.startswith(_BY_OTHERS)}


READER = Reader(
    name="x-api-v1",
    title="X API v1.1 posts, as twarc 1, tweepy or Hydrator keep them",
    example="tweets.jsonl",
    platform="twitter",
    time="second",
    shape=Shape.RECORDS,
    required=(
        ("id_str",),
        ("user.id_str",),
        ("created_at",),
        ("full_text", "text", "extended_tweet.full_text"),
    ),
    parse=_parse,
    parts=_posts_of,
)
