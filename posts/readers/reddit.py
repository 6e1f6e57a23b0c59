"""Reads submissions and comments of Reddit as its API, Pushshift and Arctic Shift write them.

Data frames write tables with the same names. Keys are ids without `t3_` and `t1_`.
Accounts are keyed by their names, which never change; some tools give nothing else.

Sources: ArthurHeitmann/arctic_shift, schemas/RS and schemas/RC; the API's listings
(reddit.com/dev/api); digitalmethodsinitiative/4cat, datasources/reddit/search_reddit.py.
"""

from collections.abc import Iterable, Mapping
from urllib.parse import urlsplit

from frametrace.posts.model import Post
from frametrace.posts.readers.shared.account_keys import unshared_account
from frametrace.posts.readers.shared.html_text import unescaped
from frametrace.posts.readers.shared.json_paths import text_at
from frametrace.posts.readers.shared.platforms import host_of
from frametrace.posts.readers.shared.post_keys import canonical_id
from frametrace.posts.readers.shared.python_literals import objects_in, parse_literal
from frametrace.posts.readers.shared.reader_contract import Reader
from frametrace.posts.rows import Row, Shape, flatten
from frametrace.posts.sources.picture_files import is_picture
from frametrace.posts.values import distinct, with_title

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
    posted_at, precision = row.time("created_utc")
    return Post(
        platform="reddit",
        post_id=post_id,
        account_id=account_of(row.values.get("author", ""), post_id),
        account_name=row.take("author").strip(),
        posted_at=posted_at,
        precision=precision,
        text=text_of(row.take("title"), shown.get("selftext", ""), shown.get("body", "")),
        media=_pictures(shown),
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


def _pictures(values: Mapping[str, str]) -> tuple[str, ...]:
    """A gallery's pictures, or the picture that is posted, or the preview of a link."""
    items = objects_in(values.get("gallery_data.items", ""))
    slides = (f"media_metadata.{text_at(item, 'media_id')}.s." for item in items)
    links = [values.get(f"{slide}u") or values.get(f"{slide}gif", "") for slide in slides]
    posted = _posted_link(values)
    if not any(links) and _is_picture(posted):
        links = [posted]
    if not any(links):
        previews = objects_in(values.get("preview.images", ""))
        links = [text_at(preview, "source", "url") for preview in previews[:1]]
    return distinct(unescaped(link).strip() for link in links)


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
    is_shown = host in {"i.redd.it", "v.redd.it"} or _is_picture(posted)
    return () if is_page or is_shown else (posted,)


def _is_picture(link: str) -> bool:
    try:
        return is_picture(urlsplit(link).path)
    except ValueError:
        return False


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
