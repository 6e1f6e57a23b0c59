"""Reads X posts that Zeeschuimer captured.

Fields: digitalmethodsinitiative/4cat, datasources/twitter-import/search_twitter.py. The item's own
id is not used: earlier versions of Zeeschuimer rounded it to a float.
"""

from frametrace.posts.model import Post
from frametrace.posts.readers.shared.shown_files import x_media
from frametrace.posts.readers.shared.x_values import x_text
from frametrace.posts.rows import Row
from frametrace.posts.values import first_texts, parse_objects

__all__ = ["parse"]

_COUNTS = {
    "legacy.favorite_count": "likes",
    "legacy.reply_count": "replies",
    "legacy.retweet_count": "reposts",
    "legacy.quote_count": "quotes",
    "legacy.bookmark_count": "bookmarks",
    "views.count": "views",
    "ext_views.count": "views",
}

_NOTE = "note_tweet.note_tweet_results.result."
_USER = "core.user_results.result."


def parse(row: Row) -> Post:
    """Make a Post of a row whose columns begin with `data.`.

    A native repost shows the original's text and pictures: its own text is truncated.
    """
    at = _prefix(row, "data.", "tweet.")
    repost = f"{at}legacy.retweeted_status_result.result."
    original = _prefix(row, repost, "tweet.")
    repost_of = row.values.get(f"{original}rest_id", "")
    shown = original if repost_of else at
    posted_at, precision = row.time(f"{at}legacy.created_at")
    text = row.take(f"{shown}{_NOTE}text", f"{shown}legacy.full_text")
    tags = row.take(f"{shown}{_NOTE}entity_set.hashtags", f"{shown}legacy.entities.hashtags")
    links = row.take(f"{shown}{_NOTE}entity_set.urls", f"{shown}legacy.entities.urls")
    media = row.take(f"{shown}legacy.extended_entities.media", f"{shown}legacy.entities.media")
    shown_media = x_media(parse_objects(media), link=("media_url_https", "media_url"))
    return Post(
        platform="twitter",
        post_id=row.key(f"{at}rest_id", f"{at}legacy.id_str"),
        account_id=row.key(f"{at}legacy.user_id_str", f"{at}{_USER}rest_id", f"{at}user.id_str"),
        account_name=row.take(
            f"{at}{_USER}legacy.screen_name",
            f"{at}{_USER}core.screen_name",
            f"{at}user.screen_name",
        ),
        posted_at=posted_at,
        precision=precision,
        text=x_text(text),
        media=shown_media.media,
        stills=shown_media.stills,
        links=first_texts(parse_objects(links), "expanded_url", "url"),
        hashtags=first_texts(parse_objects(tags), "text"),
        repost_of=repost_of.strip(),
        engagement=row.counts({f"{at}{column}": count for column, count in _COUNTS.items()}),
        extra=_extra(row, at),
        source=row.source,
        line=row.line,
    )


def _prefix(row: Row, at: str, inner: str) -> str:
    """The prefix of a post's columns: a post with limited visibility is one level deeper."""
    return f"{at}{inner}" if f"{at}{inner}rest_id" in row.values else at


def _extra(row: Row, at: str) -> dict[str, str]:
    """The columns that are left, without the posts of others that it repeats or quotes."""
    row.take("item_id")
    others = (f"{at}legacy.retweeted_status_result.", f"{at}quoted_status_result.")
    return {name: value for name, value in row.rest().items() if not name.startswith(others)}
