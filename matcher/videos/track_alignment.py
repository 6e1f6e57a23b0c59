"""Makes an alignment in time exact, and confirms it, by hashes of two videos at regular times."""

import numpy as np

from frametrace.matcher.videos.numbered_frames import Track
from frametrace.matcher.videos.time_alignment import TimeAlignment

__all__ = ["agreeing_by_track", "refined"]

_REACH, _STEP = 1500, 100  # ms before and after the offset
_SPEEDS = (0.99, 1.0, 1.01)  # of the speed that is refined, unless it is 1
_MIN_SAMPLES = 4
_FAR_APART = 1000  # ms between samples
_MOST_SAMPLES = 0.6  # part of the samples that are near, where two videos agree
_UNRELATED = 128  # bits between hashes of unrelated pictures; more means nothing
_BETTER = 1.0  # bits that another offset must differ less, on average


def refined(alignment: TimeAlignment, a: Track, b: Track) -> TimeAlignment:
    """The alignment nearby at which the samples of A and B differ least.

    Unchanged if too few samples can be compared, or hardly any offset is better than another.
    """
    usable = a.usable.nonzero()[0]
    if len(usable) < _MIN_SAMPLES or b.usable.sum() < _MIN_SAMPLES:
        return alignment
    times, hashes = a.times[usable], a.hashes[usable]
    inside = alignment.in_b(times)
    kept = (inside >= b.times[0]) & (inside <= b.times[-1])
    if kept.sum() < _MIN_SAMPLES:
        return alignment
    times, hashes = times[kept], hashes[kept]
    best, least = alignment, _difference(alignment, times, hashes, b) - _BETTER
    for factor in _SPEEDS if alignment.speed != 1 else (1.0,):
        middle = float(times.mean())
        speed = alignment.speed * factor
        centre = float(alignment.in_b(middle)) - speed * middle
        for shift in sorted(range(-_REACH, _REACH + 1, _STEP), key=abs):
            tried = TimeAlignment(speed, centre + shift)
            difference = _difference(tried, times, hashes, b)
            if difference < least:
                best, least = tried, difference
    return best


def agreeing_by_track(
    alignment: TimeAlignment,
    tracks: tuple[Track, Track],
    starts: np.ndarray,
    ends: np.ndarray,
    radius: int,
) -> np.ndarray:
    """In which parts of A, from `starts` to `ends` in ms, most samples are near those of B, (n,).

    Near is `radius` bits or less to one of the two samples of B around the same moment.
    """
    a, b = tracks
    agreeing = np.zeros(len(starts), bool)
    if not (a.usable.any() and b.usable.sum() >= _MIN_SAMPLES):
        return agreeing
    left, right, _ = _around(alignment, a.times, b)
    near = np.zeros(len(a.times), bool)
    for side in (left, right):
        near |= (_bits(a.hashes, b.hashes[side]) <= radius) & b.usable[side]
    near &= a.usable
    for at, (start, end) in enumerate(zip(starts.tolist(), ends.tolist(), strict=True)):
        inside = (a.times >= start) & (a.times < end)
        agreeing[at] = inside.any() and near[inside].mean() >= _MOST_SAMPLES
    return agreeing


def _around(
    alignment: TimeAlignment, times: np.ndarray, b: Track
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The samples of B before and after times of A, and how near each time is to the latter."""
    at = alignment.in_b(times).clip(b.times[0], b.times[-1])
    right = np.searchsorted(b.times, at).clip(1, len(b.times) - 1)
    width = np.maximum(b.times[right] - b.times[right - 1], 1)
    return right - 1, right, ((at - b.times[right - 1]) / width).clip(0, 1)


def _bits(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The distances of (n, 32) hashes, one by one, (n,) int64."""
    distances: np.ndarray = np.bitwise_count(a ^ b).sum(axis=1, dtype=np.int64)
    return distances


def _difference(alignment: TimeAlignment, times: np.ndarray, hashes: np.ndarray, b: Track) -> float:
    """The mean number of bits by which samples of A differ from those of B, between two of them.

    Between two samples of B the difference is that of the nearer one, by how near each is.
    """
    left, right, nearness = _around(alignment, times, b)
    before, after = (_bits(hashes, b.hashes[side]) for side in (left, right))
    mixed = before * (1 - nearness) + after * nearness
    # Where samples of B are far apart, the video stands still until shortly before the latter.
    apart = b.times[right] - b.times[left] > _FAR_APART
    mixed = np.where(apart, np.minimum(before, after), mixed)
    return float(np.minimum(mixed, _UNRELATED).mean())
