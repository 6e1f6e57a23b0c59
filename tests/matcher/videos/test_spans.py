"""Spans of agreeing frames: bridged, cut, and without repeats; checked against brute force."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from frametrace.matcher.videos.spans import (
    Shown,
    Span,
    Together,
    Verdict,
    covered,
    segments,
    spans_of,
    without_repeats,
)
from frametrace.matcher.videos.time_alignment import TimeAlignment

parts = st.lists(
    st.tuples(st.integers(0, 50), st.integers(0, 50)).map(lambda ends: (min(ends), max(ends))),
    max_size=6,
)


def shown(*ends: float) -> Shown:
    """Frames 0, 1, 2 ... shown one after the other until these times."""
    return Shown(np.arange(len(ends)), np.array([0.0, *ends[:-1]]), np.array(ends))


def verdicts(pattern: str) -> tuple[Together, np.ndarray]:
    """Segments of one second each: `+` agree, `-` differ, `?` unknown."""
    times = 1000.0 * np.arange(len(pattern) + 1)
    frames = np.arange(len(pattern))
    meaning = {"+": Verdict.AGREE, "-": Verdict.DIFFERENT, "?": Verdict.UNKNOWN}
    return Together(frames, frames, times[:-1], times[1:]), np.array([meaning[v] for v in pattern])


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("++++", [(0, 4)]),
        ("--++--", [(2, 4)]),
        ("++-++", [(0, 5)]),
        ("++--++", [(0, 2), (4, 6)]),
        ("++???++", [(0, 7)]),
        ("++?????++", [(0, 2), (7, 9)]),
        ("++?-++", [(0, 2), (4, 6)]),
        ("?+?", [(1, 2)]),
        ("----", []),
    ],
)
def test_short_gaps_are_bridged(pattern: str, expected: list[tuple[int, int]]) -> None:
    spans = spans_of(*verdicts(pattern), TimeAlignment(1.0, 5000.0), mirrored=False)
    assert [(span.start_a, span.end_a) for span in spans] == [
        (1000.0 * start, 1000.0 * end) for start, end in expected
    ]
    assert all(span.start_b == span.start_a + 5000 for span in spans)


def test_frames_are_shown_together_where_both_videos_run() -> None:
    together = segments(shown(2000, 5000), shown(1000, 4000), TimeAlignment(1.0, -1000.0))
    assert together.a.tolist() == [0, 1]
    assert together.b.tolist() == [0, 1]
    assert together.starts.tolist() == [1000, 2000]
    assert together.ends.tolist() == [2000, 5000]


@given(parts, st.integers(0, 50), st.integers(0, 50))
def test_time_that_parts_cover_counts_once(parts: list[tuple[int, int]], x: int, y: int) -> None:
    start, end = min(x, y), max(x, y)
    seconds = {t for a, b in parts for t in range(max(a, start), min(b, end))}
    assert covered(parts, start, end) == len(seconds)


def test_what_is_shown_twice_in_one_video_is_kept() -> None:
    first, again = Span(0, 10_000, 0, 10_000), Span(0, 9_000, 12_000, 21_000)
    echo = Span(1_000, 8_000, 2_000, 9_000)
    assert without_repeats([echo, again, first]) == [first, again]
