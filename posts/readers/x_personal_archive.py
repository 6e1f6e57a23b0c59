"""Reads the archive that users of X download of their account: `data/tweets.js` and its media.

Sources: timhutton/twitter-archive-parser, parser.py; alkihis/twitter-archive-reader,
ts/types/GDPRTweets.ts.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlsplit

from frametrace.posts.model import Post
from frametrace.posts.readers import x_api_v1
from frametrace.posts.readers.shared.json_paths import objects_at, text_at, value_at
from frametrace.posts.readers.shared.reader_contract import Neighbour, Reader
from frametrace.posts.readers.shared.shown_files import Shown, best_variant, shown_files
from frametrace.posts.rows import Row, Shape
from frametrace.posts.values import parse_json

__all__ = ["READER"]

_TWEET = "tweet."  # absent in archives of 2018
_ACCOUNT_ID, _ACCOUNT_NAME = "account.accountId", "account.username"
_FILE_NAME = re.compile(r"[\w-]{1,100}\.\w{2,5}", re.ASCII)
_PART = re.compile(r"-part\d+$", re.ASCII)


def _account(read: Neighbour) -> Mapping[str, str]:
    """The account of the archive; its email address and other personal data are not read."""
    account = value_at(_assigned(read("account.js")), 0, "account")
    account_id, name = text_at(account, "accountId"), text_at(account, "username")
    if not account_id:
        manifest = _assigned(read("manifest.js"))
        account_id = text_at(manifest, "userInfo", "accountId")
        name = text_at(manifest, "userInfo", "userName")
    return {_ACCOUNT_ID: account_id, _ACCOUNT_NAME: name}


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
    account_id = row.take(_ACCOUNT_ID).strip()
    if not account_id:
        raise ValueError("account.js, which says whose post it is, is not beside the file")
    posted_at, precision = row.time("created_at")
    content = x_api_v1.content_of(row)
    shown = _files(row.file, post_id, content.media)
    return Post(
        platform="twitter",
        post_id=post_id,
        account_id=account_id,
        account_name=row.take(_ACCOUNT_NAME),
        posted_at=posted_at,
        precision=precision,
        text=content.text,
        media=shown.media,
        stills=shown.stills,
        links=content.links,
        hashtags=content.hashtags,
        repost_of=x_api_v1.repost_of(content),
        engagement=row.counts(x_api_v1.COUNTS),
        extra=row.rest(),
        source=row.source,
        line=row.line,
    )


def _files(file: str, post_id: str, media: Iterable[dict[str, Any]]) -> Shown:
    """The paths of pictures and videos beside the file, in `tweets_media` for `tweets.js`.

    Of a video the archive has the variant with the highest bit rate, and no still: that is a link.
    """
    folder = _PART.sub("", file.partition(".")[0]).replace("-", "_") + "_media"
    items: list[tuple[str, str]] = []
    for item in media:
        link = text_at(item, "media_url_https") or text_at(item, "media_url")
        is_photo = item.get("type") == "photo"
        video = "" if is_photo else best_variant(objects_at(item, "video_info", "variants"))
        name = _name_of(link if is_photo else video)
        items.append(
            (f"{folder}/{post_id}-{name}", "" if is_photo else link) if name else (link, "")
        )
    return shown_files(items)


def _name_of(link: str) -> str:
    try:
        name = urlsplit(link).path.rpartition("/")[2]
    except ValueError:
        return ""
    return name if _FILE_NAME.fullmatch(name) else ""


READER = Reader(
    name="x-personal-archive",
    title="X's \"Your archive\", posts of the user's own account",
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
