"""Makes an alignment in time exact by the hashes of two videos at regular times."""

import numpy as np

from frametrace.matcher.videos.numbered_frames import Track
from frametrace.matcher.videos.time_alignment import TimeAlignment

__all__ = ["refined"]

_REACH, _STEP = 1500, 100  # ms before and after the offset
_SPEEDS = (0.99, 1.0, 1.01)  # of the speed that is refined, unless it is 1
_MIN_SAMPLES = 4
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
        for shift in range(-_REACH, _REACH + 1, _STEP):
            tried = TimeAlignment(speed, centre + shift)
            difference = _difference(tried, times, hashes, b)
            if difference < least:
                best, least = tried, difference
    return best


def _difference(alignment: TimeAlignment, times: np.ndarray, hashes: np.ndarray, b: Track) -> float:
    """The mean number of bits by which samples of A differ from those of B, between two of them.

    Between two samples of B the difference is that of the nearer one, by how near each is.
    """
    at = alignment.in_b(times).clip(b.times[0], b.times[-1])
    right = np.searchsorted(b.times, at).clip(1, len(b.times) - 1)
    left = right - 1
    width = np.maximum(b.times[right] - b.times[left], 1)
    weight = ((at - b.times[left]) / width).clip(0, 1)
    bits = [
        np.bitwise_count(hashes ^ b.hashes[side]).sum(axis=1, dtype=np.int64)
        for side in (left, right)
    ]
    mixed = bits[0] * (1 - weight) + bits[1] * weight
    return float(np.minimum(mixed, 128).mean())
