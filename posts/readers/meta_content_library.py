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

# What kinds of account only Instagram has.
_INSTAGRAM = frozenset({"business", "creator", "personal"})


def _parse(row: Row) -> Post:
    kind = row.take(*_owner("type")).strip().lower().rpartition("_")[2]  # or `facebook_page`
    posted_at, precision = row.time("creation_time")
    text = row.take("text")
    return Post(
        platform=_platform(row, kind),
        post_id=row.key("id"),
        account_id=row.key(*_owner("id")),
        account_kind=_KINDS.get(kind, AccountKind.ACCOUNT),
        account_name=row.take(*_owner("name")) or row.take(*_owner("username")),
        posted_at=posted_at,
        precision=precision,
        text=text,
        links=values_of(row.take("link_attachment.link")),
        hashtags=values_of(row.take("hashtags")),
        # Who adds words of their own does more than repeat.
        repost_of="" if text else row.take("shared_post_id"),
        engagement=row.counts(_COUNTS),
        extra=row.rest(),
        source=row.source,
        line=row.line,
    )


def _platform(row: Row, kind: str) -> str:
    named = row.take("platform") or row.values.get("mcl_url", "")
    return "instagram" if "instagram" in named.lower() or kind in _INSTAGRAM else "facebook"


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
