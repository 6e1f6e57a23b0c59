"""Lays out a group's posts over time as SVG, one line per platform."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from math import sqrt

from frametrace.app.output.console_output import moment_text

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


def timeline(posts: Sequence[tuple[str, datetime | None]]) -> Timeline | None:
    """Lay out (platform, time) pairs; None if no post has a time."""
    times = [moment for _, moment in posts if moment is not None]
    if not times:
        return None
    first, last = min(times), max(times)
    span = (last - first).total_seconds() or 1.0
    bins: dict[str, Counter[int]] = {}
    earliest: dict[tuple[str, int], datetime] = {}
    for platform, moment in posts:
        if moment is not None:
            at = round((moment - first).total_seconds() / span * (_BINS - 1))
            bins.setdefault(platform, Counter())[at] += 1
            key = (platform, at)
            earliest[key] = min(moment, earliest.get(key, moment))
    max_posts = max(max(counts.values()) for counts in bins.values())

    def dot(platform: str, at: int, posts: int) -> Dot:
        radius = _MIN_RADIUS + (_MAX_RADIUS - _MIN_RADIUS) * sqrt(
            (posts - 1) / max(max_posts - 1, 1)
        )
        x = _MAX_RADIUS + at / (_BINS - 1) * (_WIDTH - 2 * _MAX_RADIUS)
        return Dot(round(x, 1), round(radius, 1), posts, moment_text(earliest[platform, at]))

    lanes = tuple(
        Lane(
            platform, counts.total(), tuple(dot(platform, *item) for item in sorted(counts.items()))
        )
        for platform, counts in sorted(bins.items())
    )
    return Timeline(moment_text(first), moment_text(last), _WIDTH, lanes, len(posts) - len(times))
