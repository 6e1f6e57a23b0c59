"""Reads posts from X's API, version 2, in pages as twarc2 collects them or flattened, one per line.

A page, as `twarc2 search` writes it, lists posts and beside them the users, media and other posts
that they refer to. `twarc2 flatten` puts these in their places, one post per line; 4CAT stores
nearly the same (digitalmethodsinitiative/4cat, datasources/twitterv2/search_twitter.py).
"""

from collections.abc import Iterator, Mapping
from typing import Any

from frametrace.posts.model import Post
from frametrace.posts.readers.shared.reader_contract import Reader
from frametrace.posts.readers.shared.shown_files import x_media
from frametrace.posts.readers.shared.x_values import x_text
from frametrace.posts.rows import Row, Shape, flatten
from frametrace.posts.values import first_texts, json_text, parse_json, parse_list, parse_objects

__all__ = ["READERS", "REQUIRED", "parse"]

# The last ones distinguish it from other tables that have an id, an author and a time.
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

# What people see of the post; `note_tweet` holds the full text if it exceeds 280 characters.
_SHOWN = ("text", "note_tweet.text", "attachments.media", "entities.urls", "entities.hashtags")

_STREAMED = "data."  # a stream gives one post per line
_COLLECTED = ("__twarc.", "matching_rules")  # how and when it was collected


def parse(row: Row) -> Post:
    """Make a Post of a row with a flattened post's names.

    A native repost shows what it repeats: the API cuts its own text at 140 characters and gives it
    no pictures, so both are taken from the original if it was collected too.
    """
    referenced = parse_objects(row.take("referenced_tweets"))
    original = flatten(next((post for post in referenced if post.get("type") == "retweeted"), {}))
    for values in (original, row.values):
        # The media may be in the place of their keys.
        if parse_objects(values.get("attachments.media_keys", "")):
            values["attachments.media"] = values.pop("attachments.media_keys")
    shown = {name: original.get(name) or row.values.get(name, "") for name in _SHOWN}
    for name in _SHOWN:
        row.take(name)
    posted_at, precision = row.time("created_at")
    files = x_media(parse_objects(shown["attachments.media"]), link=("url",))
    return Post(
        platform="twitter",
        post_id=row.key("id"),
        account_id=row.key("author_id", "author.id"),
        account_name=row.take("author.username", "author_user.username"),
        posted_at=posted_at,
        precision=precision,
        text=x_text(shown["note_tweet.text"] or shown["text"]),
        media=files.media,
        stills=files.stills,
        links=_links(shown["entities.urls"]),
        hashtags=_hashtags(shown["entities.hashtags"]),
        repost_of=original.get("id") or row.take("referenced_tweets.retweeted.id"),
        engagement=row.counts(_COUNTS),
        extra={**row.rest(), **_references(referenced)},
        source=row.source,
        line=row.line,
    )


def _links(text: str) -> tuple[str, ...]:
    """The targets of links, without those to the post's own pictures."""
    urls = parse_objects(text)
    external = (
        url
        for url in urls
        if "media_key" not in url and not str(url.get("display_url")).startswith("pic.")
    )
    return first_texts(external, "unwound_url", "expanded_url", "url") if urls else parse_list(text)


def _hashtags(text: str) -> tuple[str, ...]:
    tags = parse_objects(text)
    return first_texts(tags, "tag") if tags else tuple(tag.lstrip("#") for tag in parse_list(text))


def _references(posts: list[dict[str, Any]]) -> Mapping[str, str]:
    """Which posts it repeats, quotes or answers, without what others wrote in them."""
    references = [{name: post.get(name) for name in ("type", "id")} for post in posts]
    return {"referenced_tweets": json_text(references)} if references else {}


def _posts_of_page(row: Row) -> Iterator[Row]:
    """Split a page: each post with its author, its media and what it repeats."""
    expand = _Expansions(row.values)
    collected = {name: text for name, text in row.values.items() if name.startswith(_COLLECTED)}
    for post in _posts(row.values):
        yield Row(expand(post) | collected, row.source, row.line)


def _posts(page: Mapping[str, str]) -> list[dict[str, str]]:
    if "data" in page:
        return _listed(page["data"])
    streamed = {name: text for name, text in page.items() if name.startswith(_STREAMED)}
    if streamed:
        return [{name.removeprefix(_STREAMED): text for name, text in streamed.items()}]
    if page.get("meta.result_count") == "0":
        return []
    raise ValueError(f"the page holds no posts; its errors: {page.get('errors', 'none')[:200]}")


def _listed(data: str) -> list[dict[str, str]]:
    try:
        posts = parse_json(data)
    except (ValueError, RecursionError):
        posts = None
    if isinstance(posts, list):
        return [flatten(post) if isinstance(post, dict) else {} for post in posts]
    raise ValueError("data is not a list of posts")


class _Expansions:
    """The users, media and posts beside the posts of a page, by id."""

    def __init__(self, page: Mapping[str, str]) -> None:
        self._users = _included(page, "users", "id")
        self._media = _included(page, "media", "media_key")
        self._posts = _included(page, "tweets", "id")

    def __call__(self, post: dict[str, str]) -> dict[str, str]:
        """Put a post's author, media and the original of a repost in their places."""
        author = flatten(self._users.get(post.get("author_id", ""), {}))
        values = self._with_media(post) | {f"author.{name}": text for name, text in author.items()}
        if referenced := parse_objects(post.get("referenced_tweets", "")):
            values["referenced_tweets"] = json_text([self._original(post) for post in referenced])
        return values

    def _original(self, reference: dict[str, Any]) -> dict[str, Any]:
        if reference.get("type") != "retweeted":
            return reference
        return self._with_media(flatten(self._posts.get(str(reference.get("id")), {}))) | reference

    def _with_media(self, post: dict[str, str]) -> dict[str, str]:
        keys = parse_list(post.get("attachments.media_keys", ""))
        media = [self._media[key] for key in keys if key in self._media]
        return post | ({"attachments.media": json_text(media)} if media else {})


def _included(page: Mapping[str, str], name: str, key: str) -> dict[str, dict[str, Any]]:
    return {str(item.get(key)): item for item in parse_objects(page.get(f"includes.{name}", ""))}


READERS = (
    Reader(
        name="x-api",
        title="X API v2 pages with their includes, as twarc2 collects them",
        example="search.jsonl",
        platform="twitter",
        time="second",
        shape=Shape.RECORDS,
        required=(
            ("data", "data.id"),
            ("includes.users", "meta.result_count", "matching_rules", "__twarc.version"),
        ),
        parse=parse,
        parts=_posts_of_page,
    ),
    Reader(
        name="x-api-flat",
        title="X API v2 posts, one per line, as twarc2 flattens them and 4CAT stores them",
        example="flattened.jsonl",
        platform="twitter",
        time="second",
        shape=Shape.RECORDS,
        required=REQUIRED,
        parse=parse,
    ),
)
