"""How well what a column holds fits a field that its name may mean: from 0 (not at all) to 1."""

from collections.abc import Callable, Mapping

from frametrace.posts.columns.column_contents import ColumnContents
from frametrace.posts.model import Precision

__all__ = ["FIELDS_IN_ORDER", "field_fit"]

_SHORTEST_NUMBER = 5  # digits of an account's, where its column doesn't say that it is one
_LONGEST_NAME = 80  # characters
_PRECISIONS = {Precision.SECOND: 0.1, Precision.MINUTE: 0.05}  # of two columns of times


def field_fit(name: str, strength: int, held: ColumnContents) -> float:
    """How well a column fits a field.

    `strength` is how surely its name means that (1 to 3), or 0 where only contents count.
    """
    if not held.cells:
        return 0.0
    kind = "count" if name.startswith("engagement.") else name
    return _FITS[kind](held, strength)


def _id(held: ColumnContents, strength: int) -> float:
    if held.ids < 0.9 or held.links > 0.1 or held.times - held.epochs > 0.5 or held.pictures > 0.5:
        return 0.0
    if strength == 0:
        return held.long_ids if held.long_ids >= 0.9 and held.distinct >= 0.95 else 0.0
    if held.distinct < 0.8:
        return 0.0
    return 0.2 if held.numbers_rows else held.distinct * 0.5 + held.long_ids * 0.5


def _link(held: ColumnContents, strength: int) -> float:
    if held.distinct < 0.8 or held.pictures > 0.5:
        return 0.0
    if held.post_links >= 0.8:
        return held.post_links
    return 0.4 if strength > 1 and held.links >= 0.9 and held.distinct >= 0.95 else 0.0


def _account_id(held: ColumnContents, strength: int) -> float:
    if held.ids < 0.9 or held.links > 0.1 or held.times - held.epochs > 0.5:
        return 0.0
    return 1.0 if held.distinct < 1 or held.cells < 20 else 0.6


def _handle(held: ColumnContents, strength: int) -> float:
    return held.handles if held.handles >= 0.8 and held.links < 0.1 else 0.0


def _account_name(held: ColumnContents, strength: int) -> float:
    if held.length > _LONGEST_NAME or held.links > 0.1 or held.objects > 0.1:
        return 0.0
    if held.times > 0.5 or held.counts > 0.9 or held.pictures > 0.5 or held.platforms > 0.99:
        return 0.0
    return 1.0 if held.texts < 0.5 and held.handles < 0.9 else 0.5


def _who(held: ColumnContents, strength: int) -> float:
    number = _account_id(held, strength) if held.length >= _SHORTEST_NUMBER else 0.0
    return max(_account_name(held, strength), 0.9 * number)


def _posted_at(held: ColumnContents, strength: int) -> float:
    sure = held.times if strength else held.times - held.epochs
    least = 0.8 if strength else 0.9
    return sure * 0.9 + _PRECISIONS.get(held.precision, 0.0) if sure >= least else 0.0


def _text(held: ColumnContents, strength: int) -> float:
    others = (held.times, held.counts, held.pictures, held.objects, held.platforms)
    if held.links > 0.5 or max(others) > 0.5:
        return 0.0
    if strength == 0:
        return held.texts if held.texts >= 0.6 and held.length >= 30 else 0.0
    if strength == 1 and held.texts < 0.3:
        return 0.0
    return 0.2 + 0.7 * held.texts + 0.1 * min(held.length, 500) / 500


def _media(held: ColumnContents, strength: int) -> float:
    if held.objects > 0.1:
        return 0.0
    return held.pictures if held.pictures >= (0.6 if strength else 0.9) else 0.0


def _links(held: ColumnContents, strength: int) -> float:
    if not strength or held.links < 0.8 or held.pictures > 0.5:
        return 0.0
    return held.links - 0.5 * max(held.post_links, held.profile_links)


def _hashtags(held: ColumnContents, strength: int) -> float:
    if held.links > 0.1 or held.counts > 0.5 or held.objects > 0.1 or held.times > 0.5:
        return 0.0
    return max(0.5, held.tags)


def _repost_of(held: ColumnContents, strength: int) -> float:
    if held.counts > 0.9 and held.long_ids < 0.5 and held.distinct < 0.5:
        return 0.0
    return max(held.ids * (held.links < 0.1), held.post_links)


def _platform(held: ColumnContents, strength: int) -> float:
    return 1.0 if held.platforms >= 0.99 else 0.0


def _account_kind(held: ColumnContents, strength: int) -> float:
    return 1.0 if held.kinds >= 1 else 0.0


def _account_link(held: ColumnContents, strength: int) -> float:
    return held.profile_links if held.profile_links >= 0.8 else 0.0


def _count(held: ColumnContents, strength: int) -> float:
    return held.counts if held.counts >= 0.9 and held.times < 0.5 else 0.0


# In the order in which a map lists them; of two that fit a column as well, the first has it.
_FITS: Mapping[str, Callable[[ColumnContents, int], float]] = {
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
    "posted_at_time": lambda held, strength: held.clocks * (held.clocks >= 0.9),
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
    *(name for name in _FITS if name != "count"),
    *(f"engagement.{name}" for name in (*_COUNTS, "interactions", "bookmarks")),
)
