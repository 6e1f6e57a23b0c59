"""X: what somebody downloads of their own account, `data/tweets.js` with the pictures beside it.

Sources: timhutton/twitter-archive-parser, parser.py; alkihis/twitter-archive-reader,
ts/types/GDPRTweets.ts.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlsplit

from frametrace.posts.model import Post
from frametrace.posts.readers import x_legacy
from frametrace.posts.readers.contract import Neighbour, Reader
from frametrace.posts.readers.nested import text_at
from frametrace.posts.rows import Row, Shape
from frametrace.posts.values import parse_json

__all__ = ["READER"]

_TWEET = "tweet."  # archives of 2018 do without it
_ACCOUNT, _NAME = "account.accountId", "account.username"
_FILE_NAME = re.compile(r"[\w-]{1,100}\.\w{2,5}", re.ASCII)
_PART = re.compile(r"-part\d+$", re.ASCII)


def _account(read: Neighbour) -> Mapping[str, str]:
    """Whose archive it is; the mail address and what else stands there is left alone."""
    found = _assigned(read("account.js"))
    own = found[0] if isinstance(found, list) and found else {}
    account_id, name = text_at(own, "account", "accountId"), text_at(own, "account", "username")
    if not account_id:
        manifest = _assigned(read("manifest.js"))
        account_id = text_at(manifest, "userInfo", "accountId")
        name = text_at(manifest, "userInfo", "userName")
    return {_ACCOUNT: account_id, _NAME: name}


def _assigned(script: str) -> Any:
    """The JSON that a script assigns to a variable; None if it is not such a script."""
    try:
        return parse_json(script.partition("=")[2].strip().removesuffix(";"))
    except (ValueError, RecursionError):
        return None


def _parse(row: Row) -> Post:
    row.values = {name.removeprefix(_TWEET): text for name, text in row.values.items()}
    post_id = row.key("id_str")
    row.take("id")
    account_id = row.take(_ACCOUNT).strip()
    if not account_id:
        raise ValueError("whose post it is stands in account.js, which is not beside the file")
    posted_at, precision = row.time("created_at")
    post = x_legacy.shown(row)
    return Post(
        platform="twitter",
        post_id=post_id,
        account_id=account_id,
        account_name=row.take(_NAME),
        posted_at=posted_at,
        precision=precision,
        text=post.text,
        media=_files(row.file, post_id, post.media),
        links=post.links,
        hashtags=post.hashtags,
        repost_of=x_legacy.repeated(post),
        engagement=row.counts(x_legacy.COUNTS),
        extra=row.rest(),
        source=row.source,
        line=row.line,
    )


def _files(file: str, post_id: str, media: Iterable[dict[str, Any]]) -> tuple[str, ...]:
    """Where the pictures lie, beside the file: in `tweets_media` for `tweets.js`.

    Of a video the archive has no still: that is a link.
    """
    folder = _PART.sub("", file.partition(".")[0]).replace("-", "_") + "_media"
    found: dict[str, None] = {}
    for item in media:
        link = text_at(item, "media_url_https") or text_at(item, "media_url")
        name = _name_of(link) if item.get("type") == "photo" else ""
        found[f"{folder}/{post_id}-{name}" if name else link] = None
    return tuple(filter(None, found))


def _name_of(link: str) -> str:
    try:
        name = urlsplit(link).path.rpartition("/")[2]
    except ValueError:
        return ""
    return name if _FILE_NAME.fullmatch(name) else ""


READER = Reader(
    name="x-personal-archive",
    title="X's archive of one's own account, its posts",
    example="data/tweets.js",
    platform="twitter",
    time="second",
    shape=Shape.RECORDS,
    required=(
        ("tweet.id_str", "id_str"),
        ("tweet.full_text", "full_text"),
        ("tweet.created_at", "created_at"),
    ),
    foreign=("user.id_str", "user.screen_name"),
    parse=_parse,
    context=_account,
    beside=True,
)
