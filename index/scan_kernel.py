"""The compiled loop of a scan through inverted lists; importing this file needs numba."""

import numpy as np

from frametrace.index.kernels import compiled, popcount
from frametrace.index.scan import FARTHEST

__all__ = ["scan"]

_FARTHEST = FARTHEST


@compiled
def scan(
    held: tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, int],
    asked: tuple[np.ndarray, np.ndarray, np.ndarray, int],
    room: np.ndarray,
    found: tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray],
) -> None:
    """Do what `Lists.near` says; `room` takes the distances of one feature's lists."""
    first, second, owners, among, low = held
    begins, ends, words, most = asked
    within, kept, distance, owner = found
    filled = 0
    for f in range(len(words)):
        a, b, used = words[f, 0], words[f, 1], 0
        for p in range(begins.shape[1]):
            for at in range(begins[f, p], ends[f, p]):
                room[used] = popcount(first[at] ^ a) + popcount(second[at] ^ b)
                used += 1
        used = 0
        for p in range(begins.shape[1]):
            for at in range(begins[f, p], ends[f, p]):
                d = room[used]
                used += 1
                if d <= _FARTHEST and (len(among) == 0 or among[owners[at] >> low]):
                    within[f, d] += 1
        radius = -1
        for d in range(_FARTHEST + 1):
            within[f, d] += within[f, d - 1] if d else 0
            radius = d if within[f, d] <= most else radius
        begin, used = filled, 0
        for p in range(begins.shape[1]):
            for at in range(begins[f, p], ends[f, p]):
                d = room[used]
                used += 1
                if d <= radius and (len(among) == 0 or among[owners[at] >> low]):
                    distance[filled] = d
                    owner[filled] = owners[at]
                    filled += 1
        kept[f] = filled - begin
