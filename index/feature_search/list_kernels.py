"""The compiled loops that scan inverted lists. Importing this file needs numba (extra `fast`).

They give exactly what `InvertedLists` gives without them.
"""

import numpy as np

from frametrace.index.numba_compile import compiled, popcount_intrinsic

__all__ = ["count_near", "list_near"]

popcount = popcount_intrinsic()


@compiled
def _least_cutoff(within: np.ndarray, max_near: int) -> int:
    """The least distance that more than `max_near` are within."""
    cutoff = 0
    while cutoff < len(within) and within[cutoff] <= max_near:
        cutoff += 1
    return cutoff


@compiled
def count_near(
    queries: np.ndarray,
    bounds: tuple[np.ndarray, np.ndarray],
    words: np.ndarray,
    pictures: tuple[np.ndarray, int, np.ndarray],
    max_near: int,
    within: np.ndarray,
) -> bool:
    """Count the features within each distance of (f, 2) queries, into `within` (f, d) int64.

    `bounds` are the (f, p) begins and ends of the lists, the nearest first; `words` is (2, m)
    uint64; `pictures` has the owners, their `pose_bits`, and which pictures count, (n,) bool: all,
    if it is empty. Returns whether all pictures' numbers are below n.
    """
    begins, ends = bounds
    owners, pose_bits, among = pictures
    for i in range(len(queries)):
        cutoff = within.shape[1]
        counts = within[i]
        for p in range(begins.shape[1]):
            for at in range(begins[i, p], ends[i, p]):
                first, second = words[0, at] ^ queries[i, 0], words[1, at] ^ queries[i, 1]
                bits = np.int64(popcount(first) + popcount(second))
                if bits < cutoff:
                    if len(among):
                        picture = owners[at] >> pose_bits
                        if picture >= len(among):
                            return False
                        if not among[picture]:
                            continue
                    counts[bits] += 1
            if p == 0:  # the nearest list bounds the distance in the others
                cutoff = _least_cutoff(np.cumsum(counts), max_near)
        total = 0
        for distance in range(len(counts)):
            total += counts[distance]
            counts[distance] = total
    return True


@compiled
def list_near(
    queries: np.ndarray,
    bounds: tuple[np.ndarray, np.ndarray],
    words: np.ndarray,
    pictures: tuple[np.ndarray, int, np.ndarray],
    cutoffs: np.ndarray,
    near: tuple[np.ndarray, np.ndarray, np.ndarray],
) -> None:
    """Write the features below the (f,) cutoffs into `near`: query feature, distance, owner."""
    begins, ends = bounds
    owners, pose_bits, among = pictures
    features, distances, near_owners = near
    count = 0
    for i in range(len(queries)):
        for p in range(begins.shape[1]):
            for at in range(begins[i, p], ends[i, p]):
                first, second = words[0, at] ^ queries[i, 0], words[1, at] ^ queries[i, 1]
                bits = np.int64(popcount(first) + popcount(second))
                if bits < cutoffs[i] and (not len(among) or among[owners[at] >> pose_bits]):
                    features[count] = i
                    distances[count] = bits
                    near_owners[count] = owners[at]
                    count += 1
