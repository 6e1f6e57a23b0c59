"""Reads CrowdTangle's exports of Facebook pages, Facebook groups and Instagram accounts.

Until April 2021 the time's column was called `Created`; R scripts that read CrowdTangle's
historical reports know both names. The post's id is the tail of its link, on Instagram as a
shortcode.
"""

from frametrace.posts.model import AccountKind, Post
from frametrace.posts.readers.shared.post_keys import id_in_link
from frametrace.posts.readers.shared.reader_contract import Reader
from frametrace.posts.rows import Row, Shape

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


def _parse_facebook(row: Row) -> Post:
    kind = AccountKind.GROUP if "Group Name" in row.values else AccountKind.PAGE
    url = row.key("URL")
    posted_at, precision = row.time(_time_column(row))
    links = dict.fromkeys((row.take("Link"), row.take("Final Link")))
    return Post(
        platform="facebook",
        post_id=id_in_link("facebook", url),
        account_id=row.key("Facebook Id"),
        account_kind=kind,
        account_name=row.take("Group Name", "Page Name"),
        posted_at=posted_at,
        precision=precision,
        text=row.take("Message"),
        links=tuple(link for link in links if link),
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
)
