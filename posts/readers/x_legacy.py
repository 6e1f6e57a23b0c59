"""A post of X as its API showed it up to version 1.1, which tools of that time write.

Sources: docs of the X API v1.1 (Tweet object, entities, extended entities); DocNow/twarc,
twarc/json2csv.py.
"""

import re
from dataclasses import dataclass
from typing import Any

from frametrace.posts.readers.x_text import x_text
from frametrace.posts.rows import Row
from frametrace.posts.values import first_texts, parse_objects

__all__ = ["COUNTS", "Shown", "repeated", "shown"]

COUNTS = {
    "favorite_count": "likes",
    "reply_count": "replies",
    "retweet_count": "reposts",
    "quote_count": "quotes",
}

# Streams cut a long post and put the whole of it into `extended_tweet`; `entities` has one picture.
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
_PAGE = re.compile(
    r"https?://(?:www\.)?(?:twitter|x)\.com/(\w{1,15})/status/(\d{1,20})/(?:photo|video)/", re.ASCII
)
_ITSELF = "https://twitter.com/i/web/status/"  # where a post that was cut leads


@dataclass(frozen=True, slots=True)
class Shown:
    """What a reader of a post sees: `media` are its pictures and videos as the API tells them."""

    text: str
    media: tuple[dict[str, Any], ...]
    links: tuple[str, ...]
    hashtags: tuple[str, ...]

    @property
    def pictures(self) -> tuple[str, ...]:
        """Links to its pictures; for a video, to its still."""
        return first_texts(self.media, "media_url_https", "media_url")


def shown(row: Row, at: str = "") -> Shown:
    """Take what a post shows whose names begin with `at`."""
    text, media, urls, hashtags = (
        row.take(*(at + name for name in names)) for names in (_TEXT, _MEDIA, _URLS, _HASHTAGS)
    )
    links = first_texts(parse_objects(urls), "expanded_url", "url")
    return Shown(
        text=x_text(text),
        media=tuple(parse_objects(media)),
        links=tuple(link for link in links if not link.startswith(_ITSELF)),
        hashtags=first_texts(parse_objects(hashtags), "text"),
    )


def repeated(post: Shown) -> str:
    """The id of what a native repost repeats, where only its text and pictures tell.

    Its pictures lead to the post that they were first in: that is the original, if it is of the
    account that the text names. Else it is known whose post was repeated, not which: `@name`.
    """
    whose = _REPOST.match(post.text)
    if whose is None:
        return ""
    for item in post.media:
        page = _PAGE.match(str(item.get("expanded_url")))
        if page and page[1].lower() == whose[1].lower():
            return page[2]
    return f"@{whose[1]}"
