"""X's API, version 2: pages of answers as twarc2 writes them, with users and media beside."""

from collections.abc import Iterator, Mapping
from typing import Any

from frametrace.posts.readers import x_post
from frametrace.posts.readers.contract import Reader
from frametrace.posts.rows import Row, Shape, flatten
from frametrace.posts.values import json_text, parse_json, parse_list, parse_objects

__all__ = ["READER"]

_STREAMED = "data."  # a stream gives one post a line
_COLLECTED = ("__twarc.", "matching_rules")  # how and when: true of every post of the page


def _parts(row: Row) -> Iterator[Row]:
    """Take a page apart: each post with its author, its media and what it repeats."""
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
    """What a page holds beside its posts, by id."""

    def __init__(self, page: Mapping[str, str]) -> None:
        self._users = _by(page, "users", "id")
        self._media = _by(page, "media", "media_key")
        self._posts = _by(page, "tweets", "id")

    def __call__(self, post: dict[str, str]) -> dict[str, str]:
        """Put a post's author, media and the original of a repost in their places."""
        author = flatten(self._users.get(post.get("author_id", ""), {}))
        found = self._with_media(post) | {f"author.{name}": text for name, text in author.items()}
        if referenced := parse_objects(post.get("referenced_tweets", "")):
            found["referenced_tweets"] = json_text([self._original(each) for each in referenced])
        return found

    def _original(self, reference: dict[str, Any]) -> dict[str, Any]:
        if reference.get("type") != "retweeted":
            return reference
        return self._with_media(flatten(self._posts.get(str(reference.get("id")), {}))) | reference

    def _with_media(self, post: dict[str, str]) -> dict[str, str]:
        keys = parse_list(post.get("attachments.media_keys", ""))
        media = [self._media[key] for key in keys if key in self._media]
        return post | ({"attachments.media": json_text(media)} if media else {})


def _by(page: Mapping[str, str], name: str, key: str) -> dict[str, dict[str, Any]]:
    return {str(item.get(key)): item for item in parse_objects(page.get(f"includes.{name}", ""))}


READER = Reader(
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
    parse=x_post.parse,
    parts=_parts,
)
