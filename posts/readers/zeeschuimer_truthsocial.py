"""Reads Truth Social posts that Zeeschuimer captured, which look like Mastodon's statuses.

Fields: digitalmethodsinitiative/4cat, datasources/truth/search_truth.py. Zeeschuimer strips the
HTML from a post's text, but not from the text of a post that it repeats.
"""

from typing import Any

from frametrace.posts.model import Post
from frametrace.posts.readers.shared.html_text import plain_text
from frametrace.posts.readers.shared.json_paths import text_at
from frametrace.posts.readers.shared.shown_files import shown_files
from frametrace.posts.rows import Row
from frametrace.posts.values import first_texts, parse_objects

__all__ = ["parse"]

_COUNTS = {
    "data.favourites_count": "likes",
    "data.reblogs_count": "reposts",
    "data.replies_count": "replies",
}
_VIDEOS = frozenset({"gifv", "video"})
_BY_OTHERS = ("data.reblog.", "data.quote.", "data.in_reply_to.")


def parse(row: Row) -> Post:
    """Make a Post of a row whose columns begin with `data.`."""
    repost_of = row.values.get("data.reblog.id", "").strip()
    shown = "data.reblog." if repost_of else "data."
    posted_at, precision = row.time("data.created_at")
    text = row.take(f"{shown}content")
    files = shown_files(map(_file_and_still, parse_objects(row.take(f"{shown}media_attachments"))))
    link = row.take(f"{shown}card.url").strip()
    return Post(
        platform="truthsocial",
        post_id=row.key("data.id", "item_id"),
        account_id=row.key("data.account.id"),
        account_name=row.take("data.account.username", "data.account.acct"),
        posted_at=posted_at,
        precision=precision,
        text=plain_text(text) if repost_of else text,
        media=files.media,
        stills=files.stills,
        links=(link,) if link else (),
        hashtags=first_texts(parse_objects(row.take(f"{shown}tags")), "name"),
        repost_of=repost_of,
        engagement=row.counts(_COUNTS),
        extra={name: text for name, text in row.rest().items() if not name.startswith(_BY_OTHERS)},
        source=row.source,
        line=row.line,
    )


def _file_and_still(item: dict[str, Any]) -> tuple[str, str]:
    """A picture, or a video and its preview; the link of a `tv` leads to a picture."""
    kind = text_at(item, "type")
    if kind in {"image", "tv"}:
        return text_at(item, "url"), ""
    return text_at(item, "url") if kind in _VIDEOS else "", text_at(item, "preview_url")
