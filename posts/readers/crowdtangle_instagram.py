"""CrowdTangle's export of Instagram posts: a link's tail is the post's shortcode."""

from frametrace.posts.model import Post
from frametrace.posts.readers.crowdtangle_facebook import CREATED, created_in
from frametrace.posts.readers.shared.post_keys import id_in_link
from frametrace.posts.readers.shared.reader_contract import Reader
from frametrace.posts.rows import Row, Shape

__all__ = ["READER"]

_COUNTS = {
    "Likes": "likes",
    "Comments": "comments",
    "Views": "views",
    "Total Interactions": "interactions",
}


def _parse(row: Row) -> Post:
    url = row.key("URL")
    posted_at, precision = row.time(created_in(row))
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
        links=(link,) if link and link != url else (),  # most link to themselves
        engagement=row.counts(_COUNTS),
        extra={"URL": url, **row.rest()},
        source=row.source,
        line=row.line,
    )


READER = Reader(
    name="crowdtangle-instagram",
    title="CrowdTangle export of Instagram accounts",
    example="2019-08-20-historical-report-instagram.csv",
    platform="instagram",
    time="second",
    shape=Shape.TABLE,
    required=(("URL",), ("User Name",), CREATED, ("Account", "Photo")),
    foreign=("Facebook Id",),
    parse=_parse,
)
