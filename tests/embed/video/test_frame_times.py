"""Times of frames ascend whatever the timestamps are, and follow them where they make sense."""

from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from trying import examples

from frametrace.embed.video.frame_times import FrameClock, milliseconds

stamps = st.one_of(st.none(), st.integers(-(2**62), 2**62), st.integers(-5000, 50_000))
rates = st.one_of(st.none(), st.just(Fraction(0)), st.fractions(-10, 10_000))


@examples(300)
@given(st.lists(stamps, min_size=1, max_size=50), st.none() | st.integers(1, 2**40), rates)
def test_times_ascend_from_zero(
    timestamps: list[int | None], stated: int | None, rate: Fraction | None
) -> None:
    clock = FrameClock(stated, rate)
    times = [clock.at(timestamp) for timestamp in timestamps]
    assert times[0] == 0
    assert all(a < b for a, b in pairwise(times))
    limit = 60_000 if stated is None else max(stated + 1000, 2 * clock.step)
    assert all(b - a <= limit for a, b in pairwise(times))


@examples(100)
@given(st.lists(st.integers(1, 50_000), max_size=30), st.integers(-(10**9), 10**9), st.booleans())
def test_sound_timestamps_are_kept(steps: list[int], first: int, is_stated: bool) -> None:
    timestamps = [first]
    for step in steps:
        timestamps.append(timestamps[-1] + step)
    clock = FrameClock(timestamps[-1] - first if is_stated else None, Fraction(25))
    assert [clock.at(each) for each in timestamps] == [each - first for each in timestamps]


@pytest.mark.parametrize(
    ("timestamps", "times"),
    [
        ([0, 40, 80, 120], [0, 40, 80, 120]),
        ([None, None, None], [0, 40, 80]),
        ([-80, -40, 0], [0, 40, 80]),
        ([0, 40, 40, 80], [0, 40, 80, 120]),
        ([0, 40, 10**12, 10**12 + 40], [0, 40, 80, 120]),
        ([5000, 5040, 0, 40], [0, 40, 80, 120]),
        ([0, None, 80], [0, 40, 80]),
        ([0, 4000, 8000], [0, 4000, 8000]),
    ],
)
def test_what_cannot_be_is_replaced_by_a_step_of_one_frame(
    timestamps: list[int | None], times: list[int]
) -> None:
    clock = FrameClock(10_000, Fraction(25))
    assert [clock.at(timestamp) for timestamp in timestamps] == times


def test_milliseconds() -> None:
    assert milliseconds(90_000, Fraction(1, 90_000)) == 1000
    assert milliseconds(None, Fraction(1, 1000)) is None
    assert milliseconds(5, None) is None
