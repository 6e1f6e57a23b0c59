"""A post as CrowdTangle's API tells of it, which its newer tables and JSON records share."""

from frametrace.posts.model import ACCOUNT_NUMBER, AccountKind, Post
from frametrace.posts.readers.post_keys import id_of
from frametrace.posts.readers.printed import objects_in
from frametrace.posts.readers.sites import platform_named, platform_of
from frametrace.posts.rows import Row
from frametrace.posts.values import first_texts, parse_list

__all__ = ["REQUIRED", "parse"]

REQUIRED = (("platformId",), ("account.id",), ("date",))

_COUNTS = {
    "likeCount": "likes",
    "favoriteCount": "likes",  # what it calls them on Instagram
    "commentCount": "comments",
    "shareCount": "shares",
    "viewCount": "views",
}
_COLUMNS = {
    f"statistics.{inside}{name}": called
    for inside in ("", "actual.")
    for name, called in _COUNTS.items()
}
_KINDS = {
    "facebook_page": AccountKind.PAGE,
    "facebook_group": AccountKind.GROUP,
}


def parse(row: Row) -> Post:
    """Make a Post of a row with the API's names."""
    platform = _platform(row)
    post_id = id_of(platform, row.key("platformId"))
    posted_at, precision = row.time("date")
    account_id, number = _account(row, platform)
    return Post(
        platform=platform,
        post_id=post_id,
        account_id=account_id,
        account_kind=_KINDS.get(row.take("account.accountType"), AccountKind.ACCOUNT),
        account_name=row.take("account.name") or row.take("account.handle"),
        posted_at=posted_at,
        precision=precision,
        text=row.take("message"),
        media=_pictures(row.take("media")),
        links=_links(row),
        engagement=row.counts(_COLUMNS),
        extra=({ACCOUNT_NUMBER: number} if number else {}) | row.rest(),
        source=row.source,
        line=row.line,
    )


def _account(row: Row, platform: str) -> tuple[str, str]:
    """Name the account as the older tables do, and tell Instagram's number for it.

    That is Facebook's own id, and on Instagram the handle. What only has CrowdTangle's id for it,
    is named by that.
    """
    handle = row.values.get("account.handle", "").strip().lower()
    if platform == "instagram" and handle:
        return handle, row.take("account.platformId").strip()
    own = "account.platformId" if row.values.get("account.platformId", "").strip() else "account.id"
    return row.key(own), ""


def _platform(row: Row) -> str:
    named = platform_named(row.take("platform", "account.platform"))
    url = row.values.get("postUrl", "")
    return named or (platform_of(url) if url else "facebook")


def _pictures(text: str) -> tuple[str, ...]:
    """A video comes with its own picture, as a photo."""
    found = objects_in(text)
    photos = (item for item in found if item.get("type") != "video")
    return first_texts(photos, "full", "url") if found else parse_list(text)


def _links(row: Row) -> tuple[str, ...]:
    """What a post links to; of a photo it is often the post itself."""
    short = row.take("link")
    found = (short, *first_texts(objects_in(row.take("expandedLinks")), "expanded", "original"))
    return tuple(
        dict.fromkeys(link for link in found if link not in ("", row.values.get("postUrl")))
    )
