"""Divides rows into blocks of about one size, so that work on many rows needs little memory."""

from collections.abc import Iterator
from itertools import pairwise

import numpy as np

__all__ = ["in_blocks"]


def in_blocks(sizes: np.ndarray, limit: int) -> Iterator[slice]:
    """Slices of rows whose sizes add up to about `limit`; a larger row gets its own slice."""
    block = np.cumsum(sizes, dtype=np.int64) // limit
    bounds = np.append(np.flatnonzero(np.diff(block, prepend=-1)), len(sizes))
    for start, stop in pairwise(bounds.tolist()):
        yield slice(start, stop)
