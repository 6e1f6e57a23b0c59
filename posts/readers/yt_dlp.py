"""Reads the JSON document that yt-dlp writes beside each video (`--write-info-json`).

`name.info.json` is beside the video, such as `name.mp4`, and its still, `name.jpg` or with the
suffix of its link.

Fields: yt-dlp's README.md ("Output template") and yt_dlp/extractor/*.py; names of files:
YoutubeDL.py.
"""

import re
from collections.abc import Mapping
from contextlib import suppress

from frametrace.posts.model import AccountKind, Post
from frametrace.posts.readers.shared.account_keys import account_by_handle, unshared_account
from frametrace.posts.readers.shared.json_paths import text_at
from frametrace.posts.readers.shared.platforms import platform_of
from frametrace.posts.readers.shared.post_keys import canonical_id, id_in_link
from frametrace.posts.readers.shared.reader_contract import Reader
from frametrace.posts.readers.shared.shown_files import shown_files
from frametrace.posts.readers.shared.x_values import text_on
from frametrace.posts.rows import Row, Shape
from frametrace.posts.sources.media_files import is_video
from frametrace.posts.values import parse_list, parse_objects, with_title

__all__ = ["READER"]

_COUNTS = {
    "view_count": "views",
    "like_count": "likes",
    "comment_count": "comments",
    "repost_count": "reposts",
}

# Columns of the post's id, where a post may hold several videos with ids of their own.
_ID_COLUMNS: Mapping[str, tuple[str, ...]] = {
    "reddit": ("display_id", "id"),
    "twitter": ("display_id", "id"),
}
_ACCOUNT_COLUMNS: Mapping[str, tuple[str, ...]] = {
    "facebook": ("uploader_id",),
    "reddit": ("uploader",),  # its channel is the subreddit
    "vk": ("uploader_id",),
}
# Columns of the handle, where accounts are keyed by it; `uploader_id` is the number.
_HANDLE_COLUMNS = {"instagram": "channel", "tiktok": "uploader"}
_OTHER_ACCOUNT_COLUMNS = ("channel_id", "uploader_id", "uploader")

# Platforms without titles, for which yt-dlp makes one from the account's name or the text.
_UNTITLED = frozenset({"bluesky", "facebook", "instagram", "telegram", "tiktok", "twitter"})

# Columns that only downloading needs: links to the video in all formats, which soon expire.
_DOWNLOAD_COLUMNS = re.compile(
    r"(?:formats|automatic_captions|subtitles|heatmap|http_headers|requested_formats|fragments|"
    r"downloader_options|thumbnails|_format_sort_fields|cookies)(?:\.|\Z)"
)

_SUFFIX = re.compile(r"\.([a-zA-Z0-9]{2,5})\Z", re.ASCII)
_DOCUMENT_SUFFIX = ".info.json"


def _parse(row: Row) -> Post:
    kind = row.values.get("_type", "video")
    if kind not in {"video", ""}:
        raise ValueError(f"it describes a {kind[:40]}, whose videos have documents of their own")
    link = row.values.get("webpage_url", "").strip()
    platform = platform_of(link)
    posted_at, precision = row.time("timestamp" if "timestamp" in row.values else "upload_date")
    files = shown_files([(_video(row), _still(row))])
    account, account_extra = _account(row, platform)
    post_id = _post_id(row, platform, link, account)
    row.values = {k: v for k, v in row.values.items() if not _DOWNLOAD_COLUMNS.match(k)}
    return Post(
        platform=platform,
        post_id=post_id,
        account_id=unshared_account(platform, account, post_id),
        account_kind=AccountKind.CHANNEL if platform == "youtube" else AccountKind.ACCOUNT,
        account_name=row.take(*_first_filled(row, ("uploader", "channel"))) or account,
        posted_at=posted_at,
        precision=precision,
        text=text_on(platform, _text(row, platform)),
        media=files.media,
        stills=files.stills,
        hashtags=parse_list(row.take("tags")) if platform == "twitter" else (),
        engagement=row.counts(_COUNTS),
        extra=account_extra | row.rest(),
        source=row.source,
        line=row.line,
    )


def _account(row: Row, platform: str) -> tuple[str, dict[str, str]]:
    if name := _HANDLE_COLUMNS.get(platform):
        handle = row.values.get(name, "")  # taken as the name below
        return account_by_handle(handle, row.take("uploader_id"), name)
    return row.key(*_first_filled(row, _ACCOUNT_COLUMNS.get(platform, _OTHER_ACCOUNT_COLUMNS))), {}


def _post_id(row: Row, platform: str, link: str, account: str) -> str:
    if platform in {"instagram", "threads"}:
        with suppress(ValueError):
            return id_in_link(platform, link)
    video_id = row.key(*_first_filled(row, _ID_COLUMNS.get(platform, ("id",))))
    if platform == "bluesky" and account.startswith("did:"):
        return f"at://{account}/app.bsky.feed.post/{video_id}"
    return canonical_id(platform, f"{account}/{video_id}" if platform == "telegram" else video_id)


def _first_filled(row: Row, names: tuple[str, ...]) -> tuple[str, ...]:
    """The first column that is not empty, so that the others stay in the row; or else all."""
    return next(((name,) for name in names if row.values.get(name, "").strip()), names)


def _text(row: Row, platform: str) -> str:
    title, text = row.take("title").strip(), row.take("description").strip()
    if platform in _UNTITLED:
        return text or title
    return with_title(title, text)


def _video(row: Row) -> str:
    """The video beside the document, or the link to it where there is none; no sound alone."""
    suffix = row.values.get("ext", "").strip().lower()
    if row.values.get("vcodec", "").strip() == "none" or not is_video(f"video.{suffix}"):
        return ""
    if row.file.endswith(_DOCUMENT_SUFFIX):
        return f"{row.file.removesuffix(_DOCUMENT_SUFFIX)}.{suffix}"
    is_file = row.values.get("protocol", "").strip() in {"http", "https"}
    return row.values.get("url", "") if is_file else ""


def _still(row: Row) -> str:
    """The picture beside the document; yt-dlp saves the last thumbnail, under its suffix."""
    listed = parse_objects(row.values.get("thumbnails", ""))
    last = listed[-1] if listed else {}
    link = text_at(last, "url") or row.values.get("thumbnail", "").strip()
    if not link or not row.file.endswith(_DOCUMENT_SUFFIX):
        return link
    match = _SUFFIX.search(link.partition("?")[0])
    suffix = text_at(last, "ext") or (match[1] if match else "jpg")
    return f"{row.file.removesuffix(_DOCUMENT_SUFFIX)}.{suffix}"


READER = Reader(
    name="yt-dlp",
    title="yt-dlp's information beside videos and their stills",
    example="Invented video [abcdefghijk].info.json",
    platform="of each link",
    time="second, or day",
    shape=Shape.RECORDS,
    required=(("id",), ("webpage_url",), ("extractor_key", "extractor")),
    parse=_parse,
    beside=True,
)
