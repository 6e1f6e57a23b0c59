"""The compiled loops that scan inverted lists. Importing this file needs numba (extra `fast`)."""

import numpy as np

from frametrace.index.numba_compile import compiled, popcount_intrinsic

__all__ = ["scan_lists"]

popcount = popcount_intrinsic()


@compiled
def scan_lists(
    index: tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, int],
    queries: tuple[np.ndarray, np.ndarray, np.ndarray, int],
    scratch: tuple[np.ndarray, np.ndarray, np.ndarray],
    results: tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray],
) -> None:
    """Do what `InvertedLists.near` says; `scratch` fits all features that one query can probe."""
    first, second, owners, among, pose_bits = index
    begins, ends, words, max_near = queries
    close, bits, list_bits = scratch
    within, counts, distance, owner = results
    filled, max_distance = 0, within.shape[1] - 1
    for f in range(len(words)):
        count, radius = 0, max_distance
        for p in range(begins.shape[1]):
            begin, end = begins[f, p], ends[f, p]
            part = list_bits[: end - begin]
            _fill_distances(first[begin:end], second[begin:end], words[f], part)
            candidates = _select_close(part, begin, radius, close[count:], bits[count:])
            for i in range(count, count + candidates):
                if len(among) == 0 or among[owners[close[i]] >> pose_bits]:
                    within[f, bits[i]] += 1
                    close[count], bits[count] = close[i], bits[i]
                    count += 1
            radius = _max_radius(within[f], radius, max_near)
        _accumulate(within[f], radius, max_near)
        before = filled
        for i in range(count):
            if bits[i] <= radius:
                distance[filled], owner[filled] = bits[i], owners[close[i]]
                filled += 1
        counts[f] = filled - before


@compiled
def _max_radius(counts: np.ndarray, radius: int, max_near: int) -> int:
    """The greatest distance, up to `radius`, that no more than `max_near` features are within."""
    within = 0
    for d in range(radius + 1):
        within += counts[d]
        if within > max_near:
            return d - 1
    return radius


@compiled
def _accumulate(counts: np.ndarray, radius: int, max_near: int) -> None:
    """Turn counts at each distance into counts within it; beyond the radius, one too many."""
    for d in range(1, len(counts)):
        counts[d] += counts[d - 1]
    counts[radius + 1 :] = max_near + 1


@compiled
def _fill_distances(
    first: np.ndarray, second: np.ndarray, words: np.ndarray, bits: np.ndarray
) -> None:
    """Write the distances of features, (m,) first and second words, from one; vectorised."""
    a, b = words[0], words[1]
    for i in range(len(first)):
        bits[i] = popcount(first[i] ^ a) + popcount(second[i] ^ b)


@compiled
def _select_close(
    all_bits: np.ndarray, begin: int, radius: int, close: np.ndarray, bits: np.ndarray
) -> int:
    """Write the positions, counted from `begin`, and distances within the radius; their count."""
    count = 0
    for i in range(len(all_bits)):
        if all_bits[i] <= radius:
            close[count], bits[count] = begin + i, all_bits[i]
            count += 1
    return count
