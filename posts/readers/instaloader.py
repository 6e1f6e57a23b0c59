"""Reads the JSON document that Instaloader writes beside the pictures of each post.

`2019-08-19_14-03-22_UTC.json.xz` is beside `…_UTC.jpg`, or `…_UTC_1.jpg` and so on. Fields:
instaloader/instaloader, structures.py (`Post`, `StoryItem`, `Profile`); names of files:
instaloader.py (`download_post`).
"""

from frametrace.posts.model import Account, Post
from frametrace.posts.readers.shared.account_keys import account_by_handle
from frametrace.posts.readers.shared.json_paths import packed, text_at
from frametrace.posts.readers.shared.post_keys import shortcode_of
from frametrace.posts.readers.shared.reader_contract import Reader
from frametrace.posts.rows import Row, Shape
from frametrace.posts.values import distinct, parse_objects

__all__ = ["READER"]

_COUNTS = {
    "node.edge_media_preview_like.count": "likes",
    "node.edge_liked_by.count": "likes",
    "node.edge_media_to_comment.count": "comments",
    "node.edge_media_to_parent_comment.count": "comments",
    "node.comments": "comments",
    "node.video_view_count": "views",
}
_HIDDEN = "-1"  # a count that the account hides
_OWNERS = ("node.owner", "node.user", "node.iphone_struct.user")
_TIMES = ("node.taken_at_timestamp", "node.date", "node.taken_at")


def _parse(row: Row) -> Post | Account:
    kind = row.take("instaloader.node_type").strip() or "Post"
    if kind == "Profile":
        return _profile(row)
    if kind not in {"Post", "StoryItem"}:
        raise ValueError(f"a {kind[:40]} is not a post")
    number = row.take("node.id").strip()
    code = row.take("node.shortcode", "node.code").strip() or shortcode_of(number)
    if not code or code == number:
        raise ValueError(f"{number[:40]!r} is not the number of a post")
    media = _pictures(row)
    row.values = {k: v for k, v in row.values.items() if v != _HIDDEN}
    when = next((name for name in _TIMES if row.values.get(name)), _TIMES[0])
    posted_at, precision = row.unix(when)
    name = row.take(*(f"{owner}.username" for owner in _OWNERS)).strip()
    owner = row.take(*(f"{owner}.{column}" for owner in _OWNERS for column in ("id", "pk"))).strip()
    account_id, account_extra = account_by_handle(name, owner, "node.owner.username")
    return Post(
        platform="instagram",
        post_id=code,
        account_id=account_id,
        account_name=name,
        posted_at=posted_at,
        precision=precision,
        text=_caption(row),
        media=media,
        engagement=row.counts(_COUNTS),
        extra=account_extra | ({"id": number} if number else {}) | packed(row.rest(), "node."),
        source=row.source,
        line=row.line,
    )


def _profile(row: Row) -> Account:
    name = row.key("node.username")
    account_id, account_extra = account_by_handle(name, row.take("node.id"), "node.username")
    return Account(
        platform="instagram",
        account_id=account_id,
        name=row.take("node.full_name") or name,
        extra=account_extra | packed(row.rest(), "node."),
        source=row.source,
        line=row.line,
    )


def _caption(row: Row) -> str:
    edges = parse_objects(row.take("node.edge_media_to_caption.edges"))
    caption = row.take("node.caption", "node.caption.text", "node.iphone_struct.caption.text")
    return text_at(edges, 0, "node", "text") or caption


def _pictures(row: Row) -> tuple[str, ...]:
    """The picture files beside the document; for a video, its still."""
    stem = row.file.removesuffix(".gz").removesuffix(".xz")
    if not stem.endswith(".json"):
        return _links(row)
    stem = stem.removesuffix(".json")
    if row.values.get("node.__typename") not in {"GraphSidecar", "XDTGraphSidecar"}:
        return (f"{stem}.jpg",)
    children = parse_objects(row.values.get("node.edge_sidecar_to_children.edges", ""))
    children = children or parse_objects(row.values.get("node.iphone_struct.carousel_media", ""))
    return tuple(f"{stem}_{at}.jpg" for at in range(1, max(len(children), 1) + 1))


def _links(row: Row) -> tuple[str, ...]:
    """Links to the pictures, for a record that has no document of its own."""
    children = parse_objects(row.values.get("node.edge_sidecar_to_children.edges", ""))
    links = [text_at(child, "node", "display_url") for child in children]
    return distinct(links or [row.values.get("node.display_url", "").strip()])


READER = Reader(
    name="instaloader",
    title="Instaloader's metadata beside pictures",
    example="lin.invented/2019-08-19_14-03-22_UTC.json.xz",
    platform="instagram",
    time="second",
    shape=Shape.RECORDS,
    required=(
        ("instaloader.node_type", "instaloader.version"),
        ("node.shortcode", "node.code", "node.id"),
    ),
    parse=_parse,
    beside=True,
)
