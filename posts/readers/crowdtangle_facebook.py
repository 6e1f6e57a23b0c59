"""CrowdTangle's export of Facebook posts by pages or groups.

Until April 2021 the time's column was called `Created`, and what people write in R to read its
historical reports knows both names. A link's tail is the post's id.
"""

from frametrace.posts.model import AccountKind, Post
from frametrace.posts.readers.shared.post_keys import id_in_link
from frametrace.posts.readers.shared.reader_contract import Reader
from frametrace.posts.rows import Row, Shape

__all__ = ["CREATED", "READER", "created_in"]

# What the time's column is called, since April 2021 and before.
CREATED = ("Post Created", "Created")

_COUNTS = {
    "Likes": "likes",
    "Comments": "comments",
    "Shares": "shares",
    "Total Interactions": "interactions",
    "Post Views": "views",
}


def _parse(row: Row) -> Post:
    kind = AccountKind.GROUP if "Group Name" in row.values else AccountKind.PAGE
    url = row.key("URL")
    posted_at, precision = row.time(created_in(row))
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
        engagement=row.counts(_COUNTS),
        extra={"URL": url, **row.rest()},
        source=row.source,
        line=row.line,
    )


def created_in(row: Row) -> str:
    """Name the column that holds a row's time."""
    return next((name for name in CREATED if row.values.get(name, "").strip()), CREATED[0])


READER = Reader(
    name="crowdtangle-facebook",
    title="CrowdTangle export of Facebook pages or groups",
    example="2019-08-20-historical-report-pages.csv",
    platform="facebook",
    time="second",
    shape=Shape.TABLE,
    required=(("URL",), ("Facebook Id",), CREATED, ("Page Name", "Group Name")),
    parse=_parse,
)
