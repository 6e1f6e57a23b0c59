"""Reads the JSON document that Instaloader writes beside the files of each post.

`2019-08-19_14-03-22_UTC.json.xz` is beside `…_UTC.jpg`, or `…_UTC_1.jpg` and so on. Fields:
instaloader/instaloader, structures.py (`Post`, `StoryItem`, `Profile`); names of files:
instaloader.py (`download_post`).
"""

from frametrace.posts.model import Account, Post
from frametrace.posts.readers.shared.account_keys import account_by_handle
from frametrace.posts.readers.shared.json_paths import packed, text_at, value_at
from frametrace.posts.readers.shared.post_keys import shortcode_of
from frametrace.posts.readers.shared.reader_contract import Reader
from frametrace.posts.readers.shared.shown_files import Shown, shown_files
from frametrace.posts.rows import Row, Shape
from frametrace.posts.values import parse_objects

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
_IPHONE_VIDEO = 2  # the kind of media in what the app for iPhones receives
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
    files = _files(row)
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
        media=files.media,
        stills=files.stills,
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


def _files(row: Row) -> Shown:
    """The files beside the document, each a picture or a video with its still."""
    stem = row.file.removesuffix(".gz").removesuffix(".xz")
    if not stem.endswith(".json"):
        return _links(row)
    stem = stem.removesuffix(".json")
    if row.values.get("node.__typename") not in {"GraphSidecar", "XDTGraphSidecar"}:
        return shown_files([_names(stem, is_video=_is_video(row))])
    edges = parse_objects(row.values.get("node.edge_sidecar_to_children.edges", ""))
    slides = parse_objects(row.values.get("node.iphone_struct.carousel_media", ""))
    children = [value_at(edge, "node", "is_video") is True for edge in edges]
    children = children or [slide.get("media_type") == _IPHONE_VIDEO for slide in slides] or [False]
    numbered = enumerate(children, start=1)
    return shown_files(_names(f"{stem}_{at}", is_video=is_video) for at, is_video in numbered)


def _names(stem: str, *, is_video: bool) -> tuple[str, str]:
    return (f"{stem}.mp4", f"{stem}.jpg") if is_video else (f"{stem}.jpg", "")


def _is_video(row: Row) -> bool:
    kind = row.values.get("node.iphone_struct.media_type")
    return row.values.get("node.is_video") == "true" or kind == str(_IPHONE_VIDEO)


def _links(row: Row) -> Shown:
    """Links to the files, for a record that has no document of its own."""
    children = parse_objects(row.values.get("node.edge_sidecar_to_children.edges", ""))
    links = [
        tuple(text_at(child, "node", name) for name in ("video_url", "display_url"))
        for child in children
    ]
    single = row.values.get("node.video_url", ""), row.values.get("node.display_url", "")
    return shown_files((link[0], link[1]) for link in links or [single])


READER = Reader(
    name="instaloader",
    title="Instaloader's metadata beside pictures and videos",
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
