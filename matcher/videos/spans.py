"""Spans: the parts of two aligned videos in which their frames agree, from when to when.

The limits were set on the tuning half of benchmarks/video.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Self

import numpy as np

from frametrace.matcher.videos.time_alignment import AgreeingIntervals, TimeAlignment

__all__ = [
    "FramePair",
    "Shown",
    "Span",
    "Together",
    "Verdict",
    "covered",
    "intervals_of",
    "segments",
    "spans_of",
    "without_repeats",
]

FramePair = tuple[int, int]  # the items of two frames, or of a frame and a picture

_MAX_GAP = 1500.0  # ms without agreement inside a span, such as a flash or an inserted title
_MAX_UNKNOWN = 4000.0  # ms inside a span of frames that can't be compared: black, too plain
_MIN_SPAN = 800.0  # ms
_MIN_SEGMENT = 40.0  # ms: one frame at 25 a second; shorter segments are rounding
_MAX_REPEATED = 0.5  # part of a span, in both videos, that a better span has already


class Verdict(IntEnum):
    """What is known of two frames.

    `PARTLY`: they show one scene, of which the camera has moved on: too little for a copy.
    """

    DIFFERENT = 0
    AGREE = 1
    UNKNOWN = 2
    PARTLY = 3


@dataclass(frozen=True, slots=True)
class Shown:
    """The intervals of a video: `frames` (k,) int64 item numbers, `starts`, `ends` (k,) ms."""

    frames: np.ndarray
    starts: np.ndarray
    ends: np.ndarray


@dataclass(frozen=True, slots=True)
class Together:
    """n segments in which one frame of A and one of B are shown together, in the order of time.

    `a`, `b` (n,) int64 are the frames; `starts`, `ends` (n,) float64 are times of A in ms.
    """

    a: np.ndarray
    b: np.ndarray
    starts: np.ndarray
    ends: np.ndarray

    @property
    def pairs(self) -> list[FramePair]:
        """The two frames of each segment."""
        return list(zip(self.a.tolist(), self.b.tolist(), strict=True))


@dataclass(frozen=True, slots=True)
class Span:
    """A part of A and the part of B that shows the same, in milliseconds."""

    start_a: float
    end_a: float
    start_b: float
    end_b: float
    mirrored: bool = False

    @property
    def length(self) -> float:
        """In A."""
        return self.end_a - self.start_a

    def within(self, duration_a: float, duration_b: float) -> Self:
        """The span without what lies before or after the two videos."""
        times = max(self.start_a, 0.0), min(self.end_a, duration_a)
        return type(self)(
            *times, max(self.start_b, 0.0), min(self.end_b, duration_b), self.mirrored
        )

    def row(self, *, turned: bool = False) -> dict[str, Any]:
        """The span as an entry of `SPANS`, from B to A if `turned`."""
        first, second = (self.start_a, self.end_a), (self.start_b, self.end_b)
        a, b = (second, first) if turned else (first, second)
        times = {"start_a_ms": a[0], "end_a_ms": a[1], "start_b_ms": b[0], "end_b_ms": b[1]}
        return {**{name: round(time) for name, time in times.items()}, "mirrored": self.mirrored}


def intervals_of(a: Shown, b: Shown, pairs: Sequence[FramePair]) -> AgreeingIntervals:
    """All pairs of intervals in which A and B show two frames that agree, by `pairs` of frames."""
    at = [
        (i, j)
        for x, y in pairs
        for i in np.flatnonzero(a.frames == x).tolist()
        for j in np.flatnonzero(b.frames == y).tolist()
    ]
    i, j = np.array(at, np.intp).reshape(-1, 2).T
    return AgreeingIntervals(a.starts[i], a.ends[i], b.starts[j], b.ends[j])


def segments(a: Shown, b: Shown, alignment: TimeAlignment) -> Together:
    """Which frames are shown together at an alignment, and when."""
    starts_b, ends_b = alignment.in_a(b.starts), alignment.in_a(b.ends)
    cuts = np.unique(np.concatenate([a.starts, a.ends, starts_b, ends_b]))
    middle = (cuts[1:] + cuts[:-1]) / 2
    at_a, at_b = (np.searchsorted(starts, middle, "right") - 1 for starts in (a.starts, starts_b))
    shown = (at_a >= 0) & (at_b >= 0) & (np.diff(cuts) >= _MIN_SEGMENT)
    shown &= (middle < a.ends[at_a]) & (middle < ends_b[at_b])
    at = np.flatnonzero(shown)
    return Together(a.frames[at_a[at]], b.frames[at_b[at]], cuts[at], cuts[at + 1])


def spans_of(
    together: Together, verdicts: np.ndarray, alignment: TimeAlignment, *, mirrored: bool
) -> list[Span]:
    """The spans in which frames agree, by the verdict on each segment, (n,) `Verdict`.

    Short parts without agreement are bridged. A span begins and ends with frames that agree, if
    only partly, and has some that agree.
    """
    agreeing = np.flatnonzero((verdicts == Verdict.AGREE) | (verdicts == Verdict.PARTLY))
    spans: list[Span] = []
    begin = 0
    for at in range(1, len(agreeing) + 1):
        if at < len(agreeing) and _bridged(together, verdicts, agreeing[at - 1], agreeing[at]):
            continue
        run = agreeing[begin:at]
        start, end = together.starts[run[0]], together.ends[run[-1]]
        begin = at
        if end - start >= _MIN_SPAN and (verdicts[run] == Verdict.AGREE).any():
            start_b, end_b = alignment.in_b(np.array([start, end])).tolist()
            spans.append(Span(float(start), float(end), start_b, end_b, mirrored))
    return spans


def _bridged(together: Together, verdicts: np.ndarray, last: int, following: int) -> bool:
    """Whether what lies between two segments that agree is too short to end a span."""
    gap = float(together.starts[following] - together.ends[last])
    between = verdicts[last + 1 : following]
    return gap <= _MAX_GAP or (gap <= _MAX_UNKNOWN and bool((between == Verdict.UNKNOWN).all()))


def without_repeats(spans: Sequence[Span]) -> list[Span]:
    """Spans, in order of A, without those that better ones have mostly, in both videos.

    Longer spans are better. What is shown twice in one of the videos is kept: it is new there.
    """
    kept: list[Span] = []
    for span in sorted(spans, key=lambda span: (-span.length, span.start_a, span.start_b)):
        in_a = covered([(other.start_a, other.end_a) for other in kept], span.start_a, span.end_a)
        in_b = covered([(other.start_b, other.end_b) for other in kept], span.start_b, span.end_b)
        if min(in_a / span.length, in_b / (span.end_b - span.start_b)) <= _MAX_REPEATED:
            kept.append(span)
    return sorted(kept, key=lambda span: (span.start_a, span.start_b))


def covered(parts: Sequence[tuple[float, float]], start: float, end: float) -> float:
    """How much of the time from `start` to `end` lies in any of the parts, in milliseconds."""
    total, reached = 0.0, start
    for begin, finish in sorted(parts):
        last = min(finish, end)
        if last > max(begin, reached):
            total += last - max(begin, reached)
            reached = last
    return total
