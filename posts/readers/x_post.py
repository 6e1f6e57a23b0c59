"""A post of X's API, version 2, once its expansions stand in their places.

So `twarc2 flatten` writes it, and twarc-csv; `x_api` brings whole pages into this form. 4CAT spells
it a little otherwise (digitalmethodsinitiative/4cat, datasources/twitterv2/search_twitter.py).
"""

from collections.abc import Mapping
from typing import Any

from frametrace.posts.model import Post
from frametrace.posts.readers.x_text import x_text
from frametrace.posts.rows import Row, flatten
from frametrace.posts.values import first_texts, json_text, parse_list, parse_objects

__all__ = ["REQUIRED", "parse"]

# The last ones tell it from other tables that have an id, an author and a time.
REQUIRED = (
    ("id",),
    ("author_id",),
    ("created_at",),
    ("conversation_id", "author.username", "public_metrics.like_count", "edit_history_tweet_ids"),
)

_COUNTS = {
    "public_metrics.like_count": "likes",
    "public_metrics.reply_count": "replies",
    "public_metrics.retweet_count": "reposts",
    "public_metrics.quote_count": "quotes",
    "public_metrics.impression_count": "views",
    "public_metrics.bookmark_count": "bookmarks",
}

# What a reader of the post sees; `note_tweet` holds the whole of a text over 280 characters.
_SHOWN = ("text", "note_tweet.text", "attachments.media", "entities.urls", "entities.hashtags")


def parse(row: Row) -> Post:
    """Make a Post of a row with a flattened post's names.

    A native repost shows what it repeats: the API cuts its own text at 140 characters and gives it
    no pictures, so both are the original's where that was collected along.
    """
    referenced = parse_objects(row.take("referenced_tweets"))
    original = flatten(next((post for post in referenced if post.get("type") == "retweeted"), {}))
    for values in (original, row.values):
        if parse_objects(values.get("attachments.media_keys", "")):  # in the place of the keys
            values["attachments.media"] = values.pop("attachments.media_keys")
    shown = {name: original.get(name) or row.values.get(name, "") for name in _SHOWN}
    for name in _SHOWN:
        row.take(name)
    posted_at, precision = row.time("created_at")
    return Post(
        platform="twitter",
        post_id=row.key("id"),
        account_id=row.key("author_id", "author.id"),
        account_name=row.take("author.username", "author_user.username"),
        posted_at=posted_at,
        precision=precision,
        text=x_text(shown["note_tweet.text"] or shown["text"]),
        media=first_texts(parse_objects(shown["attachments.media"]), "url", "preview_image_url"),
        links=_links(shown["entities.urls"]),
        hashtags=_hashtags(shown["entities.hashtags"]),
        repost_of=original.get("id") or row.take("referenced_tweets.retweeted.id"),
        engagement=row.counts(_COUNTS),
        extra={**row.rest(), **_references(referenced)},
        source=row.source,
        line=row.line,
    )


def _links(text: str) -> tuple[str, ...]:
    """Where links lead; those to the post's own pictures are left out."""
    found = parse_objects(text)
    outward = (
        link
        for link in found
        if "media_key" not in link and not str(link.get("display_url")).startswith("pic.")
    )
    return first_texts(outward, "unwound_url", "expanded_url", "url") if found else parse_list(text)


def _hashtags(text: str) -> tuple[str, ...]:
    found = parse_objects(text)
    return (
        first_texts(found, "tag") if found else tuple(tag.lstrip("#") for tag in parse_list(text))
    )


def _references(posts: list[dict[str, Any]]) -> Mapping[str, str]:
    """Which posts it repeats, quotes or answers, without what others wrote in them."""
    kept = [{name: post.get(name) for name in ("type", "id")} for post in posts]
    return {"referenced_tweets": json_text(kept)} if kept else {}
