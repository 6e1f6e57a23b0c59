"""Converts posts, profiles, pictures and links to rows of a case's Arrow tables."""

import hashlib
from collections.abc import Collection, Iterable, Mapping
from typing import Any

import pyarrow as pa

from frametrace.case.schemas import ACCOUNT_PROFILES, GUESSED, MEDIA, POST_MEDIA, POSTS, SKIPPED
from frametrace.posts.model import Account, MediaItem, Post
from frametrace.posts.values import json_encoder

__all__ = [
    "accounts_table",
    "guessed_table",
    "links_table",
    "media_table",
    "posts_table",
    "skipped_table",
]

_sorted, _unsorted = json_encoder(sort_keys=True), json_encoder()


def posts_table(posts: Collection[Post]) -> pa.Table:
    """Posts as rows of `posts`, built by column: a dictionary per row would take twice as long."""
    columns: dict[str, list[Any]] = {
        "platform": [post.platform for post in posts],
        "post_id": [post.post_id for post in posts],
        "account_id": [post.account_id for post in posts],
        "account_kind": [post.account_kind for post in posts],
        "account_name": [post.account_name or None for post in posts],
        "posted_at": [post.posted_at for post in posts],
        "precision": [post.precision for post in posts],
        "text": [post.text or None for post in posts],
        "caption_sha256": [_digest_of(post.text) for post in posts],
        "links": [post.links for post in posts],
        "hashtags": [post.hashtags for post in posts],
        "repost_of": [post.repost_of or None for post in posts],
        "engagement": [_json(post.engagement) for post in posts],
        "extra": [_json(post.extra) for post in posts],
        "source": [post.source for post in posts],
        "line": [post.line for post in posts],
    }
    return pa.table(columns, POSTS)


def _digest_of(text: str) -> str | None:
    return hashlib.sha256(text.encode()).hexdigest() if text else None


def _json(values: Mapping[str, int] | Mapping[str, str]) -> str | None:
    if not values:
        return None
    return _sorted(values) if len(values) > 1 else _unsorted(values)


def accounts_table(accounts: Iterable[Account]) -> pa.Table:
    """Profiles as rows of `accounts`."""
    rows = [
        {
            "platform": account.platform,
            "account_id": account.account_id,
            "account_kind": str(account.kind),
            "account_name": account.name or None,
            "created_at": account.created_at,
            "extra": _json(account.extra),
            "source": account.source,
            "line": account.line,
        }
        for account in accounts
    ]
    return pa.Table.from_pylist(rows, ACCOUNT_PROFILES)


def media_table(items: Iterable[MediaItem]) -> pa.Table:
    """Pictures as rows of `media`."""
    rows = [
        {"sha256": item.sha256, "root": item.root, "path": item.path, "size": item.size}
        for item in items
    ]
    return pa.Table.from_pylist(rows, MEDIA)


def links_table(
    keys: Iterable[tuple[str, str, str]], items: Mapping[tuple[str, str, str], MediaItem]
) -> pa.Table:
    """Which posts have which pictures, (platform, post id, SHA-256), as rows of `post_media`."""
    rows = [
        {"platform": key[0], "post_id": key[1], "sha256": key[2], "path": items[key].path}
        for key in keys
    ]
    return pa.Table.from_pylist(rows, POST_MEDIA)


def guessed_table(paths: Mapping[tuple[str, str, str], str]) -> pa.Table:
    """Links that are guesses, with the full path of each picture's file, as rows of `guessed`."""
    rows = [
        {"platform": key[0], "post_id": key[1], "sha256": key[2], "place": path}
        for key, path in paths.items()
    ]
    return pa.Table.from_pylist(rows, GUESSED)


def skipped_table(rows: Iterable[tuple[str, int, str, str]]) -> pa.Table:
    """Source, line, item and reason as rows of `skipped`."""
    names = ("source", "line", "item", "reason")
    return pa.Table.from_pylist([dict(zip(names, row, strict=True)) for row in rows], SKIPPED)
