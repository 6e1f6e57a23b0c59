"""Meta Content Library's export of Facebook and Instagram posts, both styles of field names."""

from frametrace.posts.model import AccountKind, Post
from frametrace.posts.readers.contract import Reader
from frametrace.posts.rows import Row, Shape
from frametrace.posts.values import values_of

__all__ = ["READER"]

_COUNTS = {
    "statistics.like_count": "likes",
    "statistics.comment_count": "comments",
    "statistics.share_count": "shares",
    "statistics.reaction_count": "reactions",
    "statistics.views": "views",
}

_KINDS = {"page": AccountKind.PAGE, "group": AccountKind.GROUP}


def _parse(row: Row) -> Post:
    platform = row.take("platform") or row.values.get("mcl_url", "")
    posted_at, precision = row.time("creation_time")
    return Post(
        platform="instagram" if "instagram" in platform.lower() else "facebook",
        post_id=row.key("id"),
        account_id=row.key(*_owner("id")),
        account_kind=_KINDS.get(row.take(*_owner("type")).lower(), AccountKind.ACCOUNT),
        account_name=row.take(*_owner("name")),
        posted_at=posted_at,
        precision=precision,
        text=row.take("text"),
        links=values_of(row.take("link_attachment.link")),
        hashtags=values_of(row.take("hashtags")),
        engagement=row.counts(_COUNTS),
        extra=row.rest(),
        source=row.source,
        line=row.line,
    )


def _owner(field: str) -> tuple[str, str]:
    return f"post_owner.{field}", f"post_owner.data.{field}"


READER = Reader(
    name="meta-content-library",
    title="Meta Content Library export of Facebook and Instagram",
    example="meta_content_library_posts.csv",
    platform="facebook, instagram",
    time="second",
    shape=Shape.TABLE,
    required=(("id",), _owner("id"), ("creation_time",)),
    parse=_parse,
)
