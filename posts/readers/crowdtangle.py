"""Reads CrowdTangle's exports of Facebook and Instagram, and posts of its API as JSON or tables.

Until April 2021, exports called the time's column `Created`; R scripts that read CrowdTangle's
historical reports know both names. In exports, the post's id is the end of its link, on Instagram
a shortcode. Newer tables have the column names of the API.
"""

from frametrace.posts.model import ACCOUNT_NUMBER, AccountKind, Post
from frametrace.posts.readers.shared.platforms import platform_named, platform_of
from frametrace.posts.readers.shared.post_keys import canonical_id, id_in_link
from frametrace.posts.readers.shared.python_literals import objects_in
from frametrace.posts.readers.shared.reader_contract import Reader
from frametrace.posts.readers.shared.shown_files import Shown, is_video_link
from frametrace.posts.rows import Row, Shape
from frametrace.posts.values import distinct, first_texts, parse_list

__all__ = ["READERS"]

# The time's column, since April 2021 and before.
_CREATED = ("Post Created", "Created")

_FACEBOOK_COUNTS = {
    "Likes": "likes",
    "Comments": "comments",
    "Shares": "shares",
    "Total Interactions": "interactions",
    "Post Views": "views",
}
_INSTAGRAM_COUNTS = {
    "Likes": "likes",
    "Comments": "comments",
    "Views": "views",
    "Total Interactions": "interactions",
}

_API_REQUIRED = (("platformId",), ("account.id",), ("date",))

_STATISTICS = {
    "likeCount": "likes",
    "favoriteCount": "likes",  # its name on Instagram
    "commentCount": "comments",
    "shareCount": "shares",
    "viewCount": "views",
}
_API_COUNTS = {
    f"statistics.{inside}{name}": count_name
    for inside in ("", "actual.")
    for name, count_name in _STATISTICS.items()
}
_KINDS = {
    "facebook_page": AccountKind.PAGE,
    "facebook_group": AccountKind.GROUP,
}


def _parse_facebook(row: Row) -> Post:
    kind = AccountKind.GROUP if "Group Name" in row.values else AccountKind.PAGE
    url = row.key("URL")
    posted_at, precision = row.time(_time_column(row))
    return Post(
        platform="facebook",
        post_id=id_in_link("facebook", url),
        account_id=row.key("Facebook Id"),
        account_kind=kind,
        account_name=row.take("Group Name", "Page Name"),
        posted_at=posted_at,
        precision=precision,
        text=row.take("Message"),
        links=distinct((row.take("Link"), row.take("Final Link"))),
        engagement=row.counts(_FACEBOOK_COUNTS),
        extra={"URL": url, **row.rest()},
        source=row.source,
        line=row.line,
    )


def _parse_instagram(row: Row) -> Post:
    url = row.key("URL")
    posted_at, precision = row.time(_time_column(row))
    photo, link = row.take("Photo").strip(), row.take("Link").strip()
    return Post(
        platform="instagram",
        post_id=id_in_link("instagram", url),
        account_id=row.key("User Name").lower(),
        account_name=row.take("Account"),
        posted_at=posted_at,
        precision=precision,
        text=row.take("Description"),
        media=(photo,) if photo else (),
        links=(link,) if link and link != url else (),  # most posts link to themselves
        engagement=row.counts(_INSTAGRAM_COUNTS),
        extra={"URL": url, **row.rest()},
        source=row.source,
        line=row.line,
    )


def _time_column(row: Row) -> str:
    return next((name for name in _CREATED if row.values.get(name, "").strip()), _CREATED[0])


def _parse_api(row: Row) -> Post:
    platform = _platform(row)
    post_id = canonical_id(platform, row.key("platformId"))
    posted_at, precision = row.time("date")
    account_id, number = _account(row, platform)
    files = _files(row.take("media"), is_album="album" in row.values.get("type", "").lower())
    return Post(
        platform=platform,
        post_id=post_id,
        account_id=account_id,
        account_kind=_KINDS.get(row.take("account.accountType"), AccountKind.ACCOUNT),
        account_name=row.take("account.name") or row.take("account.handle"),
        posted_at=posted_at,
        precision=precision,
        text=row.take("message"),
        media=files.media,
        stills=files.stills,
        links=_links(row),
        engagement=row.counts(_API_COUNTS),
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
    platform = platform_named(row.take("platform", "account.platform"))
    url = row.values.get("postUrl", "")
    return platform or (platform_of(url) if url else "facebook")


def _files(media: str, *, is_album: bool) -> Shown:
    """Links to pictures and videos; outside albums, a photo beside a video is its still.

    Links of videos that lead to pages are left out.
    """
    items = objects_in(media)
    photos = first_texts((item for item in items if item.get("type") != "video"), "full", "url")
    links = first_texts((item for item in items if item.get("type") == "video"), "url")
    videos = tuple(filter(is_video_link, links))
    if is_album or not videos:
        return Shown(distinct((*photos, *videos)) if items else parse_list(media))
    return Shown(videos, photos)


def _links(row: Row) -> tuple[str, ...]:
    """What a post links to; a photo often links to its own post, which is left out."""
    short = row.take("link")
    links = (short, *first_texts(objects_in(row.take("expandedLinks")), "expanded", "original"))
    return distinct(link for link in links if link != row.values.get("postUrl"))


READERS = (
    Reader(
        name="crowdtangle-facebook",
        title="CrowdTangle export of Facebook pages or groups",
        example="2019-08-20-historical-report-pages.csv",
        platform="facebook",
        time="second",
        shape=Shape.TABLE,
        required=(("URL",), ("Facebook Id",), _CREATED, ("Page Name", "Group Name")),
        parse=_parse_facebook,
    ),
    Reader(
        name="crowdtangle-instagram",
        title="CrowdTangle export of Instagram accounts",
        example="2019-08-20-historical-report-instagram.csv",
        platform="instagram",
        time="second",
        shape=Shape.TABLE,
        required=(("URL",), ("User Name",), _CREATED, ("Account", "Photo")),
        foreign=("Facebook Id",),
        parse=_parse_instagram,
    ),
    Reader(
        name="crowdtangle-api-csv",
        title="CrowdTangle posts with the API's column names",
        example="crowdtangle_posts.csv",
        platform="facebook, instagram",
        time="second",
        shape=Shape.TABLE,
        required=_API_REQUIRED,
        parse=_parse_api,
    ),
    Reader(
        name="crowdtangle-api-jsonl",
        title="CrowdTangle posts of the API, one per line",
        example="crowdtangle_posts.jsonl",
        platform="facebook, instagram",
        time="second",
        shape=Shape.RECORDS,
        required=_API_REQUIRED,
        parse=_parse_api,
    ),
)
