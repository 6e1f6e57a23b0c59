"""Lays out a group's posts over time as SVG, one line per platform."""

from dataclasses import dataclass
from math import sqrt

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from frametrace.case.schemas import TIME

__all__ = ["Dot", "Lane", "Timeline", "timeline"]

_BINS = 120  # positions along the line; with more, dots would overlap
_WIDTH = 600.0  # drawing units
_MAX_RADIUS = 9.0  # of a dot, so that two lanes of height 22 never overlap
_MIN_RADIUS = 2.5


@dataclass(frozen=True, slots=True)
class Dot:
    """The posts at one position: `x` and `radius` in drawing units, their number and first time."""

    x: float
    radius: float
    posts: int
    when: str


@dataclass(frozen=True, slots=True)
class Lane:
    """One platform's dots."""

    platform: str
    posts: int
    dots: tuple[Dot, ...]


@dataclass(frozen=True, slots=True)
class Timeline:
    """The lanes from the time `first` to `last`; `undated` counts posts without a time."""

    first: str
    last: str
    width: float
    lanes: tuple[Lane, ...]
    undated: int


def timeline(posts: pa.Table) -> Timeline | None:
    """Lay out posts, with the columns platform and posted_at; None if no post has a time."""
    dated = posts.filter(pc.is_valid(posts["posted_at"]))
    if not dated.num_rows:
        return None
    moments = dated["posted_at"].cast(TIME).cast(pa.int64()).to_numpy()
    platforms = dated["platform"].combine_chunks().dictionary_encode()
    first, last = moments.min(), moments.max()
    span = (last - first) / 1e6 or 1.0
    at = np.rint((moments - first) / 1e6 / span * (_BINS - 1)).astype(np.int64)
    order = np.argsort(moments)
    keys = (platforms.indices.to_numpy() * _BINS + at)[order]
    bins, earliest, counts = np.unique(keys, return_index=True, return_counts=True)
    texts = _minutes(moments[order[earliest]])
    dots: dict[str, list[Dot]] = {}
    names = platforms.dictionary.to_pylist()
    for key, count, text in zip(bins.tolist(), counts.tolist(), texts, strict=True):
        platform, position = divmod(key, _BINS)
        dot = _dot(position, count, int(counts.max()), text)
        dots.setdefault(names[platform], []).append(dot)
    lanes = tuple(
        Lane(platform, sum(dot.posts for dot in of_platform), tuple(of_platform))
        for platform, of_platform in sorted(dots.items())
    )
    start, end = _minutes(np.array([first, last]))
    return Timeline(start, end, _WIDTH, lanes, posts.num_rows - dated.num_rows)


def _dot(position: int, posts: int, max_posts: int, when: str) -> Dot:
    """The dot of a position, so that its radius grows with the root of its posts."""
    part = sqrt((posts - 1) / max(max_posts - 1, 1))
    radius = _MIN_RADIUS + (_MAX_RADIUS - _MIN_RADIUS) * part
    x = _MAX_RADIUS + position / (_BINS - 1) * (_WIDTH - 2 * _MAX_RADIUS)
    return Dot(round(x, 1), round(radius, 1), posts, when)


def _minutes(moments: np.ndarray) -> list[str]:
    """Times in microseconds since 1970, to the minute, as `moment_text` spells them."""
    seconds = pa.array(moments // 1_000_000).view(pa.timestamp("s")).cast(pa.string())
    texts: list[str] = pc.utf8_slice_codeunits(seconds, 0, len("2019-07-01 00:00")).to_pylist()
    return texts
