"""Reads posts of CrowdTangle's API, from its JSON records or CrowdTangle's newer tables."""

from frametrace.posts.model import ACCOUNT_NUMBER, AccountKind, Post
from frametrace.posts.readers.shared.platforms import platform_named, platform_of
from frametrace.posts.readers.shared.post_keys import canonical_id
from frametrace.posts.readers.shared.python_literals import objects_in
from frametrace.posts.readers.shared.reader_contract import Reader
from frametrace.posts.rows import Row, Shape
from frametrace.posts.values import picked, values_of

__all__ = ["READERS"]

_REQUIRED = (("platformId",), ("account.id",), ("date",))

_COUNTS = {
    "likeCount": "likes",
    "favoriteCount": "likes",  # its name on Instagram
    "commentCount": "comments",
    "shareCount": "shares",
    "viewCount": "views",
}
_COUNT_COLUMNS = {
    f"statistics.{inside}{name}": count_name
    for inside in ("", "actual.")
    for name, count_name in _COUNTS.items()
}
_KINDS = {
    "facebook_page": AccountKind.PAGE,
    "facebook_group": AccountKind.GROUP,
}


def _parse(row: Row) -> Post:
    platform = _platform(row)
    post_id = canonical_id(platform, row.key("platformId"))
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
        engagement=row.counts(_COUNT_COLUMNS),
        extra=({ACCOUNT_NUMBER: number} if number else {}) | row.rest(),
        source=row.source,
        line=row.line,
    )


def _account(row: Row, platform: str) -> tuple[str, str]:
    """Key the account as the exports do, and give Instagram's number for it.

    The key is Facebook's own id, and on Instagram the handle. CrowdTangle's id is the last resort.
    """
    handle = row.values.get("account.handle", "").strip().lower()
    if platform == "instagram" and handle:
        return handle, row.take("account.platformId").strip()
    has_own_id = bool(row.values.get("account.platformId", "").strip())
    return row.key("account.platformId" if has_own_id else "account.id"), ""


def _platform(row: Row) -> str:
    named = platform_named(row.take("platform", "account.platform"))
    url = row.values.get("postUrl", "")
    return named or (platform_of(url) if url else "facebook")


def _pictures(media: str) -> tuple[str, ...]:
    """Links to pictures; the still of a video is listed as a photo."""
    items = objects_in(media)
    photos = (item for item in items if item.get("type") != "video")
    return picked(photos, "full", "url") if items else values_of(media)


def _links(row: Row) -> tuple[str, ...]:
    """What a post links to; a photo often links to its own post, which is left out."""
    short = row.take("link")
    links = (short, *picked(objects_in(row.take("expandedLinks")), "expanded", "original"))
    not_links = ("", row.values.get("postUrl"))
    return tuple(dict.fromkeys(link for link in links if link not in not_links))


READERS = (
    Reader(
        name="crowdtangle-api-csv",
        title="CrowdTangle posts with the API's column names",
        example="crowdtangle_posts.csv",
        platform="facebook, instagram",
        time="second",
        shape=Shape.TABLE,
        required=_REQUIRED,
        parse=_parse,
    ),
    Reader(
        name="crowdtangle-api-jsonl",
        title="CrowdTangle posts of the API, one per line",
        example="crowdtangle_posts.jsonl",
        platform="facebook, instagram",
        time="second",
        shape=Shape.RECORDS,
        required=_REQUIRED,
        parse=_parse,
    ),
)
