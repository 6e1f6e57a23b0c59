"""What is said of two videos, or of a video and a picture, and how spans are spelled."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frametrace.app.output.edit_words import what_happened
from frametrace.app.output.video_words import clock, frames_agree, spans_cell, when

NAMES = ("start_a_ms", "end_a_ms", "start_b_ms", "end_b_ms")
TIME = r"(?:(\d+):)?(\d\d):(\d\d)(?:\.(\d))?"
RANGE = re.compile(rf"{TIME}-{TIME}")


def span(*times, mirrored=False):
    return {**dict(zip(NAMES, times, strict=True)), "mirrored": mirrored}


@pytest.mark.parametrize(
    ("milliseconds", "whole", "exact"),
    [
        (0, "00:00", "00:00"),
        (12_340, "00:12", "00:12.3"),
        (12_040, "00:12", "00:12"),
        (59_960, "01:00", "01:00"),
        (7_500, "00:08", "00:07.5"),
        (8_500, "00:09", "00:08.5"),  # half a second is always rounded up
        (3_723_400, "1:02:03", "1:02:03.4"),
        (36_000_000, "10:00:00", "10:00:00"),
    ],
)
def test_times_are_in_minutes_and_seconds(milliseconds, whole, exact):
    assert clock(milliseconds) == whole
    assert clock(milliseconds, tenths=True) == exact


def parsed(text):
    """The milliseconds in a time or a range of times as a cell has them."""
    for hours, minutes, seconds, tenths in re.findall(TIME, text):
        whole = (int(hours or 0) * 60 + int(minutes)) * 60 + int(seconds)
        yield whole * 1000 + int(tenths or 0) * 100


TIMES = st.integers(1, 40_000_000)
SPANS = st.lists(st.tuples(TIMES, TIMES, TIMES, TIMES, st.booleans()), min_size=1, max_size=4)


@given(SPANS)
def test_a_program_gets_the_times_back_from_a_cell(rows):
    spans = [span(*times, mirrored=mirrored) for *times, mirrored in rows]
    parts = spans_cell(spans).split("; ")
    assert len(parts) == len(spans)
    for part, expected in zip(parts, spans, strict=True):
        sides = part.removesuffix(" mirrored").split(" = ")
        assert part.endswith(" mirrored") == expected["mirrored"]
        assert all(RANGE.fullmatch(side) for side in sides)
        times = [time for side in sides for time in parsed(side)]
        assert times == pytest.approx([expected[name] for name in NAMES], abs=50)


def test_a_picture_has_no_times_in_a_cell():
    stills = [span(0, 0, 3_000, 5_000), span(0, 0, 10_000, 13_240, mirrored=True)]
    assert spans_cell(stills) == "picture = 00:03-00:05; picture = 00:10-00:13.2 mirrored"
    assert spans_cell([span(3_000, 5_000, 0, 0)]) == "00:03-00:05 = picture"


def test_times_next_to_each_other_are_said_as_one_and_many_are_summed_up():
    parts = [(20_000, 30_000), (3_000, 5_000), (5_600, 8_000)]
    assert when([span(*times, 0, 0) for times in parts], "a") == "00:03 to 00:08 and 00:20 to 00:30"
    many = [span(0, 0, at * 10_000, at * 10_000 + 3_000) for at in range(1, 6)]
    assert when(many, "b") == "in 5 places from 00:10 to 00:53"
    assert when(many[:3], "b") == "00:10 to 00:13, 00:20 to 00:23 and 00:30 to 00:33"


BOX = {"x0": 0.1, "y0": 0.2, "x1": 0.3, "y1": 0.4}
WHOLE = span(0, 29_000, 70_000, 99_000)
MATCH = {
    **{"signal": "local", "relation": "copy", "inliers": 80, "mirrored": False, "rotation": 0.1},
    **{"share_a": 1.0, "share_b": 1.0, "part_a": 0.97, "part_b": 0.97},
}


@pytest.mark.parametrize(
    ("match", "words"),
    [
        ({"spans": [WHOLE]}, "all of it"),
        (
            {"spans": [WHOLE], "relation": "contains", "share_b": 0.3, "part_b": 0.29},
            "all of it, inside a longer video, 01:10 to 01:39",
        ),
        (
            {"spans": [span(12_000, 41_000, 0, 29_000)], "share_a": 0.34, "part_a": 0.33},
            "34% of it, 00:12 to 00:41, as a shorter video",
        ),
        (
            {
                **{"spans": [span(12_000, 41_000, 5_000, 34_000, mirrored=True)], "share_a": 0.5},
                **{"share_b": 0.004, "part_a": 0.49, "part_b": 0.0039},
            },
            "mirrored, 50% of it, 00:12 to 00:41, inside another video, 00:05 to 00:34",
        ),
        # A picture in picture: the frame is a quarter of B's, and B shows all of A.
        (
            {"spans": [WHOLE], "relation": "contains", "part_b": 0.25},
            "all of it, inside a larger picture",
        ),
        # Cropped to half, in the half of A that B shows.
        (
            {"spans": [WHOLE], "share_a": 0.5, "part_a": 0.25},
            "50% of it, 00:00 to 00:29, as a shorter video, 50% of its picture",
        ),
        # Sped up: 33 seconds of A in 30 of B.
        ({"spans": [span(0, 33_000, 0, 30_000)]}, "all of it, 10% faster"),
        ({"spans": [span(0, 27_000, 0, 30_000)]}, "all of it, 10% slower"),
        # Too short to tell a speed from rounding.
        ({"spans": [span(0, 5_500, 0, 5_000)]}, "all of it"),
        (
            {"spans": [WHOLE, span(40_000, 45_000, 0, 5_000, mirrored=True)]},
            "mirrored in parts, all of it",
        ),
        (
            {"spans": [WHOLE], "altered": [BOX, BOX], "altered_part": 0.031},
            "all of it; in the frames that agree best 2 parts altered, 3% of what both show",
        ),
        # Compared by hashes alone: nothing is known of the area.
        (
            {"spans": [WHOLE], "inliers": None, "part_a": 0.3, "share_a": 0.9, "mirrored": None},
            "all of it",
        ),
        # The results of a query have no shares.
        (
            {"spans": [WHOLE], "share_a": None, "share_b": None},
            "00:00 to 00:29 of it, in another video, 01:10 to 01:39",
        ),
        (
            {"spans": [span(0, 4_000, 1_000, 5_000)], "relation": "shares_element"},
            "00:00 to 00:04 of it agrees with 00:01 to 00:05, perhaps an intro, an end card or a "
            "logo",
        ),
        ({"spans": [WHOLE], "relation": "same_scene"}, "another shot of the same scene"),
        # A is a picture, B a video that shows it; then the reverse.
        (
            {"spans": [span(0, 0, 12_000, 15_000)], "relation": "contains", "share_b": 0.1},
            "all of it, in a video, 00:12 to 00:15",
        ),
        (
            {
                **{"spans": [span(0, 0, 12_000, 15_000)], "relation": "contains"},
                **{"part_a": 0.7, "share_b": 0.1, "part_b": 0.03},
            },
            "70% of it, inside a larger picture, in a video, 00:12 to 00:15",
        ),
        (
            {"spans": [span(12_000, 15_000, 0, 0)], "share_a": 0.1, "part_a": 0.06},
            "a frame of it, 00:12 to 00:15, 60% of the frame",
        ),
        (
            {"spans": [span(0, 0, 12_000, 15_000)], "relation": "shares_element", "part_a": 0.2},
            "20% of it agrees, in a video, 00:12 to 00:15",
        ),
        # Without spans it is a match of pictures.
        ({"spans": None, "part_a": 0.7}, "70% of it"),
    ],
)
def test_what_happened_to_a_video_is_said_in_words(match, words):
    assert what_happened({**MATCH, **match}) == words


@pytest.mark.parametrize(
    ("frames", "b", "words"),
    [
        (1, 9_000, "1 pair of frames agrees"),
        (1_200, 9_000, "1,200 pairs of frames agree"),
        (1, 0, "1 frame agrees"),
        (2, 0, "2 frames agree"),
    ],
)
def test_how_many_frames_agree(frames, b, words):
    assert frames_agree({"frames": frames, "spans": [span(1_000, 9_000, 0, b)]}) == words
