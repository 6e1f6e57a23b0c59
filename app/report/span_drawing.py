"""Draws two timelines, or a timeline and a picture, with the parts that show the same connected."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from frametrace.app.output.video_words import clock, is_still, when

__all__ = ["SpanDrawing", "SpanShape", "draw_spans"]

MAX_SPANS = 24  # drawn: the longest; more are too narrow to tell apart
MAX_TIMES = 4  # named in words
# Drawing units: about one pixel each on a narrow telephone.
_WIDTH = 340.0
_TOP, _BOTTOM, _HEIGHT = 18.0, 66.0, 12.0  # of the two bars
_MIN_WIDTH = 2.0  # of a span
_PICTURE_WIDTH = 24.0  # in place of a bar


@dataclass(frozen=True, slots=True)
class SpanShape:
    """A span: where it lies on both bars, (x, width) each, and its times in words."""

    a: tuple[float, float]
    b: tuple[float, float]
    mirrored: bool
    title: str

    @property
    def sides(self) -> tuple[tuple[float, float], tuple[float, float]]:
        """Where it lies on the bar of A, and on that of B."""
        return self.a, self.b

    @property
    def band(self) -> str:
        """The corners of the band between the two, in SVG notation."""
        (ax, a_width), (bx, b_width) = self.a, self.b
        top, bottom = _TOP + _HEIGHT, _BOTTOM
        corners = (ax, top), (ax + a_width, top), (bx + b_width, bottom), (bx, bottom)
        return " ".join(f"{x:.1f},{y:.1f}" for x, y in corners)


@dataclass(frozen=True, slots=True)
class SpanDrawing:
    """Two bars and their spans. `ends` are the lengths in words, empty for a picture."""

    bars: tuple[tuple[float, float], tuple[float, float]]  # x and width
    ends: tuple[str, str]
    names: tuple[str, str]
    spans: tuple[SpanShape, ...]
    times: str

    width: ClassVar[float] = _WIDTH
    top: ClassVar[float] = _TOP
    bottom: ClassVar[float] = _BOTTOM
    height: ClassVar[float] = _HEIGHT


def draw_spans(
    spans: Sequence[Mapping[str, Any]], durations: tuple[int, int], names: tuple[str, str]
) -> SpanDrawing:
    """Lay out spans between two items of some durations (ms; 0 for a picture), A on top."""
    longest = sorted(range(len(spans)), key=lambda at: (-_length(spans[at]), at))[:MAX_SPANS]
    bars = tuple((0.0, _WIDTH) if duration else _middle() for duration in durations)
    shapes = tuple(
        SpanShape(
            _place(span, "a", durations[0]),
            _place(span, "b", durations[1]),
            bool(span["mirrored"]),
            _times(span),
        )
        for span in (spans[at] for at in sorted(longest))
    )
    ends = tuple(clock(duration) if duration else "" for duration in durations)
    return SpanDrawing((bars[0], bars[1]), (ends[0], ends[1]), names, shapes, _listed(spans))


def _length(span: Mapping[str, Any]) -> int:
    return max(int(span[f"end_{side}_ms"]) - int(span[f"start_{side}_ms"]) for side in "ab")


def _middle() -> tuple[float, float]:
    return (_WIDTH - _PICTURE_WIDTH) / 2, _PICTURE_WIDTH


def _place(span: Mapping[str, Any], side: str, duration: int) -> tuple[float, float]:
    """The x and the width of a span on one bar, inside the drawing."""
    if not duration:
        return _middle()
    start, end = (
        min(max(span[f"{name}_{side}_ms"] / duration, 0.0), 1.0) * _WIDTH
        for name in ("start", "end")
    )
    width = max(end - start, _MIN_WIDTH)
    return round(min(start, _WIDTH - width), 1), round(width, 1)


def _times(span: Mapping[str, Any]) -> str:
    sides = ["the picture" if is_still([span], side) else when([span], side) for side in "ab"]
    return f"{sides[0]} = {sides[1]}{', mirrored' if span['mirrored'] else ''}"


def _listed(spans: Sequence[Mapping[str, Any]]) -> str:
    """The first spans in words, and how many more there are."""
    more = f"; {len(spans) - MAX_TIMES:,} more" if len(spans) > MAX_TIMES else ""
    return "; ".join(map(_times, spans[:MAX_TIMES])) + more
