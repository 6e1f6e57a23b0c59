"""Finds dense blocks: many hashes so alike that every two of them are within the radius.

If all hashes of a block differ from one code in r / 2 bits or less, any two of them differ in r or
less (triangle inequality). So the frames of a long video need not meet in every chunk of their bits
to be found near: they are set aside, and each pair of them is listed once, without a search.
"""

import numpy as np

from frametrace.index.hamming.pigeonhole import CHUNK_BITS, CHUNKS_PER_WORD

__all__ = ["find_dense_blocks"]

_MIN_SIZE = 2**13  # hashes of one bucket, or of one block: fewer are joined fast enough
_MAX_TRIES = 4  # codes of a bucket tried as a block's center before the bucket counts as mixed
_BATCH = 2**18  # hashes compared at a time


def find_dense_blocks(words: np.ndarray, counts: np.ndarray, radius: int) -> np.ndarray:
    """Label each (n, w) uint64 code with its dense block, from 1, or 0: (n,) int32.

    `counts` are the histograms of the chunks' values. The result is empty if there is no block.
    """
    labels = np.zeros(len(words), np.int32)
    for chunk, value in np.argwhere(counts >= _MIN_SIZE).tolist():
        column = words[:, chunk // CHUNKS_PER_WORD]
        shift = np.uint64(CHUNK_BITS * (chunk % CHUNKS_PER_WORD))
        open_rows = np.flatnonzero(((column >> shift).astype(np.uint16) == value) & (labels == 0))
        tries = 0
        while len(open_rows) >= _MIN_SIZE and tries < _MAX_TRIES:
            center = words[open_rows[len(open_rows) * tries // _MAX_TRIES]]
            tries += 1
            if _is_near(words[open_rows], center, radius // 2).sum() < _MIN_SIZE // 2:
                continue
            near = _is_near(words, center, radius // 2) & (labels == 0)
            if near.sum() >= _MIN_SIZE:
                labels[near] = labels.max() + 1
                open_rows, tries = open_rows[labels[open_rows] == 0], 0
    return labels if labels.any() else labels[:0]


def _is_near(words: np.ndarray, center: np.ndarray, radius: int) -> np.ndarray:
    """Whether each code differs from the center in `radius` bits or less, (n,) bool."""
    batches = (words[start : start + _BATCH] ^ center for start in range(0, len(words), _BATCH))
    bits = (np.bitwise_count(batch).sum(axis=1, dtype=np.uint16) for batch in batches)
    return np.concatenate([np.zeros(0, bool), *(batch <= radius for batch in bits)])
