"""A submission or a comment of Reddit, by the names of its API, which archives keep.

Keys are ids without `t3_` and `t1_`, and accounts are names, which can't be changed: some tools
tell no more. Sources: ArthurHeitmann/arctic_shift, schemas/RS and schemas/RC; the API's listings
(reddit.com/dev/api); digitalmethodsinitiative/4cat, datasources/reddit/search_reddit.py.
"""

from collections.abc import Mapping
from urllib.parse import urlsplit

from frametrace.posts.model import Post
from frametrace.posts.readers.account_keys import one_of_many
from frametrace.posts.readers.html_text import unescaped
from frametrace.posts.readers.nested import text_at
from frametrace.posts.readers.post_keys import id_of
from frametrace.posts.readers.printed import objects_in, printed
from frametrace.posts.readers.sites import host_of
from frametrace.posts.rows import Row, flatten
from frametrace.posts.sources.picture_files import is_picture
from frametrace.posts.values import with_title

__all__ = ["REQUIRED", "account_of", "parse", "text_of"]

REQUIRED = (
    ("id", "data.id"),
    ("author", "data.author"),
    ("created_utc", "data.created_utc"),
    ("title", "body", "data.title", "data.body"),
    ("subreddit", "permalink", "data.subreddit"),
)

_COUNTS = {"score": "score", "num_comments": "comments", "num_crossposts": "reposts"}
_GONE = frozenset(("[deleted]", "[removed]", "[deleted by user]"))
_DATA = "data."

# Objects that a table holds in its cells, and what only repeats what was taken or others wrote.
_OBJECTS = ("gallery_data", "media_metadata", "preview")
_REPEATED = (
    *("media_metadata", "preview", "crosspost_parent_list", "replies"),
    *("selftext_html", "body_html"),
)


def parse(row: Row) -> Post:
    """Make a Post of a row with Reddit's names; in a listing of the API they begin with `data.`."""
    if "data.id" in row.values:
        row.values = {name.removeprefix(_DATA): text for name, text in row.values.items()}
    row.values = _opened(row.values)
    post_id = id_of("reddit", row.values.get("id", "").strip())
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
        repost_of=id_of("reddit", row.take("crosspost_parent").strip()),
        engagement=row.counts(_COUNTS),
        extra=_extra(row),
        source=row.source,
        line=row.line,
    )


def account_of(author: str, post_id: str) -> str:
    """Name an account. Raises ValueError if it isn't told."""
    if not author.strip():
        raise ValueError("author is empty")
    return one_of_many("reddit", author.strip(), post_id)


def text_of(title: str, *texts: str) -> str:
    """Put a title and a text together, without what stands in place of a text that is gone."""
    told = (unescaped(part).strip() for part in (title, *texts))
    shown = [part if part not in _GONE else "" for part in told]
    return with_title(shown[0], "".join(shown[1:]))


def _opened(values: dict[str, str]) -> dict[str, str]:
    """Name what lies in a table's cells as a record's values are named."""
    found: dict[str, str] = {}
    for name in _OBJECTS:
        if values.get(name, "").startswith("{"):
            try:
                found |= flatten({name: printed(values[name])})
            except ValueError:
                continue
    return values | found


def _pictures(values: Mapping[str, str]) -> tuple[str, ...]:
    """A gallery's pictures, or the picture that is posted, or the one that stands for a link."""
    items = objects_in(values.get("gallery_data.items", ""))
    slides = (f"media_metadata.{text_at(item, 'media_id')}.s." for item in items)
    found = [values.get(f"{slide}u") or values.get(f"{slide}gif", "") for slide in slides]
    posted = _posted(values)
    if not any(found) and _is_picture(posted):
        found = [posted]
    if not any(found):
        previews = objects_in(values.get("preview.images", ""))
        found = [text_at(preview, "source", "url") for preview in previews[:1]]
    return tuple(dict.fromkeys(unescaped(link).strip() for link in found if link.strip()))


def _posted(values: Mapping[str, str]) -> str:
    """The link that is posted."""
    return unescaped(values.get("url_overridden_by_dest") or values.get("url", "")).strip()


def _links(values: Mapping[str, str]) -> tuple[str, ...]:
    """Where a submission leads, if that is not to Reddit's own page, picture or video of it."""
    posted = _posted(values)
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
    """What is left; what stands in place of a text says that it is gone."""
    for name in ("id", "name"):
        row.take(name)
    for name in ("selftext", "body"):
        if row.values.get(name, "").strip() not in _GONE:
            row.take(name)
    return {name: text for name, text in row.rest().items() if not name.startswith(_REPEATED)}
