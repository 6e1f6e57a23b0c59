"""A post of Instagram as its web page is told of it: as an item of a list, or of a graph."""

from frametrace.posts.model import Post
from frametrace.posts.readers.instagram import shortcode_of
from frametrace.posts.readers.nested import text_at
from frametrace.posts.rows import Row
from frametrace.posts.values import objects_of

__all__ = ["parse"]

_COUNTS = {
    "data.edge_media_preview_like.count": "likes",
    "data.edge_media_preview_comment.count": "comments",
    "data.edge_media_to_comment.count": "comments",
    "data.like_count": "likes",
    "data.comment_count": "comments",
    "data.view_count": "views",
    "data.play_count": "views",
}

_CODES = ("data.code", "data.shortcode")
_NUMBERS = ("data.user.pk", "data.user.id", "data.owner.pk", "data.owner.id")


def parse(row: Row, item_id: str) -> Post:
    """Make a Post of a row whose names begin with `data.`; a video's picture is its cover."""
    posted_at, precision = row.unix(
        "data.taken_at" if "data.taken_at" in row.values else "data.taken_at_timestamp"
    )
    captions = objects_of(row.take("data.edge_media_to_caption.edges"))
    link = row.take("data.link")
    code = next((row.values[name].strip() for name in _CODES if row.values.get(name)), "")
    handle = row.take("data.user.username", "data.owner.username").strip()
    number = row.take(*_NUMBERS).strip() if handle else row.key(*_NUMBERS)
    return Post(
        platform="instagram",
        post_id=code or shortcode_of(item_id),
        account_id=handle.lower() or number,
        account_name=handle,
        posted_at=posted_at,
        precision=precision,
        text=row.take("data.caption.text") or text_at(captions, 0, "node", "text"),
        media=_pictures(row),
        links=(link,) if link else (),
        engagement=row.counts(_COUNTS),
        extra=({"account_number": number} if handle and number else {}) | row.rest(),
        source=row.source,
        line=row.line,
    )


def _pictures(row: Row) -> tuple[str, ...]:
    """The largest form of each picture, which is listed first."""
    several = objects_of(row.take("data.carousel_media"))
    edges = objects_of(row.take("data.edge_sidecar_to_children.edges"))
    single = objects_of(row.take("data.image_versions2.candidates"))
    found = (
        *(text_at(item, "image_versions2", "candidates", 0, "url") for item in several),
        *(text_at(item, "node", "display_url") for item in edges),
    )
    one = text_at(single, 0, "url") or row.take("data.display_url").strip()
    return tuple(dict.fromkeys(filter(None, found))) or ((one,) if one else ())
