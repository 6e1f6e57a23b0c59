"""Reads Frametrace's own format, as a table or as JSON records.

In a table, lists are written as JSON, as Python prints them, or as `a|b`.
"""

from frametrace.posts.model import AccountKind, Post
from frametrace.posts.readers.shared.post_keys import post_key
from frametrace.posts.readers.shared.reader_contract import Reader
from frametrace.posts.readers.shared.written_keys import Written, another_account, keys_of
from frametrace.posts.rows import Row, Shape
from frametrace.posts.values import json_value, parse_count, parse_list, without_surrogates

__all__ = ["READERS"]

_REQUIRED = (("platform",), ("post_id",), ("account_id",))

_ENGAGEMENT = "engagement."


def _parse(row: Row) -> Post:
    platform, post_id, account_id = map(row.key, ("platform", "post_id", "account_id"))
    written = Written(platform, post_id, account_id, row.take("account_name"))
    keys = keys_of(written)
    posted_at, precision = row.time("posted_at")
    if keys.other_account:
        row.notes.append(another_account("account_id"))
        row.values |= {"account_id": written.account_id, "account_name": written.account_name}
    reposted = row.reference("repost_of")
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
        repost_of=post_key(keys.platform, reposted) if reposted else "",
        engagement=_engagement(row),
        extra={**keys.extra, **row.rest()},
        source=row.source,
        line=row.line,
    )


def _kind(text: str) -> AccountKind:
    if not text:
        return AccountKind.ACCOUNT
    try:
        return AccountKind(text.lower())
    except ValueError:
        kinds = ", ".join(AccountKind)
        raise ValueError(f"account_kind {text[:40]!r} is not one of {kinds}") from None


def _engagement(row: Row) -> dict[str, int]:
    counts = _counts_in(row.take("engagement"))
    for column in [name for name in row.values if name.startswith(_ENGAGEMENT)]:
        if (number := parse_count(row.values[column])) is not None:
            counts[column.removeprefix(_ENGAGEMENT)] = number
            del row.values[column]
    return counts


def _counts_in(text: str) -> dict[str, int]:
    if not text:
        return {}
    try:
        items = json_value(text).items()
    except (ValueError, AttributeError, RecursionError):
        reason = f'engagement {text[:40]!r} is not a JSON object such as {{"likes": 3}}'
        raise ValueError(reason) from None
    counts = {without_surrogates(name): parse_count(str(value)) for name, value in items}
    return {name: number for name, number in counts.items() if number is not None}


READERS = (
    Reader(
        name="plain-csv",
        title="Frametrace's own columns",
        example="posts.csv",
        platform="as written",
        time="as written",
        shape=Shape.TABLE,
        required=_REQUIRED,
        parse=_parse,
    ),
    Reader(
        name="plain-jsonl",
        title="Frametrace's own fields, one record per line",
        example="posts.jsonl",
        platform="as written",
        time="as written",
        shape=Shape.RECORDS,
        required=_REQUIRED,
        parse=_parse,
    ),
)
