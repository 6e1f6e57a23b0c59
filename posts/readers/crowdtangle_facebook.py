"""CrowdTangle's export of Facebook posts by pages or groups.

Until April 2021 the time's column was called `Created`, and what people write in R to read its
historical reports knows both names. A link's tail is the post's id.
"""

from urllib.parse import parse_qs, urlsplit

from frametrace.posts.model import AccountKind, Post
from frametrace.posts.readers.contract import Reader
from frametrace.posts.readers.facebook import post_of
from frametrace.posts.rows import Row, Shape

__all__ = ["CREATED", "READER", "created_in", "post_id"]

# What the time's column is called, since April 2021 and before.
CREATED = ("Post Created", "Created")

_COUNTS = {
    "Likes": "likes",
    "Comments": "comments",
    "Shares": "shares",
    "Total Interactions": "interactions",
    "Post Views": "views",
}

# Older links hold the post's id in the query: photo.php?fbid=1, permalink.php?story_fbid=1.
_QUERY_IDS = ("story_fbid", "fbid", "v")


def _parse(row: Row) -> Post:
    kind = AccountKind.GROUP if "Group Name" in row.values else AccountKind.PAGE
    url = row.key("URL")
    posted_at, precision = row.time(created_in(row))
    links = dict.fromkeys((row.take("Link"), row.take("Final Link")))
    return Post(
        platform="facebook",
        post_id=post_of(post_id(url)),
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


def post_id(url: str) -> str:
    """Find a post's id in its link. Raises ValueError, with a plain reason, if there is none."""
    try:
        parts = urlsplit(url)
        query = parse_qs(parts.query, max_num_fields=100)
    except ValueError as error:
        raise ValueError(f"URL {url[:80]!r} can't be read: {error}") from None
    tail = parts.path.rstrip("/").rpartition("/")[2]
    found = next((query[name][0] for name in _QUERY_IDS if name in query), tail)
    if not found.strip():
        raise ValueError(f"URL {url[:80]!r} does not end in a post's id")
    return found.strip()


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
