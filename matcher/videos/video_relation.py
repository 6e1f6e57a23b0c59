"""Names the relation of two videos by what they share: how much of each, where, and how shown.

The limits were set on the tuning half of benchmarks/video.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from frametrace.matcher.result_schemas import Relation
from frametrace.matcher.videos.spans import Span, covered

__all__ = ["Shares", "relation_of_videos", "shares_of"]

_WHOLE = 0.6  # least part of both videos in a copy, as of the area of two pictures
_MIN_COMMON = 3500.0  # ms; less in common is an element unless it is most of a video
_MOST = 0.5  # part of a video
_MAX_CARD = 10_000.0  # ms; intros and end cards are shorter
_EDGE = 3000.0  # ms from the beginning or the end of a video, after a black or test picture
_FOUND_INSIDE = 0.5  # part of the agreeing frames that lie inside a frame of the other video


@dataclass(frozen=True, slots=True)
class Shares:
    """The part of each video's time that is in the other, 0 to 1, and the time in common in ms."""

    a: float
    b: float
    common: float


def shares_of(spans: Sequence[Span], duration_a: float, duration_b: float) -> Shares:
    """How much of each video the spans cover; what several spans cover counts once."""
    in_a = covered([(span.start_a, span.end_a) for span in spans], 0, duration_a)
    in_b = covered([(span.start_b, span.end_b) for span in spans], 0, duration_b)
    return Shares(in_a / max(duration_a, 1), in_b / max(duration_b, 1), min(in_a, in_b))


def relation_of_videos(
    spans: Sequence[Span], durations: tuple[float, float], inside: float
) -> Relation:
    """The relation of two videos that share spans.

    `inside` is the part of the agreeing frames of which one lies inside the other, as in a picture
    in picture. Intros and end cards at one place in both videos are elements, and so is what is
    short in both.
    """
    shares = shares_of(spans, *durations)
    most = max(shares.a, shares.b)
    if most < _MOST and shares.common < _MIN_COMMON:
        return Relation.SHARES_ELEMENT
    if most < _WHOLE and _is_card(spans, durations):
        return Relation.SHARES_ELEMENT
    if min(shares.a, shares.b) >= _WHOLE and inside < _FOUND_INSIDE:
        return Relation.COPY
    return Relation.CONTAINS


def _is_card(spans: Sequence[Span], durations: tuple[float, float]) -> bool:
    """Whether all spans are short, and at the beginning of both videos or at the end of both."""
    return all(
        span.length <= _MAX_CARD
        and (
            max(span.start_a, span.start_b) <= _EDGE
            or max(durations[0] - span.end_a, durations[1] - span.end_b) <= _EDGE
        )
        for span in spans
    )
