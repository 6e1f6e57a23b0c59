"""Scores how well the contents of a column fit a field, from 0 (not at all) to 1."""

from collections.abc import Callable, Mapping

from frametrace.posts.columns.column_contents import ColumnContents
from frametrace.posts.model import Precision

__all__ = ["FIELDS_IN_ORDER", "field_fit"]

_MIN_ACCOUNT_NUMBER = 5  # digits, if the column's name doesn't say that it is one
_MAX_ACCOUNT_NAME = 80  # characters
_PRECISIONS = {Precision.SECOND: 0.1, Precision.MINUTE: 0.05}  # bonus between columns of times


def field_fit(name: str, strength: int, contents: ColumnContents) -> float:
    """The score of a column for a field.

    `strength` is how surely the column's name means the field (1 to 3), or 0 if only contents
    count.
    """
    if not contents.cells:
        return 0.0
    kind = "count" if name.startswith("engagement.") else name
    return _SCORES[kind](contents, strength)


def _id(contents: ColumnContents, strength: int) -> float:
    if (
        contents.ids < 0.9
        or contents.links > 0.1
        or contents.times - contents.epochs > 0.5
        or contents.media > 0.5
    ):
        return 0.0
    if strength == 0:
        return contents.long_ids if contents.long_ids >= 0.9 and contents.distinct >= 0.95 else 0.0
    if contents.distinct < 0.8:
        return 0.0
    return 0.2 if contents.numbers_rows else contents.distinct * 0.5 + contents.long_ids * 0.5


def _link(contents: ColumnContents, strength: int) -> float:
    if contents.distinct < 0.8 or contents.media > 0.5:
        return 0.0
    if contents.post_links >= 0.8:
        return contents.post_links
    return 0.4 if strength > 1 and contents.links >= 0.9 and contents.distinct >= 0.95 else 0.0


def _account_id(contents: ColumnContents, strength: int) -> float:
    if contents.ids < 0.9 or contents.links > 0.1 or contents.times - contents.epochs > 0.5:
        return 0.0
    return 1.0 if contents.distinct < 1 or contents.cells < 20 else 0.6


def _handle(contents: ColumnContents, strength: int) -> float:
    return contents.handles if contents.handles >= 0.8 and contents.links < 0.1 else 0.0


def _account_name(contents: ColumnContents, strength: int) -> float:
    if contents.length > _MAX_ACCOUNT_NAME or contents.links > 0.1 or contents.objects > 0.1:
        return 0.0
    if (
        contents.times > 0.5
        or contents.counts > 0.9
        or contents.media > 0.5
        or contents.platforms > 0.99
    ):
        return 0.0
    return 1.0 if contents.texts < 0.5 and contents.handles < 0.9 else 0.5


def _who(contents: ColumnContents, strength: int) -> float:
    number = _account_id(contents, strength) if contents.length >= _MIN_ACCOUNT_NUMBER else 0.0
    return max(_account_name(contents, strength), 0.9 * number)


def _posted_at(contents: ColumnContents, strength: int) -> float:
    share = contents.times if strength else contents.times - contents.epochs
    min_share = 0.8 if strength else 0.9
    return share * 0.9 + _PRECISIONS.get(contents.precision, 0.0) if share >= min_share else 0.0


def _text(contents: ColumnContents, strength: int) -> float:
    others = (
        contents.times,
        contents.counts,
        contents.media,
        contents.objects,
        contents.platforms,
    )
    if contents.links > 0.5 or max(others) > 0.5:
        return 0.0
    if strength == 0:
        return contents.texts if contents.texts >= 0.6 and contents.length >= 30 else 0.0
    if strength == 1 and contents.texts < 0.3:
        return 0.0
    return 0.2 + 0.7 * contents.texts + 0.1 * min(contents.length, 500) / 500


def _media(contents: ColumnContents, strength: int) -> float:
    if contents.objects > 0.1:
        return 0.0
    return contents.media if contents.media >= (0.6 if strength else 0.9) else 0.0


def _links(contents: ColumnContents, strength: int) -> float:
    if not strength or contents.links < 0.8 or contents.media > 0.5:
        return 0.0
    return contents.links - 0.5 * max(contents.post_links, contents.profile_links)


def _hashtags(contents: ColumnContents, strength: int) -> float:
    if (
        contents.links > 0.1
        or contents.counts > 0.5
        or contents.objects > 0.1
        or contents.times > 0.5
    ):
        return 0.0
    return max(0.5, contents.tags)


def _repost_of(contents: ColumnContents, strength: int) -> float:
    if contents.counts > 0.9 and contents.long_ids < 0.5 and contents.distinct < 0.5:
        return 0.0
    return max(contents.ids * (contents.links < 0.1), contents.post_links)


def _platform(contents: ColumnContents, strength: int) -> float:
    return 1.0 if contents.platforms >= 0.99 else 0.0


def _account_kind(contents: ColumnContents, strength: int) -> float:
    return 1.0 if contents.kinds >= 1 else 0.0


def _account_link(contents: ColumnContents, strength: int) -> float:
    return contents.profile_links if contents.profile_links >= 0.8 else 0.0


def _count(contents: ColumnContents, strength: int) -> float:
    return contents.counts if contents.counts >= 0.9 and contents.times < 0.5 else 0.0


# In the order of a map; if two fields fit a column equally, the first gets it.
_SCORES: Mapping[str, Callable[[ColumnContents, int], float]] = {
    "id": _id,
    "link": _link,
    "account_id": _account_id,
    "handle": _handle,
    "account_name": _account_name,
    "who": _who,
    "account_link": _account_link,
    "platform": _platform,
    "account_kind": _account_kind,
    "posted_at": _posted_at,
    "posted_at_time": lambda contents, strength: contents.clocks * (contents.clocks >= 0.9),
    "text": _text,
    "media": _media,
    "links": _links,
    "hashtags": _hashtags,
    "repost_of": _repost_of,
    "count": _count,
}
_COUNTS = ("likes", "comments", "shares", "reposts", "replies", "views", "quotes", "reactions")
FIELDS_IN_ORDER = (
    "post_id",
    *(name for name in _SCORES if name != "count"),
    *(f"engagement.{name}" for name in (*_COUNTS, "interactions", "bookmarks")),
)
