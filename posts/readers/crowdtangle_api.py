"""A post as CrowdTangle's API tells of it, which its newer tables and JSON records share."""

from frametrace.posts.model import AccountKind, Post
from frametrace.posts.readers.printed import objects_in
from frametrace.posts.readers.sites import platform_of
from frametrace.posts.rows import Row
from frametrace.posts.values import picked, values_of

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
    """Make a Post of a row with the API's names.

    The account is the platform's own id for it, as in the older tables, so that one page is one
    account in both; where there is none, it is the id at CrowdTangle.
    """
    own = "account.platformId" if row.values.get("account.platformId", "").strip() else "account.id"
    posted_at, precision = row.time("date")
    return Post(
        platform=_platform(row),
        post_id=row.key("platformId"),
        account_id=row.key(own),
        account_kind=_KINDS.get(row.take("account.accountType"), AccountKind.ACCOUNT),
        account_name=row.take("account.name") or row.take("account.handle"),
        posted_at=posted_at,
        precision=precision,
        text=row.take("message"),
        media=_pictures(row.take("media")),
        links=_links(row),
        engagement=row.counts(_COLUMNS),
        extra=row.rest(),
        source=row.source,
        line=row.line,
    )


def _platform(row: Row) -> str:
    named = row.take("platform", "account.platform").strip().lower()
    url = row.values.get("postUrl", "")
    return named or (platform_of(url) if url else "facebook")


def _pictures(text: str) -> tuple[str, ...]:
    """A video comes with its own picture, as a photo."""
    found = objects_in(text)
    photos = (item for item in found if item.get("type") != "video")
    return picked(photos, "full", "url") if found else values_of(text)


def _links(row: Row) -> tuple[str, ...]:
    """What a post links to; of a photo it is often the post itself."""
    short = row.take("link")
    found = (short, *picked(objects_in(row.take("expandedLinks")), "expanded", "original"))
    return tuple(
        dict.fromkeys(link for link in found if link not in ("", row.values.get("postUrl")))
    )
