"""Estimates of the time left, on a simulated clock."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frametrace.work.pace import Pace


def _steady(at: float) -> float:
    return at


def _slow_to_start(at: float) -> float:
    """A fifth of the time goes by before anything is done."""
    return max(at - 0.2, 0) / 0.8


def _in_batches(at: float) -> float:
    return int(at * 100) / 100


@pytest.mark.parametrize("course", [_steady, _slow_to_start, _in_batches])
@given(
    seconds=st.floats(20, 100_000),
    total=st.integers(1_000, 10**7),
    updates=st.integers(100, 500),
)
def test_what_is_told_late_is_within_a_factor_of_one_and_a_half(
    course: Callable[[float], float], seconds: float, total: int, updates: int
) -> None:
    pace = Pace(total, 1_000.0)
    for update in range(1, updates):
        now = 1_000 + seconds * update / updates
        pace.advance(int(course(update / updates) * total) - pace.done, now)
        left = pace.left(now)
        if seconds / 2 < now - 1_000 < 0.9 * seconds:
            assert left is not None
            truly = 1_000 + seconds - now
            assert truly / 1.5 <= left <= truly * 1.5


def test_no_time_is_told_before_it_is_worth_something() -> None:
    pace = Pace(1_000, 0.0)
    pace.advance(100, 1.0)
    assert pace.left(1.0) is None, "a second says little"
    pace.advance(400, 5.0)
    assert pace.left(6.0) is not None
    pace = Pace(1_000, 0.0)
    pace.advance(10, 60.0)
    assert pace.left(60.0) is None, "so does a hundredth"
    assert Pace(None, 0.0).left(60.0) is None, "of an unknown number"


def test_a_pace_that_stands_still_tells_nothing() -> None:
    pace = Pace(100, 0.0)
    pace.advance(50, 10.0)
    assert pace.left(12.0) is not None
    assert pace.left(1_000.0) is None


@given(st.lists(st.tuples(st.integers(0, 9), st.floats(0, 3)), max_size=300))
def test_all_items_are_counted_and_few_marks_kept(steps: list[tuple[int, float]]) -> None:
    pace, now = Pace(None, 0.0), 0.0
    for count, seconds in steps:
        now += seconds
        pace.advance(count, now)
    assert pace.done == sum(count for count, _ in steps)
    assert pace.seconds(now) == now
