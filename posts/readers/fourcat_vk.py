"""VK posts as 4CAT stores them: as VK's API gives them, with the profile of who wrote them.

Fields: digitalmethodsinitiative/4cat, datasources/vk/search_vk.py.
"""

from collections.abc import Iterator
from typing import Any

from frametrace.posts.model import AccountKind, Post
from frametrace.posts.readers.contract import Reader
from frametrace.posts.readers.nested import objects_at, text_at
from frametrace.posts.rows import Row, Shape, flat
from frametrace.posts.values import objects_of

__all__ = ["READER", "kind_of"]

_COUNTS = {
    "likes.count": "likes",
    "comments.count": "comments",
    "reposts.count": "reposts",
    "views.count": "views",
}


def _parse(row: Row) -> Post:
    """Make a Post of a row; a post that repeats another without words shows what it repeats."""
    if row.values.get("4cat_item_type") == "comment":
        raise ValueError("it is a comment and not a post")
    number, author = row.key("id"), row.key("from_id")
    repeated = objects_of(row.take("copy_history"))
    original = flat(repeated[-1]) if repeated else {}
    text = row.take("text")
    is_repost = bool(original) and not text.strip()
    own = objects_of(row.take("attachments"))
    shown = own or (objects_at(repeated[-1], "attachments") if is_repost else [])
    posted_at, precision = row.unix("date")
    names = (row.take(f"author_profile.{part}").strip() for part in ("first_name", "last_name"))
    name = " ".join(filter(None, names))
    return Post(
        platform="vk",
        post_id=f"{row.key('owner_id')}_{number}",
        account_id=author,
        account_kind=kind_of(author, row.take("author_profile.type")),
        account_name=row.take("author_profile.name") or name,
        posted_at=posted_at,
        precision=precision,
        text=original.get("text", "") if is_repost else text,
        media=tuple(dict.fromkeys(_pictures(shown))),
        links=tuple(dict.fromkeys(filter(None, (text_at(a, "link", "url") for a in shown)))),
        repost_of=_key(original) if is_repost else "",
        engagement=row.counts(_COUNTS),
        extra=row.rest() | ({"copy_of": _key(original)} if original else {}),
        source=row.source,
        line=row.line,
    )


def kind_of(author: str, told: str) -> AccountKind:
    """What kind of author it is: numbers of communities are negative."""
    kind = AccountKind.GROUP if author.startswith("-") else AccountKind.ACCOUNT
    return AccountKind.PAGE if told.strip() == "page" else kind


def _key(original: dict[str, str]) -> str:
    owner, number = original.get("owner_id", "").strip(), original.get("id", "").strip()
    return f"{owner}_{number}" if owner and number else ""


def _pictures(attachments: list[dict[str, Any]]) -> Iterator[str]:
    for item in attachments:
        kind = text_at(item, "type")
        forms = objects_at(item, kind, "sizes") or objects_at(item, kind, "image")
        widest = max(forms, key=_width, default={})
        if link := text_at(widest, "url"):
            yield link


def _width(form: dict[str, Any]) -> int:
    width = form.get("width")
    return width if isinstance(width, int) else 0


READER = Reader(
    name="4cat-vk",
    title="VK posts, downloaded from 4CAT",
    example="vk-search-1566223402.ndjson",
    platform="vk",
    time="second",
    shape=Shape.RECORDS,
    required=(("4cat_item_type",), ("owner_id",), ("from_id",)),
    parse=_parse,
)
