"""Alignment of two videos in time, on videos whose cuts are known."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from frametrace.matcher.videos.time_alignment import AgreeingIntervals, align_in_time

lengths = st.lists(st.integers(700, 6000), min_size=4, max_size=12)


def cut_video(lengths: list[int]) -> tuple[np.ndarray, np.ndarray]:
    """When each shot starts and ends, in ms."""
    ends = np.cumsum(lengths).astype(np.float64)
    return ends - lengths, ends


def part_of(
    starts: np.ndarray, ends: np.ndarray, begin: float, end: float, speed: float
) -> AgreeingIntervals:
    """All shots of a video with what a copy shows of them: from `begin` to `end`, sped up."""
    shown_from, shown_to = starts.clip(begin, end), ends.clip(begin, end)
    kept = shown_to - shown_from > 100
    return AgreeingIntervals(
        starts[kept],
        ends[kept],
        ((shown_from - begin) * speed)[kept],
        ((shown_to - begin) * speed)[kept],
    )


@given(lengths, st.floats(0, 0.6), st.sampled_from([0.9, 0.95, 1.0, 1.05, 1.1]))
def test_a_trimmed_copy_is_aligned_at_its_cuts(
    lengths: list[int], begins_at: float, speed: float
) -> None:
    starts, ends = cut_video(lengths)
    begin = begins_at * ends[-1]
    pairs = part_of(starts, ends, begin, ends[-1], speed)
    aligned = align_in_time(pairs)
    assert aligned is not None
    if len(pairs) < 4:
        return  # one or two cuts don't tell the speed
    middle = (begin + ends[-1]) / 2
    assert float(aligned.in_b(middle)) == pytest.approx((middle - begin) * speed, abs=450)


@given(lengths, st.integers(0, 5))
def test_pairs_that_agree_by_chance_change_nothing(lengths: list[int], wrong: int) -> None:
    starts, ends = cut_video(lengths)
    true = part_of(starts, ends, 0, ends[-1], 1)
    generator = np.random.default_rng(wrong)
    shift = generator.uniform(8000, 30000, min(wrong, len(starts) // 2))
    chosen = generator.choice(len(starts), len(shift), replace=False)
    pairs = AgreeingIntervals(
        np.append(true.start_a, starts[chosen]),
        np.append(true.end_a, ends[chosen]),
        np.append(true.start_b, starts[chosen] + shift),
        np.append(true.end_b, ends[chosen] + shift),
    )
    aligned = align_in_time(pairs)
    assert aligned is not None
    assert (aligned.speed, abs(aligned.offset) < 150) == (1, True)


def test_times_go_there_and_back() -> None:
    starts, ends = cut_video([3000, 2000, 4000, 1500])
    aligned = align_in_time(part_of(starts, ends, 1000, 9000, 1.1))
    assert aligned is not None
    assert aligned.in_a(aligned.in_b(starts)) == pytest.approx(starts)


def test_without_agreeing_frames_there_is_no_alignment() -> None:
    assert align_in_time(AgreeingIntervals(*[np.empty(0)] * 4)) is None
