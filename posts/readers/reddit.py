"""Reads submissions and comments of Reddit as its API, Pushshift and Arctic Shift write them.

Data frames write tables with the same names. Keys are ids without `t3_` and `t1_`.
Accounts are keyed by their names, which never change; some tools give nothing else.

Sources: ArthurHeitmann/arctic_shift, schemas/RS and schemas/RC; the API's listings
(reddit.com/dev/api); digitalmethodsinitiative/4cat, datasources/reddit/search_reddit.py.
"""

from collections.abc import Iterable, Mapping
from contextlib import suppress

from frametrace.posts.model import Post
from frametrace.posts.readers.shared.account_keys import unshared_account
from frametrace.posts.readers.shared.html_text import unescaped
from frametrace.posts.readers.shared.json_paths import text_at
from frametrace.posts.readers.shared.platforms import host_of
from frametrace.posts.readers.shared.post_keys import canonical_id
from frametrace.posts.readers.shared.python_literals import objects_in, parse_literal
from frametrace.posts.readers.shared.reader_contract import Reader
from frametrace.posts.readers.shared.shown_files import (
    Shown,
    is_media_link,
    is_video_link,
    shown_files,
)
from frametrace.posts.rows import Row, Shape, flatten
from frametrace.posts.values import with_title

__all__ = ["READERS", "account_of", "text_of"]

_REQUIRED = (
    ("id", "data.id"),
    ("author", "data.author"),
    ("created_utc", "data.created_utc"),
    ("title", "body", "data.title", "data.body"),
    ("subreddit", "permalink", "data.subreddit"),
)

_COUNTS = {"score": "score", "num_comments": "comments", "num_crossposts": "reposts"}
_PLACEHOLDERS = frozenset(("[deleted]", "[removed]", "[deleted by user]"))
_DATA = "data."
_PLAYERS = ("media", "secure_media")  # the same, by two protocols
_VIDEO = "reddit_video.fallback_url"

# Columns whose cells hold objects, and those that repeat other columns or hold what others wrote.
_OBJECT_COLUMNS = ("gallery_data", "media_metadata", "preview")
_DROPPED = (
    *("media_metadata", "preview", "crosspost_parent_list", "replies"),
    *("selftext_html", "body_html"),
)


def _posts_of(row: Row) -> Iterable[Row]:
    """Drop `more` records, which hold only the ids of posts that a listing left out."""
    return () if row.values.get("kind") == "more" else (row,)


def _parse(row: Row) -> Post:
    if "data.id" in row.values:  # a listing of the API
        row.values = {name.removeprefix(_DATA): text for name, text in row.values.items()}
    row.values = _with_objects(row.values)
    post_id = canonical_id("reddit", row.values.get("id", "").strip())
    if not post_id:
        raise ValueError("id is empty")
    original = next(map(flatten, objects_in(row.values.get("crosspost_parent_list", ""))), {})
    shown = original or dict(row.values)
    files = _files(shown)
    posted_at, precision = row.time("created_utc")
    return Post(
        platform="reddit",
        post_id=post_id,
        account_id=account_of(row.values.get("author", ""), post_id),
        account_name=row.take("author").strip(),
        posted_at=posted_at,
        precision=precision,
        text=text_of(row.take("title"), shown.get("selftext", ""), shown.get("body", "")),
        media=files.media,
        stills=files.stills,
        links=_links(shown),
        repost_of=canonical_id("reddit", row.take("crosspost_parent").strip()),
        engagement=row.counts(_COUNTS),
        extra=_extra(row),
        source=row.source,
        line=row.line,
    )


def account_of(author: str, post_id: str) -> str:
    """Key an account by its name. Raises ValueError if that is empty."""
    if not author.strip():
        raise ValueError("author is empty")
    return unshared_account("reddit", author.strip(), post_id)


def text_of(title: str, *texts: str) -> str:
    """Join a title and a text, without the placeholders of deleted ones."""
    parts = (unescaped(part).strip() for part in (title, *texts))
    shown = [part if part not in _PLACEHOLDERS else "" for part in parts]
    return with_title(shown[0], "".join(shown[1:]))


def _with_objects(values: dict[str, str]) -> dict[str, str]:
    """Flatten the objects in a table's cells to the names that a record has."""
    flattened: dict[str, str] = {}
    for name in _OBJECT_COLUMNS:
        if values.get(name, "").startswith("{"):
            try:
                flattened |= flatten({name: parse_literal(values[name])})
            except ValueError:
                continue
    return values | flattened


def _files(values: Mapping[str, str]) -> Shown:
    """A gallery's pictures, or what is posted, or the preview of a link; a video has a still."""
    items = objects_in(values.get("gallery_data.items", ""))
    slides = (f"media_metadata.{text_at(item, 'media_id')}.s." for item in items)
    links = [values.get(f"{slide}u") or values.get(f"{slide}gif", "") for slide in slides]
    posted = _posted_link(values)
    if any(links):
        return shown_files((unescaped(link), "") for link in links)
    previews = objects_in(values.get("preview.images", ""))
    still = text_at(previews, 0, "source", "url")
    file = _video(values) or (posted if is_media_link(posted) else "")
    is_picture = bool(file) and not is_video_link(file)
    return shown_files([(unescaped(file), "" if is_picture else unescaped(still))])


def _video(values: Mapping[str, str]) -> str:
    """The link to Reddit's own video; in a table the whole player is in one cell."""
    for name in _PLAYERS:
        if link := values.get(f"{name}.{_VIDEO}"):
            return link
        with suppress(ValueError, RecursionError):
            if (cell := values.get(name, "")).startswith("{"):
                return flatten(parse_literal(cell)).get(_VIDEO, "")
    return ""


def _posted_link(values: Mapping[str, str]) -> str:
    return unescaped(values.get("url_overridden_by_dest") or values.get("url", "")).strip()


def _links(values: Mapping[str, str]) -> tuple[str, ...]:
    """Where a submission leads, unless that is its own page, picture or video on Reddit."""
    posted = _posted_link(values)
    try:
        host = host_of(posted)
    except ValueError:
        return ()
    is_own = f".{host}".endswith((".reddit.com", ".redd.it"))
    is_page = is_own and ("/gallery/" in posted or f"/comments/{values.get('id')}" in posted)
    is_shown = host in {"i.redd.it", "v.redd.it"} or is_media_link(posted)
    return () if is_page or is_shown else (posted,)


def _extra(row: Row) -> dict[str, str]:
    """The columns that are left; the placeholder of a deleted text is kept."""
    for name in ("id", "name"):
        row.take(name)
    for name in ("selftext", "body"):
        if row.values.get(name, "").strip() not in _PLACEHOLDERS:
            row.take(name)
    return {name: text for name, text in row.rest().items() if not name.startswith(_DROPPED)}


READERS = (
    Reader(
        name="reddit-jsonl",
        title="Reddit submissions and comments, as Pushshift, Arctic Shift or the API give them",
        example="RS_2023-12.ndjson",
        platform="reddit",
        time="second",
        shape=Shape.RECORDS,
        required=_REQUIRED,
        parse=_parse,
        foreign=("subcategory",),  # gallery-dl has it
        parts=_posts_of,
    ),
    Reader(
        name="reddit-csv",
        title="Reddit submissions and comments with the API's column names",
        example="submissions.csv",
        platform="reddit",
        time="second",
        shape=Shape.TABLE,
        required=_REQUIRED,
        parse=_parse,
    ),
)
