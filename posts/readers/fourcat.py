"""Reads 4CAT's tables of posts; `fourcat_columns` lists the columns of each platform.

Times without a zone are UTC. An unknown time is 0 or -1.
"""

from datetime import datetime
from functools import lru_cache

from frametrace.posts.model import Post, Precision
from frametrace.posts.readers.fourcat_columns import SOURCES, UNKNOWN, Columns
from frametrace.posts.readers.fourcat_keys import account_in, post_id_in, repost_in
from frametrace.posts.readers.reddit import text_of
from frametrace.posts.readers.shared.html_text import plain_text
from frametrace.posts.readers.shared.linkedin_ids import activity_time
from frametrace.posts.readers.shared.platforms import platform_of
from frametrace.posts.readers.shared.reader_contract import Reader
from frametrace.posts.readers.shared.shown_files import (
    Shown,
    is_media_link,
    is_playlist,
    is_video_link,
    videos_with_covers,
)
from frametrace.posts.readers.shared.x_values import text_on
from frametrace.posts.rows import Row, Shape
from frametrace.posts.values import distinct, parse_list, split_links, with_title

__all__ = ["READER"]

_UNKNOWN_TIMES = frozenset({"0", "0.0", "-1", "-1.0"})


def _parse(row: Row) -> Post:
    columns = _columns_of(tuple(row.values))
    platform = _platform(row, columns)
    post_id = post_id_in(row, platform)
    _check_is_post(row, columns, post_id)
    posted_at, precision = _time(row, columns, post_id)
    repost_of = repost_in(row, platform)
    account_id, kind, name, account_extra = account_in(row, columns, platform, post_id)
    files = _files(row, columns, platform, post_id)
    links = (link for link in _links(row, columns.links) if link not in files.media)
    is_partial = row.values.get("partial_item", "").strip().lower() == "true"
    return Post(
        platform=platform,
        post_id=post_id,
        account_id=account_id,
        account_kind=kind,
        account_name=name,
        posted_at=posted_at,
        precision=precision,
        text=_text(row, columns),
        media=files.media,
        stills=files.stills,
        links=tuple(links),
        hashtags=_items(row.take(*columns.hashtags)),
        repost_of=repost_of,
        engagement=_counts(row, columns),
        extra=row.rest() | account_extra | ({"_zs_partial": "true"} if is_partial else {}),
        source=row.source,
        line=row.line,
    )


@lru_cache(maxsize=64)  # all rows of a table have the same names
def _columns_of(names: tuple[str, ...]) -> Columns:
    return next((source for source in SOURCES if source.fit(names)), UNKNOWN)


def _platform(row: Row, columns: Columns) -> str:
    """The platform; other platforms' tables may have X's columns, and then only a link shows it."""
    if columns.platform == "4chan":
        file = row.file.lower()
        return next((site for site in ("8kun", "8chan") if site in file), "4chan")
    if columns.platform not in {"", "twitter"}:
        return columns.platform
    link = next(filter(None, (row.values.get(name, "").strip() for name in columns.address)), "")
    if not (link or columns.platform):
        raise ValueError("nothing shows which platform the post is from: its columns are not known")
    return platform_of(link) if link else columns.platform


def _check_is_post(row: Row, columns: Columns, post_id: str) -> None:
    column, excluded, kind = columns.not_a_post
    value = row.values.get(column, "").strip()
    if value and (value != post_id if excluded == "*" else value == excluded):
        raise ValueError(f"it is {kind} and not a post")


def _time(row: Row, columns: Columns, post_id: str) -> tuple[datetime | None, Precision]:
    if columns.platform == "linkedin":  # 4CAT's time is computed from "two months ago"
        return activity_time(post_id)
    for name in ("unix_timestamp", "timestamp", "created_at"):
        if row.values.get(name, "").strip() in _UNKNOWN_TIMES:
            row.take(name)
        posted_at, precision = row.unix(name) if name == "unix_timestamp" else row.time(name)
        if posted_at is not None:
            return posted_at, Precision.DAY if columns.coarse else precision
    return None, Precision.NONE


def _text(row: Row, columns: Columns) -> str:
    """The title and the text, unless the text repeats the title."""
    title, text = row.take(columns.title), row.take("body")
    if columns.platform == "tumblr" and not text.strip():
        text = row.take("body_reblogged")
    if columns.platform == "reddit":
        return text_of(title, text)
    if columns.platform == "gab":
        return plain_text(text)
    text = text_on(columns.platform, text)
    return with_title(title, text) if columns.title else text


def _files(row: Row, columns: Columns, platform: str, post_id: str) -> Shown:
    """What a row says about pictures and videos; a column of videos may hold their stills."""
    if platform == "4chan":
        return Shown(_imageboard_picture(row))
    if platform == "imgur" and not row.values.get("type", "").startswith(("image", "video")):
        return Shown(())
    pictures = _links(row, columns.pictures)
    if platform == "telegram" and row.values.get("attachment_type", "").strip() == "video":
        return Shown(pictures or (f"{post_id.replace('/', '-')}.mp4",))
    listed = tuple(link for link in _links(row, columns.videos) if not is_playlist(link))
    videos = tuple(link for link in listed if is_video_link(link) or not is_media_link(link))
    if columns.covers:
        return videos_with_covers(pictures, videos)
    stills = (*(link for link in listed if link not in videos), *_links(row, columns.stills))
    if videos or pictures:
        return Shown((*pictures, *videos), stills)
    return Shown(stills)


def _imageboard_picture(row: Row) -> tuple[str, ...]:
    """The link in an imageboard archive from which 4CAT downloads a picture, by its MD5."""
    digest = row.values.get("image_md5", "").strip().replace("/", "_")
    archive = "boards.fireden.net" if row.values.get("board") == "v" else "archive.4plebs.org"
    return (f"https://{archive}/_/search/image/{digest}",) if digest else ()


def _links(row: Row, names: tuple[str, ...]) -> tuple[str, ...]:
    text = row.take(*names).strip() if names else ""
    return distinct(parse_list(text)) if text.startswith("[") else split_links(text)


def _items(text: str) -> tuple[str, ...]:
    parts = parse_list(text) if text.startswith("[") else text.split(",")
    return distinct(part.strip() for part in parts)


def _counts(row: Row, columns: Columns) -> dict[str, int]:
    """The counts; only a score may be negative, other negative counts mean unknown."""
    counts = row.counts(columns.counts)
    return {name: n for name, n in counts.items() if n >= 0 or name == "score"}


READER = Reader(
    name="4cat",
    title="4CAT's posts of a platform; pictures and videos in 4CAT's zip archives",
    example="twitter-import-1566223402.csv",
    platform=", ".join(dict.fromkeys(source.platform for source in SOURCES)),
    time="second; day where 4CAT estimates it; none where the platform shows none",
    shape=Shape.TABLE,
    required=(
        ("id",),
        ("body",),
        ("unix_timestamp", "timestamp"),
        ("author", "author_id", "account_id", "author_user_id"),
        (
            "thread_id",
            "is_in_group",
            "is_vote_masked",
            "album_media",
            "author_is_verified",
            "author_avatar_url",
        ),
    ),
    parse=_parse,
)
