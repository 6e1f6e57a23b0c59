"""Writes the items of a tip: signals, times, counts, and accounts by pseudonym."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from frametrace.embed.signals.caption import Caption
from frametrace.matcher.tips.canonical_json import short_digest
from frametrace.matcher.tips.pseudonyms import pseudonym

__all__ = ["POSTS_OF_ITEM", "Disclosure", "item_document", "item_documents"]

_MAX_CAPTION = 100_000  # characters, as in the schema
_MAX_ACCOUNTS = 100_000  # of an item; if more share it, that says nothing about any one of them
_BLOCK = 10_000  # items converted to Python objects at a time

# The columns, of a query over the selected posts, that every item needs.
POSTS_OF_ITEM = """
    list_sort(list(DISTINCT sha256)) AS digests,
    strftime(min(posted_at), '%Y-%m-%dT%H:%MZ') AS first_seen,
    strftime(max(posted_at), '%Y-%m-%dT%H:%MZ') AS last_seen,
    list_sort(list(DISTINCT {'platform': platform, 'kind': account_kind, 'id': account_id}))
        AS accounts,
    list_sort(list(DISTINCT {'platform': platform, 'kind': account_kind, 'post': post_id}))
        AS posts
"""


@dataclass(frozen=True, slots=True)
class Disclosure:
    """What items say of accounts and captions: the key of the pseudonyms, None for real ids."""

    key: bytes | None
    with_captions: bool


def item_documents(rows: pa.Table, disclosure: Disclosure) -> Iterator[dict[str, Any]]:
    """The items one by one, as a tip holds them; rows as `export` makes them."""
    for batch in rows.to_batches(max_chunksize=_BLOCK):
        for row in batch.to_pylist():
            yield item_document(row, _signals(row), disclosure)


def item_document(
    row: Mapping[str, Any], signals: Mapping[str, Any], disclosure: Disclosure
) -> dict[str, Any]:
    """One item, from the columns of `POSTS_OF_ITEM`, `kind` and perhaps `caption`."""
    item = {
        "id": f"{row['kind']}-{short_digest(signals)}",
        "signals": signals,
        "counts": _counts(row),
    }
    if len(row["accounts"]) <= _MAX_ACCOUNTS:
        names = (_account_name(account, disclosure.key) for account in row["accounts"])
        item["accounts"] = sorted(names)
    seen = {name: row[name] for name in ("first_seen", "last_seen") if row[name]}
    caption = row.get("caption") if disclosure.with_captions else None
    return {**item, **seen, **({"caption": caption[:_MAX_CAPTION]} if caption else {})}


def _signals(row: Mapping[str, Any]) -> dict[str, Any]:
    signals: dict[str, Any] = {}
    if row["pdq"] is not None:
        signals["pdq"] = {"hash": row["pdq"].hex(), "quality": row["quality"]}
    if row["phash"] is not None:
        signals["phash"] = row["phash"].hex()
    if row["caption_key"] is not None:
        signals["caption_key"] = "".join(f"{number:08x}" for number in row["caption_key"])
    if row.get("local") is not None:
        signals["local"] = row["local"]
    if row.get("vector") is not None:
        signals[Caption.name] = row["vector"]
    return signals


def _account_name(account: Mapping[str, str], key: bytes | None) -> str:
    if key is None:
        return f"{account['platform']}/{account['id']}"
    return pseudonym(key, account["platform"], account["id"])


def _counts(row: Mapping[str, Any]) -> list[dict[str, Any]]:
    counts: dict[tuple[str, str], dict[str, int]] = {}
    for name in ("accounts", "posts"):
        for entry in row[name]:
            key = entry["platform"], entry["kind"]
            counts.setdefault(key, {"accounts": 0, "posts": 0})[name] += 1
    return [
        {"platform": platform, "kind": kind, **numbers}
        for (platform, kind), numbers in sorted(counts.items())
    ]
