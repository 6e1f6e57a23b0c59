"""How alike keys are: the Jaccard similarity of their character trigrams, of one pair or many."""

from itertools import pairwise

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from frametrace.embed.signals.spelling import code_points

__all__ = ["LENGTH", "grams_of", "jaccard", "jaccards", "trigrams"]

LENGTH = 3  # characters
_BITS = 21  # of a code point
_BLOCK = 1 << 20  # bytes of keys compared at a time; some 60 MB
_COLUMNS = 2**63 - 1  # a trigram's number is below


def trigrams(key: str) -> frozenset[str]:
    """The distinct runs of three characters of a key."""
    return frozenset(key[at : at + LENGTH] for at in range(max(len(key) - LENGTH + 1, 0)))


def jaccard(a: str, b: str) -> float:
    """The Jaccard similarity of two keys' trigrams, 0 to 1; 0 where neither has any."""
    ours, theirs = trigrams(a), trigrams(b)
    return len(ours & theirs) / (len(ours | theirs) or 1)


def jaccards(keys: pa.StringArray, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """(m,) float64: `jaccard` of m pairs of keys, exactly; a and b, (m,), are positions of keys.

    A null is a key without trigrams. Pairs are compared in blocks: memory grows by 24 bytes a pair.
    It is fastest where pairs of one key stand together.
    """
    size = pc.binary_length(keys).fill_null(0).to_numpy(zero_copy_only=False)
    block = np.cumsum(size[a] + size[b], dtype=np.int64) // _BLOCK
    bounds = np.append(np.flatnonzero(np.diff(block, prepend=-1)), len(a))
    found = np.empty(len(a))
    for start, stop in pairwise(bounds):
        found[start:stop] = _compared(keys, a[start:stop], b[start:stop])
    return found


def _compared(keys: pa.StringArray, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """One block of pairs: each key is a row of a sparse matrix with a column for every trigram."""
    from scipy.sparse import csr_matrix

    needed, row = np.unique(np.append(a, b), return_inverse=True)
    grams, begins = grams_of(keys.take(pa.array(needed)))
    held = csr_matrix((np.ones(len(grams), bool), grams, begins), (len(needed), _COLUMNS))
    held.sum_duplicates()
    first, second = row[: len(a)], row[len(a) :]
    both = held[first].multiply(held[second]).getnnz(axis=1)
    count = np.diff(held.indptr)
    similarity: np.ndarray = both / np.maximum(count[first] + count[second] - both, 1)
    return similarity


def grams_of(keys: pa.StringArray) -> tuple[np.ndarray, np.ndarray]:
    """The trigrams of n keys as numbers, (g,) int64, and where each key's begin and end, (n + 1,).

    A number holds three code points of 21 bits, so none is negative and no two trigrams have the
    same. Trigrams that a key repeats are repeated.
    """
    points, ends = code_points(keys)
    wide = points.astype(np.int64)
    numbers = wide[:-2] << (2 * _BITS) | wide[1:-1] << _BITS | wide[2:]
    length = np.maximum(np.diff(ends) - (LENGTH - 1), 0)
    begins = np.append(0, np.cumsum(length))
    inside = np.arange(begins[-1]) + np.repeat(ends[:-1] - begins[:-1], length)
    return numbers[inside], begins
