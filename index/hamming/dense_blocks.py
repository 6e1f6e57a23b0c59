"""Clumps: many hashes so alike that every two of them are near, which one look at each tells.

Where all of some hashes differ from one code in r / 2 bits or less, any two of them differ in r or
less. So the frames of a long video need not meet each other in every chunk of their bits to be
found near: they are set aside, and each pair of them is listed once, without a search.
"""

import numpy as np

from frametrace.index.hamming.pigeonhole import CHUNK, PER_WORD

__all__ = ["clumps"]

_MANY = 2**13  # hashes of one value of a chunk, or of one clump: fewer are joined soon enough
_TRIES = 4  # codes of a bucket that are looked at before it counts as a mixture
_BLOCK = 2**18


def clumps(words: np.ndarray, counts: np.ndarray, radius: int) -> np.ndarray:
    """The clump of each (n, w) uint64 code, from 1, or 0 where it has none: (n,) int32.

    `counts` are the histograms of the chunks' values. Empty where there is no clump at all.
    """
    labels = np.zeros(len(words), np.int32)
    for chunk, value in np.argwhere(counts >= _MANY).tolist():
        column, shift = words[:, chunk // PER_WORD], np.uint64(CHUNK * (chunk % PER_WORD))
        open_rows = np.flatnonzero(((column >> shift).astype(np.uint16) == value) & (labels == 0))
        tries = 0
        while len(open_rows) >= _MANY and tries < _TRIES:
            code = words[open_rows[len(open_rows) * tries // _TRIES]]
            tries += 1
            if _near(words[open_rows], code, radius // 2).sum() < _MANY // 2:
                continue
            near = _near(words, code, radius // 2) & (labels == 0)
            if near.sum() >= _MANY:
                labels[near] = labels.max() + 1
                open_rows, tries = open_rows[labels[open_rows] == 0], 0
    return labels if labels.any() else labels[:0]


def _near(words: np.ndarray, code: np.ndarray, radius: int) -> np.ndarray:
    """Which codes differ from one in `radius` bits or less."""
    blocks = (words[at : at + _BLOCK] ^ code for at in range(0, len(words), _BLOCK))
    bits = (np.bitwise_count(block).sum(axis=1, dtype=np.uint16) for block in blocks)
    return np.concatenate([np.zeros(0, bool), *(block <= radius for block in bits)])
