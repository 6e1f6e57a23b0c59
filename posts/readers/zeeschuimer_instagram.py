"""Reads Instagram posts that Zeeschuimer captured, from lists, grids or GraphQL answers.

Fields: digitalmethodsinitiative/4cat, datasources/instagram/search_instagram.py.
"""

from typing import Any

from frametrace.posts.model import Post
from frametrace.posts.readers.shared.account_keys import account_by_handle
from frametrace.posts.readers.shared.json_paths import objects_at, text_at
from frametrace.posts.readers.shared.post_keys import shortcode_of
from frametrace.posts.readers.shared.shown_files import Shown, shown_files
from frametrace.posts.rows import Row
from frametrace.posts.values import first_texts, parse_objects

__all__ = ["account_in", "files_at", "parse", "post_id_in"]

_COUNTS = {
    "data.edge_media_preview_like.count": "likes",
    "data.edge_media_preview_comment.count": "comments",
    "data.edge_media_to_comment.count": "comments",
    "data.like_count": "likes",
    "data.comment_count": "comments",
    "data.view_count": "views",
    "data.play_count": "views",
}


def parse(row: Row) -> Post:
    """Make a Post of a row whose columns begin with `data.`."""
    posted_at, precision = row.unix(
        "data.taken_at" if "data.taken_at" in row.values else "data.taken_at_timestamp"
    )
    captions = parse_objects(row.take("data.edge_media_to_caption.edges"))
    link = row.take("data.link")
    files = files_at(row, "data.")
    account_id, name, account_extra = account_in(row)
    return Post(
        platform="instagram",
        post_id=post_id_in(row),
        account_id=account_id,
        account_name=name,
        posted_at=posted_at,
        precision=precision,
        text=row.take("data.caption.text") or text_at(captions, 0, "node", "text"),
        media=files.media,
        stills=files.stills,
        links=(link,) if link else (),
        engagement=row.counts(_COUNTS),
        extra=row.rest() | account_extra,
        source=row.source,
        line=row.line,
    )


def post_id_in(row: Row) -> str:
    """Take a post's shortcode, or make it from the post's number."""
    code = row.take("data.code", "data.shortcode").strip()
    if code:
        row.take("item_id")
        return code
    return shortcode_of(row.key("data.pk", "data.id", "item_id"))


def account_in(row: Row) -> tuple[str, str, dict[str, str]]:
    """Take the account: its key, its name, and what `extra` keeps of it.

    Items of grids lack the author, whose number is the second half of the item's id.
    """
    handle = row.take("data.user.username", "data.owner.username").strip()
    number = row.take("data.user.pk", "data.user.id", "data.owner.pk", "data.owner.id").strip()
    if not number:
        names = ("data.id", "item_id")
        ids = (row.values.get(name, "").partition("_")[2] for name in names)
        number = next((id for id in ids if id.isdecimal()), "")
    account_id, account_extra = account_by_handle(handle, number, "data.user.username")
    return account_id, handle, account_extra


def files_at(row: Row, at: str) -> Shown:
    """Take the pictures and videos under the prefix `at`, with the covers of these.

    Each is in its largest size, which is listed first.
    """
    slides = parse_objects(row.take(f"{at}carousel_media"))
    edges = parse_objects(row.take(f"{at}edge_sidecar_to_children.edges"))
    album = shown_files(
        (*map(_file_and_still, slides), *(_file_and_still(edge.get("node")) for edge in edges))
    )
    sizes = first_texts(parse_objects(row.take(f"{at}image_versions2.candidates")), "url")
    single = (*sizes, row.take(f"{at}display_uri", f"{at}display_url").strip())
    videos = first_texts(parse_objects(row.take(f"{at}video_versions")), "url")
    video = next(iter(videos), "") or row.take(f"{at}video_url")
    return album if album.media else shown_files([(video, next(filter(None, single), ""))])


def _file_and_still(item: Any) -> tuple[str, str]:
    sizes = first_texts(objects_at(item, "image_versions2", "candidates"), "url")
    display = (text_at(item, name) for name in ("display_uri", "display_url"))
    videos = first_texts(objects_at(item, "video_versions"), "url")
    video = next(iter(videos), "") or text_at(item, "video_url")
    return video, next(filter(None, (*sizes, *display)), "")
