"""Reads the user's own videos in TikTok's "Download your data".

Fields: digitraceslab/niimpy, niimpy/reading/tiktok.py, and qvipin/TikTok-UserData-Toolkit,
scripts/tiktok-video_download.py.
"""

import re

from frametrace.posts.model import Post
from frametrace.posts.readers.shared.reader_contract import Reader
from frametrace.posts.readers.shared.shown_files import Shown, shown_files
from frametrace.posts.rows import Row, Shape
from frametrace.posts.values import distinct

__all__ = ["READER"]

_COUNTS = {"Likes": "likes", "NumberOfCollections": "bookmarks"}
_BLANK = "N/A"

_ID = re.compile(r"/(?:video|photo|v)/(\d{5,25})(?!\d)", re.ASCII)
_HANDLE = re.compile(r"tiktok\.com/@([\w.]{1,40})", re.ASCII)
_PICTURE = re.compile(r"\.(?:jpe?g|png|webp|heic|image)\b|jpeg", re.I)


def _parse(row: Row) -> Post:
    """Make a Post of a video; most links lead to a file and name neither video nor account.

    Such a video is keyed by its time, and its account is `self`: another part of the document says
    whose export it is.
    """
    date_text = row.values.get("Date", "").strip()
    posted_at, precision = row.time("Date")
    links = row.take("Link").split()
    joined = " ".join(links)
    id_match, handle = _ID.search(joined), _HANDLE.search(joined)
    post_id = id_match[1] if id_match else date_text
    if not post_id:
        raise ValueError("it has neither a time nor a link that names it")
    cover, title = row.take("CoverImage").strip(), row.take("Title")
    files = _files(links, cover)
    return Post(
        platform="tiktok",
        post_id=post_id,
        account_id=handle[1].lower() if handle else "self",
        account_name=handle[1] if handle else "",
        posted_at=posted_at,
        precision=precision,
        text="" if title == _BLANK else title,
        media=files.media,
        stills=files.stills,
        engagement=row.counts(_COUNTS),
        extra={"Link": joined, **row.rest(_BLANK)} if links else row.rest(_BLANK),
        source=row.source,
        line=row.line,
    )


def _files(links: list[str], cover: str) -> Shown:
    """The pictures of a slideshow, which has one link for each, or a video and its cover."""
    pictures = links if len(links) > 1 else [link for link in links if _PICTURE.search(link)]
    if pictures:
        return Shown(distinct(pictures))
    videos = [link for link in links if not _ID.search(link)]  # that link leads to a page
    return shown_files([("".join(videos), cover if "://" in cover else "")])


READER = Reader(
    name="tiktok-export",
    title="TikTok's \"Download your data\", videos of the user's own account",
    example="user_data_tiktok.json",
    platform="tiktok",
    time="second",
    shape=Shape.RECORDS,
    required=(("Date",), ("Link",), ("Likes",)),
    parse=_parse,
)
