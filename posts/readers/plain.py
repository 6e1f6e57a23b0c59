"""Frametrace's own format, which tables and JSON records share."""

import json

from frametrace.posts.model import AccountKind, Post
from frametrace.posts.readers.post_keys import key_of
from frametrace.posts.readers.written_keys import Written, another_account, keys_of
from frametrace.posts.rows import Row
from frametrace.posts.values import parse_count, parse_list, without_surrogates

__all__ = ["REQUIRED", "parse"]

REQUIRED = (("platform",), ("post_id",), ("account_id",))

_ENGAGEMENT = "engagement."


def parse(row: Row) -> Post:
    """Make a Post of a row whose columns are named like a Post's fields."""
    platform, post_id, account_id = map(row.key, ("platform", "post_id", "account_id"))
    written = Written(platform, post_id, account_id, row.take("account_name"))
    keys = keys_of(written)
    posted_at, precision = row.time("posted_at")
    if keys.other_account:
        row.notes.append(another_account("account_id"))
        row.values |= {"account_id": written.account_id, "account_name": written.account_name}
    return Post(
        platform=keys.platform,
        post_id=keys.post_id,
        account_id=keys.account_id,
        account_kind=_kind(row.take("account_kind")),
        account_name=keys.account_name,
        posted_at=posted_at,
        precision=precision,
        text=row.take("text"),
        media=parse_list(row.take("media")),
        links=parse_list(row.take("links")),
        hashtags=parse_list(row.take("hashtags")),
        repost_of=key_of(keys.platform, row.reference("repost_of")),
        engagement=_engagement(row),
        extra={**keys.kept, **row.rest()},
        source=row.source,
        line=row.line,
    )


def _kind(text: str) -> AccountKind:
    try:
        return AccountKind(text.lower() or "account")
    except ValueError:
        kinds = ", ".join(AccountKind)
        raise ValueError(f"account_kind {text[:40]!r} is none of {kinds}") from None


def _engagement(row: Row) -> dict[str, int]:
    found = _object(row.take("engagement"))
    named = [name for name in row.values if name.startswith(_ENGAGEMENT)]
    found |= row.counts({name: name.removeprefix(_ENGAGEMENT) for name in named})
    return found


def _object(text: str) -> dict[str, int]:
    if not text:
        return {}
    try:
        counts = json.loads(text).items()
    except (ValueError, AttributeError, RecursionError):
        reason = f'engagement {text[:40]!r} is not a JSON object such as {{"likes": 3}}'
        raise ValueError(reason) from None
    read = {without_surrogates(name): parse_count(str(value)) for name, value in counts}
    return {name: number for name, number in read.items() if number is not None}
