"""VK: posts on walls as its API gives them (wall.get, wall.getById, newsfeed.search).

Fields: dev.vk.com, "Wall post", "Photo" and "Video"; negezor/vk-io, IWallPostContextPayload.
"""

from typing import Any

from frametrace.posts.model import AccountKind, Post
from frametrace.posts.readers.contract import Reader
from frametrace.posts.readers.nested import objects_at, text_at
from frametrace.posts.rows import Row, Shape
from frametrace.posts.values import distinct, parse_objects

__all__ = ["READER", "kind_of", "parse"]

_COUNTS = {
    "likes.count": "likes",
    "comments.count": "comments",
    "reposts.count": "reposts",
    "views.count": "views",
}

# Kinds of sizes, for those without a width: the cropped ones before those of the whole picture.
_SIZES = "smopqrxyzw"
_OLDER = ("photo_2560", "photo_1280", "photo_807", "photo_604", "photo_130", "src_big")
_PHOTOS = frozenset({"photo", "posted_photo", "graffiti"})


def parse(row: Row) -> Post:
    """Make a Post; one shared without a word is the other's, one with words is its own."""
    if row.values.get("is_deleted") in {"true", "1"}:
        raise ValueError("the post was deleted")
    owner = row.key("owner_id", "to_id")
    post_id, author = f"{owner}_{row.key('id')}", row.key("from_id")
    posted_at, precision = row.unix("date")
    text, attached = row.take("text"), parse_objects(row.take("attachments"))
    original = _original(row)
    is_repost = bool(original) and not text.strip() and not attached
    shown = objects_at(original, "attachments") if is_repost else attached
    return Post(
        platform="vk",
        post_id=post_id,
        account_id=author,
        account_kind=kind_of(author, row.take("author_profile.type")),
        account_name=_name(row),
        posted_at=posted_at,
        precision=precision,
        text=text_at(original, "text") if is_repost else text,
        media=distinct(map(_picture, shown)),
        links=distinct(text_at(item, "link", "url") for item in shown),
        repost_of=_key(original) if is_repost else "",
        engagement=row.counts(_COUNTS),
        extra=row.rest() | ({"copy_of": _key(original)} if original and not is_repost else {}),
        source=row.source,
        line=row.line,
    )


def kind_of(author: str, told: str) -> AccountKind:
    """What kind of author it is: numbers of communities are negative."""
    kind = AccountKind.GROUP if author.startswith("-") else AccountKind.ACCOUNT
    return AccountKind.PAGE if told.strip() == "page" else kind


def _name(row: Row) -> str:
    """What its author is called, where a profile stands beside the post."""
    names = (row.take(f"author_profile.{part}").strip() for part in ("first_name", "last_name"))
    whole = " ".join(filter(None, names))
    return row.take("author_profile.name").strip() or whole


def _original(row: Row) -> dict[str, Any]:
    """The post at the root of what a post repeats; nothing if it repeats none."""
    shared = [item for item in parse_objects(row.take("copy_history")) if _key(item)]
    return shared[-1] if shared else {}


def _key(post: dict[str, Any]) -> str:
    owner, number = post.get("owner_id", post.get("to_id")), post.get("id")
    sound = all(type(part) is int for part in (owner, number))
    return f"{owner}_{number}" if sound else ""


def _picture(attached: dict[str, Any]) -> str:
    """The largest form of a photo, of a picture sent as a file, or of a video's still."""
    kind = text_at(attached, "type")
    inner = attached.get(kind)
    if not isinstance(inner, dict):
        return ""
    if kind in _PHOTOS:
        return text_at(inner, "orig_photo", "url") or _largest(inner.get("sizes")) or _older(inner)
    if kind == "video":
        return _largest(inner.get("image")) or _older(inner)
    if kind == "doc":
        preview = inner.get("preview")
        photo = preview.get("photo") if isinstance(preview, dict) else None
        return _largest(photo.get("sizes")) if isinstance(photo, dict) else ""
    return ""


def _largest(sizes: Any) -> str:
    found = [size for size in sizes if isinstance(size, dict)] if isinstance(sizes, list) else []
    ranked = [(_rank(size), text_at(size, "url") or text_at(size, "src")) for size in found]
    return max((item for item in ranked if item[1]), default=((0, 0, 0), ""))[1]


def _rank(size: dict[str, Any]) -> tuple[int, int, int]:
    width, height = (
        side if type(side) is int else 0 for side in (size.get("width"), size.get("height"))
    )
    return width, height, _SIZES.find(text_at(size, "type") or " ")


def _older(photo: dict[str, Any]) -> str:
    """What versions before 5.77 name by their width."""
    return next((link for name in _OLDER if (link := text_at(photo, name))), "")


READER = Reader(
    name="vk-api",
    title="VK wall posts, as its API gives them",
    example="wall.json",
    platform="vk",
    time="second",
    shape=Shape.RECORDS,
    required=(
        ("id",),
        ("owner_id", "to_id"),
        ("from_id",),
        ("date",),
        ("text",),
        ("post_type", "post_source.type", "comments.count", "views.count"),
    ),
    foreign=("parents_stack", "4cat_item_type"),  # comments have the first
    parse=parse,
)
