"""yt-dlp: what it writes of each video into a JSON document beside it (`--write-info-json`).

`name.info.json` lies beside the video's still, `name.jpg` or as its link ends. Fields: yt-dlp's
README.md ("Output template") and yt_dlp/extractor/*.py; names of files: YoutubeDL.py.
"""

import re
from collections.abc import Mapping
from contextlib import suppress

from frametrace.posts.model import AccountKind, Post
from frametrace.posts.readers.account_keys import account_of, one_of_many
from frametrace.posts.readers.contract import Reader
from frametrace.posts.readers.nested import text_at
from frametrace.posts.readers.post_keys import id_in_link, id_of
from frametrace.posts.readers.sites import platform_of
from frametrace.posts.readers.x_text import text_on
from frametrace.posts.rows import Row, Shape
from frametrace.posts.values import parse_list, parse_objects, with_title

__all__ = ["READER"]

_COUNTS = {
    "view_count": "views",
    "like_count": "likes",
    "comment_count": "comments",
    "repost_count": "reposts",
}

# A video's own number is not the post's where posts may hold several.
_IDS: Mapping[str, tuple[str, ...]] = {
    "reddit": ("display_id", "id"),
    "twitter": ("display_id", "id"),
}
_ACCOUNTS: Mapping[str, tuple[str, ...]] = {
    "facebook": ("uploader_id",),
    "reddit": ("uploader",),  # its channel is the subreddit
    "vk": ("uploader_id",),
}
# Where accounts are named by their handles; `uploader_id` is the number.
_HANDLES = {"instagram": "channel", "tiktok": "uploader"}
_ELSE = ("channel_id", "uploader_id", "uploader")

# Where there are no titles, yt-dlp makes one of the account's name or of the text.
_UNTITLED = frozenset({"bluesky", "facebook", "instagram", "telegram", "tiktok", "twitter"})

# What only downloading needs: links to the video in all its forms, which soon are dead.
_TRANSPORT = re.compile(
    r"(?:formats|automatic_captions|subtitles|heatmap|http_headers|requested_formats|fragments|"
    r"downloader_options|thumbnails|_format_sort_fields|cookies)(?:\.|\Z)"
)

_SUFFIX = re.compile(r"\.([a-zA-Z0-9]{2,5})\Z", re.ASCII)
_OWN = ".info.json"


def _parse(row: Row) -> Post:
    kind = row.values.get("_type", "video")
    if kind not in {"video", ""}:
        raise ValueError(f"it describes a {kind[:40]}, whose videos have documents of their own")
    link = row.values.get("webpage_url", "").strip()
    platform = platform_of(link)
    posted_at, precision = row.time("timestamp" if "timestamp" in row.values else "upload_date")
    media = _still(row)
    account, kept = _account(row, platform)
    post_id = _post_id(row, platform, link, account)
    row.values = {k: v for k, v in row.values.items() if not _TRANSPORT.match(k)}
    return Post(
        platform=platform,
        post_id=post_id,
        account_id=one_of_many(platform, account, post_id),
        account_kind=AccountKind.CHANNEL if platform == "youtube" else AccountKind.ACCOUNT,
        account_name=row.take(*_held(row, ("uploader", "channel"))) or account,
        posted_at=posted_at,
        precision=precision,
        text=text_on(platform, _text(row, platform)),
        media=media,
        hashtags=parse_list(row.take("tags")) if platform == "twitter" else (),
        engagement=row.counts(_COUNTS),
        extra=kept | row.rest(),
        source=row.source,
        line=row.line,
    )


def _account(row: Row, platform: str) -> tuple[str, dict[str, str]]:
    if name := _HANDLES.get(platform):
        handle = row.values.get(name, "")  # which is taken for the name below
        return account_of(handle, row.take("uploader_id"), name)
    return row.key(*_held(row, _ACCOUNTS.get(platform, _ELSE))), {}


def _post_id(row: Row, platform: str, link: str, account: str) -> str:
    if platform in {"instagram", "threads"}:
        with suppress(ValueError):
            return id_in_link(platform, link)
    own = row.key(*_held(row, _IDS.get(platform, ("id",))))
    if platform == "bluesky" and account.startswith("did:"):
        return f"at://{account}/app.bsky.feed.post/{own}"
    return id_of(platform, f"{account}/{own}" if platform == "telegram" else own)


def _held(row: Row, names: tuple[str, ...]) -> tuple[str, ...]:
    """The first of the names that holds something, so that the others stay; or all of them."""
    return next(((name,) for name in names if row.values.get(name, "").strip()), names)


def _text(row: Row, platform: str) -> str:
    title, text = row.take("title").strip(), row.take("description").strip()
    if platform in _UNTITLED:
        return text or title
    return with_title(title, text)


def _still(row: Row) -> tuple[str, ...]:
    """The picture beside the document, with the ending of the one that was chosen: the last."""
    listed = parse_objects(row.values.get("thumbnails", ""))
    last = listed[-1] if listed else {}
    link = text_at(last, "url") or row.values.get("thumbnail", "").strip()
    if not link or not row.file.endswith(_OWN):
        return (link,) if link else ()
    found = _SUFFIX.search(link.partition("?")[0])
    suffix = text_at(last, "ext") or (found[1] if found else "jpg")
    return (f"{row.file.removesuffix(_OWN)}.{suffix}",)


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
