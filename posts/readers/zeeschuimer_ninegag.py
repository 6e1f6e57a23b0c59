"""Reads 9gag posts that Zeeschuimer captured.

Fields: digitalmethodsinitiative/4cat, datasources/ninegag/search_9gag.py.
"""

import re

from frametrace.posts.model import Post
from frametrace.posts.readers.shared.account_keys import unshared_account
from frametrace.posts.readers.shared.shown_files import Shown, shown_files
from frametrace.posts.rows import Row
from frametrace.posts.values import first_texts, parse_count, parse_objects, with_title

__all__ = ["parse"]

_COUNTS = {
    "data.upVoteCount": "likes",
    "data.commentsCount": "comments",
}
_URL = re.compile(r"data\.images\.[^.]+\.url")

# The author that 9gag shows for a post without one.
_ANONYMOUS = "9GAGGER"


def parse(row: Row) -> Post:
    """Make a Post of a row whose columns begin with `data.`."""
    posted_at, precision = row.unix("data.creationTs")
    author = row.take("data.creator.username").strip() or _ANONYMOUS
    title, text = row.take("data.title"), row.take("data.description")
    link = row.take("data.sourceUrl").strip()
    post_id = row.key("data.id", "item_id")
    files = _files(row)
    return Post(
        platform="9gag",
        post_id=post_id,
        account_id=unshared_account("9gag", author, post_id),
        account_name=author,
        posted_at=posted_at,
        precision=precision,
        text=with_title(title, text),
        media=files.media,
        stills=files.stills,
        links=(link,) if link else (),
        hashtags=first_texts(parse_objects(row.take("data.tags")), "key"),
        engagement=row.counts(_COUNTS),
        extra=row.rest(),
        source=row.source,
        line=row.line,
    )


def _files(row: Row) -> Shown:
    """The largest picture, and the largest video, which has the field `hasAudio`."""
    sizes = [name.removesuffix("url") for name in row.values if _URL.fullmatch(name)]
    videos = [at for at in sizes if f"{at}hasAudio" in row.values]
    stills = [at for at in sizes if at not in videos]
    return shown_files([(_largest(row, videos), _largest(row, stills))])


def _largest(row: Row, sizes: list[str]) -> str:
    return row.take(f"{max(sizes, key=lambda at: _area(row, at))}url") if sizes else ""


def _area(row: Row, at: str) -> int:
    sides = (parse_count(row.values.get(f"{at}{side}", "")) or 0 for side in ("width", "height"))
    return next(sides) * next(sides)
