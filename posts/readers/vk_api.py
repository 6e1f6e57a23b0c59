"""Reads posts from VK's API (wall.get, wall.getById, newsfeed.search).

Fields: dev.vk.com, "Wall post", "Photo" and "Video"; negezor/vk-io, IWallPostContextPayload.
"""

from typing import Any

from frametrace.posts.model import AccountKind, Post
from frametrace.posts.readers.shared.json_paths import objects_at, text_at, value_at
from frametrace.posts.readers.shared.reader_contract import Reader
from frametrace.posts.readers.shared.shown_files import shown_files
from frametrace.posts.rows import Row, Shape
from frametrace.posts.values import distinct, parse_count, parse_objects

__all__ = ["READER", "kind_of", "parse"]

_COUNTS = {
    "likes.count": "likes",
    "comments.count": "comments",
    "reposts.count": "reposts",
    "views.count": "views",
}

# Types of sizes, for those without a width: cropped pictures before whole ones.
_SIZE_TYPES = "smopqrxyzw"
_NAMED_SIZES = ("photo_2560", "photo_1280", "photo_807", "photo_604", "photo_130", "src_big")
_DOCUMENT_SUFFIXES = frozenset({".avi", ".m4v", ".mkv", ".mov", ".mp4", ".webm"})
_PHOTOS = frozenset({"photo", "posted_photo", "graffiti"})


def parse(row: Row) -> Post:
    """Make a Post; a share without comment is a repost, one with a comment is its own post."""
    if row.values.get("is_deleted") in {"true", "1"}:
        raise ValueError("the post was deleted")
    owner = row.key("owner_id", "to_id")
    post_id, author = f"{owner}_{row.key('id')}", row.key("from_id")
    posted_at, precision = row.unix("date")
    text, attached = row.take("text"), parse_objects(row.take("attachments"))
    original = _original(row)
    is_repost = bool(original) and not text.strip() and not attached
    shown = objects_at(original, "attachments") if is_repost else attached
    files = shown_files((_video(item), _picture(item)) for item in shown)
    return Post(
        platform="vk",
        post_id=post_id,
        account_id=author,
        account_kind=kind_of(author, row.take("author_profile.type")),
        account_name=_name(row),
        posted_at=posted_at,
        precision=precision,
        text=text_at(original, "text") if is_repost else text,
        media=files.media,
        stills=files.stills,
        links=distinct(text_at(item, "link", "url") for item in shown),
        repost_of=_key(original) if is_repost else "",
        engagement=row.counts(_COUNTS),
        extra=row.rest() | ({"copy_of": _key(original)} if original and not is_repost else {}),
        source=row.source,
        line=row.line,
    )


def kind_of(author: str, author_type: str) -> AccountKind:
    """The kind of an author: numbers of communities are negative."""
    kind = AccountKind.GROUP if author.startswith("-") else AccountKind.ACCOUNT
    return AccountKind.PAGE if author_type.strip() == "page" else kind


def _name(row: Row) -> str:
    """The author's name, if a profile comes with the post."""
    names = (row.take(f"author_profile.{part}").strip() for part in ("first_name", "last_name"))
    full_name = " ".join(filter(None, names))
    return row.take("author_profile.name").strip() or full_name


def _original(row: Row) -> dict[str, Any]:
    """The post at the root of what a post repeats; empty if it repeats none."""
    shared = [item for item in parse_objects(row.take("copy_history")) if _key(item)]
    return shared[-1] if shared else {}


def _key(post: dict[str, Any]) -> str:
    owner, number = post.get("owner_id", post.get("to_id")), post.get("id")
    are_integers = all(type(part) is int for part in (owner, number))
    return f"{owner}_{number}" if are_integers else ""


def _picture(attached: dict[str, Any]) -> str:
    """The largest size of a photo, of a picture sent as a file, or of a video's still."""
    kind = text_at(attached, "type")
    inner = attached.get(kind)
    if not isinstance(inner, dict):
        return ""
    if kind in _PHOTOS:
        return (
            text_at(inner, "orig_photo", "url")
            or _largest(objects_at(inner, "sizes"))
            or _largest_by_name(inner)
        )
    if kind == "video":
        return _largest(objects_at(inner, "image")) or _largest_by_name(inner)
    if kind == "doc":
        return _largest(objects_at(inner, "preview", "photo", "sizes"))
    return ""


def _video(attached: dict[str, Any]) -> str:
    """The largest file of a video, which the API gives to few, or a video sent as a file."""
    inner = value_at(attached, "video", "files")
    if isinstance(inner, dict):
        sizes = {parse_count(n.removeprefix("mp4_")) or 0: n for n in inner if n.startswith("mp4_")}
        return text_at(inner, sizes[max(sizes)]) if sizes else ""
    document = attached.get("doc")
    is_sent = f".{text_at(document, 'ext')}".lower() in _DOCUMENT_SUFFIXES
    return text_at(document, "url") if is_sent else ""


def _largest(sizes: list[dict[str, Any]]) -> str:
    ranked = [(_rank(size), text_at(size, "url") or text_at(size, "src")) for size in sizes]
    return max((item for item in ranked if item[1]), default=((0, 0, 0), ""))[1]


def _rank(size: dict[str, Any]) -> tuple[int, int, int]:
    width, height = (
        side if type(side) is int else 0 for side in (size.get("width"), size.get("height"))
    )
    return width, height, _SIZE_TYPES.find(text_at(size, "type") or " ")


def _largest_by_name(photo: dict[str, Any]) -> str:
    """The largest size, in versions of the API before 5.77, which name sizes by their width."""
    return next((link for name in _NAMED_SIZES if (link := text_at(photo, name))), "")


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
