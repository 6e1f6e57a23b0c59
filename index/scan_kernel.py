"""The compiled loops of a scan through inverted lists; importing this file needs numba."""

import numpy as np

from frametrace.index.kernels import compiled, popcount

__all__ = ["scan"]


@compiled
def scan(
    held: tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, int],
    asked: tuple[np.ndarray, np.ndarray, np.ndarray, int],
    room: tuple[np.ndarray, np.ndarray, np.ndarray],
    found: tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray],
) -> None:
    """Do what `Lists.near` says; `room` has places for all features of the lists of one asked."""
    first, second, owners, among, low = held
    begins, ends, words, most = asked
    close, bits, every = room
    within, kept, distance, owner = found
    filled, farthest = 0, within.shape[1] - 1
    for f in range(len(words)):
        count = 0
        for p in range(begins.shape[1]):
            begin, end = begins[f, p], ends[f, p]
            part = every[: end - begin]
            _bits(first[begin:end], second[begin:end], words[f], part)
            count += _close(part, begin, farthest, close[count:], bits[count:])
        for i in range(count):
            if len(among) == 0 or among[owners[close[i]] >> low]:
                within[f, bits[i]] += 1
            else:
                bits[i] = 255
        radius = -1
        for d in range(farthest + 1):
            within[f, d] += within[f, d - 1] if d else 0
            radius = d if within[f, d] <= most else radius
        before = filled
        for i in range(count):
            if bits[i] <= radius:
                distance[filled], owner[filled] = bits[i], owners[close[i]]
                filled += 1
        kept[f] = filled - before


@compiled
def _bits(first: np.ndarray, second: np.ndarray, words: np.ndarray, bits: np.ndarray) -> None:
    """Distances of (m,) words and (m,) words from one feature; compiled to vectors."""
    a, b = words[0], words[1]
    for i in range(len(first)):
        bits[i] = popcount(first[i] ^ a) + popcount(second[i] ^ b)


@compiled
def _close(
    all_bits: np.ndarray, begin: int, farthest: int, close: np.ndarray, bits: np.ndarray
) -> int:
    """Note the places, counted from `begin`, and the distances of what is not too far."""
    count = 0
    for i in range(len(all_bits)):
        if all_bits[i] <= farthest:
            close[count], bits[count] = begin + i, all_bits[i]
            count += 1
    return count
