"""The compiled loops of a scan through inverted lists; importing this file needs numba."""

import numpy as np

from frametrace.index.compiled import compiled, popcount_intrinsic

__all__ = ["scan_lists"]

popcount = popcount_intrinsic()


@compiled
def scan_lists(
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
        count, reach = 0, farthest
        for p in range(begins.shape[1]):
            begin, end = begins[f, p], ends[f, p]
            part = every[: end - begin]
            _bits(first[begin:end], second[begin:end], words[f], part)
            more = _close(part, begin, reach, close[count:], bits[count:])
            for i in range(count, count + more):
                if len(among) == 0 or among[owners[close[i]] >> low]:
                    within[f, bits[i]] += 1
                    close[count], bits[count] = close[i], bits[i]
                    count += 1
            reach = _reach(within[f], reach, most)
        _add_up(within[f], reach, most)
        before = filled
        for i in range(count):
            if bits[i] <= reach:
                distance[filled], owner[filled] = bits[i], owners[close[i]]
                filled += 1
        kept[f] = filled - before


@compiled
def _reach(at: np.ndarray, reach: int, most: int) -> int:
    """The greatest distance, up to `reach`, within which no more than `most` lie."""
    within = 0
    for d in range(reach + 1):
        within += at[d]
        if within > most:
            return d - 1
    return reach


@compiled
def _add_up(at: np.ndarray, reach: int, most: int) -> None:
    """From how many lie at each distance to how many within; beyond the reach too many do."""
    for d in range(1, len(at)):
        at[d] += at[d - 1]
    at[reach + 1 :] = most + 1


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
