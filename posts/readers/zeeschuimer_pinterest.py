"""Reads Pinterest pins that Zeeschuimer captured from either of its two APIs.

Fields: digitalmethodsinitiative/4cat, datasources/pinterest/search_pinterest.py. Pins that
Zeeschuimer could read only from the page's HTML have no author and are skipped.
"""

import re

from frametrace.posts.model import Post
from frametrace.posts.readers.shared.account_keys import account_by_handle
from frametrace.posts.readers.shared.shown_files import is_playlist, shown_files
from frametrace.posts.rows import Row
from frametrace.posts.values import parse_count, parse_list, with_title

__all__ = ["parse"]

# `V_720P`, `V_HLSV4` and others (mikf/gallery-dl, extractor/pinterest.py).
_VIDEO_URL = re.compile(r"data\.videos\.video_?[lL]ist\.[^.]+\.url")


def parse(row: Row) -> Post:
    """Make a Post of a row whose columns begin with `data.`."""
    posted_at, precision = row.time(
        "data.created_at" if "data.created_at" in row.values else "data.createdAt"
    )
    handle = row.take("data.pinner.username").strip()
    number = row.take("data.pinner.entityId", "data.pinner.id")
    account_id, account_extra = account_by_handle(handle, number, "data.pinner.username")
    title, text = row.take("data.title"), row.take("data.description")
    picture = row.take("data.imageSpec_orig.url", "data.images.orig.url", "data.images.url")
    files = shown_files([(_video(row), picture)])
    link = row.take("data.link").strip()
    return Post(
        platform="pinterest",
        post_id=row.key("data.entityId", "data.id", "item_id"),
        account_id=account_id,
        account_name=handle,
        posted_at=posted_at,
        precision=precision,
        text=with_title(title, text),
        media=files.media,
        stills=files.stills,
        links=(link,) if link else (),
        hashtags=parse_list(row.take("data.pinJoin.visualAnnotation")),
        extra=row.rest() | account_extra,
        source=row.source,
        line=row.line,
    )


def _video(row: Row) -> str:
    """The largest version of a pin's video that is one file; others are playlists."""
    links = {name: row.values[name].strip() for name in row.values if _VIDEO_URL.fullmatch(name)}
    files = [name for name, link in links.items() if link and not is_playlist(link)]
    widths = {name: parse_count(row.values.get(f"{name[:-3]}width", "")) or 0 for name in files}
    return links[max(files, key=widths.__getitem__)] if files else ""
