"""Aligns two videos in time: one offset and one speed at which most of their frames agree.

Frame A of one video agrees with frame B of the other, and each is shown for a while. At the right
offset and speed both are shown at the same time. So the alignment is chosen for which agreeing
frames are shown together longest, as in a Hough transform whose votes are as wide as the intervals.
Cuts tell more than their length: where two agreeing frames both begin, or both end, it counts more.
"""

from dataclasses import dataclass

import numpy as np

__all__ = ["MAX_SPEED", "AgreeingIntervals", "TimeAlignment", "align_in_time"]

# A tenth faster or slower, and room for rounding; other copies are not searched for.
MAX_SPEED = 1.12
_SPEED_STEP = 0.01
_SAME_TIME = 300  # ms; two cuts this near are one cut, seen in two encodings
_BOUNDARY = 700  # ms that a cut in common counts as
_OFFSET_STEP = 100  # ms; offsets nearer than this are tried once
_MAX_INTERVALS = 400  # pairs of intervals that are counted, evenly spread
_MIN_TOGETHER = 200  # ms; less is chance


@dataclass(frozen=True, slots=True)
class AgreeingIntervals:
    """n pairs of intervals whose frames agree: when each is shown, (n,) float64 milliseconds."""

    start_a: np.ndarray
    end_a: np.ndarray
    start_b: np.ndarray
    end_b: np.ndarray

    def __len__(self) -> int:
        return len(self.start_a)

    def where(self, kept: np.ndarray) -> "AgreeingIntervals":
        """Some of the pairs, by a mask or by positions."""
        return AgreeingIntervals(
            self.start_a[kept], self.end_a[kept], self.start_b[kept], self.end_b[kept]
        )


@dataclass(frozen=True, slots=True)
class TimeAlignment:
    """Time t of A is shown at `speed` * t + `offset` of B, in milliseconds."""

    speed: float
    offset: float

    def in_b(self, time: np.ndarray | float) -> np.ndarray:
        """Times of A as times of B."""
        return np.asarray(self.speed * np.asarray(time, np.float64) + self.offset)

    def in_a(self, time: np.ndarray | float) -> np.ndarray:
        """Times of B as times of A."""
        return np.asarray((np.asarray(time, np.float64) - self.offset) / self.speed)


def align_in_time(pairs: AgreeingIntervals) -> TimeAlignment | None:
    """The alignment at which agreeing frames are shown together longest; None without any.

    Equal speeds are preferred: another speed must gain a tenth.
    """
    if not len(pairs):
        return None
    if len(pairs) > _MAX_INTERVALS:
        pairs = pairs.where(np.linspace(0, len(pairs) - 1, _MAX_INTERVALS).astype(np.intp))
    best, best_value = _best_at(pairs, 1.0)
    for speed in _speeds(pairs):
        offset, value = _best_at(pairs, speed)
        if value > best_value * (1.1 if best.speed == 1 else 1.0):
            best, best_value = offset, value
    return best if best_value >= _MIN_TOGETHER else None


def _speeds(pairs: AgreeingIntervals) -> np.ndarray:
    """The speeds to try; none for intervals that are too near to each other to tell."""
    spread = max(np.ptp(pairs.start_a), np.ptp(pairs.end_a))
    if spread * (MAX_SPEED - 1) < 2 * _SAME_TIME:
        return np.empty(0)
    steps = np.arange(round((MAX_SPEED - 1) / _SPEED_STEP) + 1) * _SPEED_STEP
    return np.unique(np.concatenate([1 / (1 + steps[1:]), 1 + steps[1:]]))


def _best_at(pairs: AgreeingIntervals, speed: float) -> tuple[TimeAlignment, float]:
    """The best offset at one speed, and for how many milliseconds frames then agree."""
    start_a, end_a = speed * pairs.start_a, speed * pairs.end_a
    tried = np.concatenate([pairs.start_b - start_a, pairs.end_b - end_a])
    tried = np.concatenate([tried, (pairs.start_b + pairs.end_b - start_a - end_a) / 2])
    rounded = np.rint(tried / _OFFSET_STEP).astype(np.int64)
    inverse = np.unique(rounded, return_inverse=True)[1]
    offsets = np.bincount(inverse, tried) / np.bincount(inverse)
    begin = np.maximum(start_a[None] + offsets[:, None], pairs.start_b[None])
    end = np.minimum(end_a[None] + offsets[:, None], pairs.end_b[None])
    together = (end - begin).clip(0)
    cuts = _in_common(start_a, pairs.start_b, offsets) + _in_common(end_a, pairs.end_b, offsets)
    value = together.sum(axis=1) + _BOUNDARY * (cuts * (together > 0)).sum(axis=1)
    at = int(np.argmax(value))
    return TimeAlignment(speed, float(offsets[at])), float(value[at])


def _in_common(a: np.ndarray, b: np.ndarray, offsets: np.ndarray) -> np.ndarray:
    """How nearly each pair of times coincides at each offset, (offsets, n), 0 to 1."""
    apart = np.abs(a[None] + offsets[:, None] - b[None])
    return np.asarray((1 - apart / _SAME_TIME).clip(0))
