"""Expands ranges of numbers, such as the items of each code, into one array."""

import numpy as np

__all__ = ["expand_ranges"]


def expand_ranges(starts: np.ndarray, counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """`counts[i]` consecutive numbers from `starts[i]` for each i: the i of each, the numbers.

    Both arguments are (n,) integers; the two results have the length of all ranges together.
    """
    which = np.repeat(np.arange(len(counts)), counts)
    begins = np.cumsum(counts) - counts
    return which, np.arange(len(which)) - begins[which] + starts[which]
