"""Computes the MinHash values of keys, which an index compares instead of the keys (Broder 1997).

The values are those of datasketch's `MinHash(64, seed=1, scheme="affine32")` over hashes of
n-grams; datasketch keeps its named schemes bit for bit. Here they are computed for a block of keys
at a time: a caption of 116 characters took 7 microseconds, with one datasketch object for each
caption 84. Its 128 numbers are drawn here as it draws them, because importing it, with SciPy, takes
longer than most queries; a test compares the values. The package rensa took 12, but its version 0.5
computes other values than 0.4: older cases, and tips from elsewhere, could no longer be compared.
"""

from functools import cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from frametrace.embed.text.ngrams import grams_of
from frametrace.work.blocks import in_blocks

__all__ = ["PERMUTATIONS", "hashes_of", "minhashes"]

PERMUTATIONS = 64  # estimate a similarity of 0.8 with a standard error of 0.05
_SEED = 1
_EMPTY = np.uint32(2**32 - 1)  # the value of a key without n-grams
_BLOCK = 1 << 16  # characters whose n-grams are hashed at a time; they fit the processor's cache


def minhashes(keys: pa.StringArray) -> np.ndarray:
    """(n, 64) uint32: the minimum of each of 64 permutations over a key's n-grams.

    Keys without n-grams, and nulls, have the largest value throughout.
    """
    values = np.full((len(keys), PERMUTATIONS), _EMPTY)
    length = pc.utf8_length(keys).fill_null(0).to_numpy(zero_copy_only=False)
    for part in in_blocks(length, _BLOCK):
        _fill(values[part], *grams_of(keys[part]))
    return values


def _fill(values: np.ndarray, grams: np.ndarray, begins: np.ndarray) -> None:
    hashed = _mixed(hashes_of(grams))
    filled = np.flatnonzero(np.diff(begins))
    if len(filled):
        for at, (factor, term) in enumerate(zip(*_permutations(), strict=True)):
            values[filled, at] = np.minimum.reduceat(hashed * factor + term, begins[filled])


def hashes_of(grams: np.ndarray) -> np.ndarray:
    """A uint32 for each n-gram, (g,) int64: multiply-shift hashing (Dietzfelbinger et al. 1997).

    The factor is 2 to the 64 over the golden ratio (Knuth, The Art of Computer Programming, 6.4).
    """
    hashed: np.ndarray = (grams.view(np.uint64) * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(32)
    return hashed.astype(np.uint32)


@cache
def _permutations() -> np.ndarray:
    """(2, 64) uint32: the factors, which are odd, and terms of the scheme's affine permutations.

    The stream of `RandomState` never changes between versions of NumPy (NEP 19).
    """
    drawn = np.random.RandomState(_SEED)
    halves = drawn.randint(0, 2**31, PERMUTATIONS, np.uint32)
    terms = drawn.randint(0, 2**32, PERMUTATIONS, np.uint32)
    return np.stack([2 * halves + 1, terms])


def _mixed(hashed: np.ndarray) -> np.ndarray:
    """The first step of the scheme: the finalizer of MurmurHash3 (Appleby 2011)."""
    hashed = (hashed ^ (hashed >> 16)) * np.uint32(0x85EBCA6B)
    hashed = (hashed ^ (hashed >> 13)) * np.uint32(0xC2B2AE35)
    mixed: np.ndarray = hashed ^ (hashed >> 16)
    return mixed
