"""The compiled loops that scan inverted lists. Importing this file needs numba (extra `fast`).

They give exactly what `InvertedLists` gives without them.
"""

import numpy as np

from frametrace.index.numba_compile import compiled, popcount_intrinsic

__all__ = ["list_near"]

popcount = popcount_intrinsic()

Arrays = tuple[np.ndarray, np.ndarray, np.ndarray]


@compiled
def _least_cutoff(counts: np.ndarray, max_near: int) -> int:
    """The least distance that more than `max_near` features are within."""
    cutoff, total = 0, 0
    while cutoff < len(counts) and total + counts[cutoff] <= max_near:
        total += counts[cutoff]
        cutoff += 1
    return cutoff


@compiled
def list_near(  # noqa: PLR0913, PLR0917
    queries: np.ndarray,
    bounds: tuple[np.ndarray, np.ndarray],
    words: np.ndarray,
    pictures: tuple[np.ndarray, int, np.ndarray],
    max_near: int,
    within: np.ndarray,
    near: Arrays,
    scratch: Arrays,
) -> int:
    """Write the features near (f, 2) queries into `near`: query feature, distance, owner.

    `bounds` are the (f, p) begins and ends of the lists, the nearest first; `words` is (2, m)
    uint64; `pictures` has the owners, their `pose_bits`, and which pictures count, (n,) bool: all,
    if it is empty. How many features are within each distance is added to `within`, (f, d) int64.
    `scratch` has room for the distances of a list, uint8, and for the distances and owners of all
    lists of a query, uint8 and uint32. Returns how many features were written, or -1 if a picture's
    number is n or more.
    """
    begins, ends = bounds
    owners, pose_bits, among = pictures
    features, distances, near_owners = near
    bits, kept_bits, kept_owners = scratch
    count = 0
    for i in range(len(queries)):
        first, second = queries[i, 0], queries[i, 1]
        cutoff, counts, kept = within.shape[1], within[i], 0
        for p in range(begins.shape[1]):
            begin, length = begins[i, p], ends[i, p] - begins[i, p]
            for k in range(length):  # a loop without branches is compiled to vector instructions
                differing = popcount(words[0, begin + k] ^ first)
                bits[k] = differing + popcount(words[1, begin + k] ^ second)
            for k in range(length):
                if bits[k] < cutoff:
                    owner = owners[begin + k]
                    if len(among):
                        picture = owner >> pose_bits
                        if picture >= len(among):
                            return -1
                        if not among[picture]:
                            continue
                    counts[bits[k]] += 1
                    kept_bits[kept] = bits[k]
                    kept_owners[kept] = owner
                    kept += 1
            if p == 0:  # the nearest list bounds the distance in the others
                cutoff = _least_cutoff(counts, max_near)
        cutoff = _least_cutoff(counts, max_near)
        for k in range(kept):
            if kept_bits[k] < cutoff:
                features[count] = i
                distances[count] = kept_bits[k]
                near_owners[count] = kept_owners[k]
                count += 1
        for distance in range(1, len(counts)):
            counts[distance] += counts[distance - 1]
    return count
