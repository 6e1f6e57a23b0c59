"""How alike keys are: the Jaccard similarity of their grams, of one pair or many.

Grams are runs of three characters. Chinese says in one character what others say in three letters,
so there every character is a gram, and every two that stand together: one other character in 14, or
one other letter in 29, leaves four fifths. Of the pairs of 5,000 captions in Chinese and in English
as many come out as near copies, 17 and 12 of 12 million, most of which are.
"""

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from frametrace.embed.text.normalize import code_points

__all__ = ["grams", "grams_of", "in_blocks", "jaccard", "jaccards", "length_of"]

_LENGTH = 3  # characters
_BITS = 21  # of a code point and one more, which none has where there is no character
_BLOCK = 1 << 20  # bytes of keys compared at a time; some 100 MB
_COLUMNS = 2**63 - 1  # a gram's number is below
_FIRST, _LAST = "\u3400", "\u9fff"  # Chinese characters, and those from the second plane on
_MORE = "\U00020000"


def grams(key: str) -> frozenset[str]:
    """The distinct grams of a key."""
    chinese = [_FIRST <= character <= _LAST or character >= _MORE for character in key]
    found = set()
    for at, here in enumerate(chinese):
        if here:
            found.add(key[at])
            if chinese[at : at + 2] == [True, True]:
                found.add(key[at : at + 2])
        if at + _LENGTH <= len(key) and not all(chinese[at : at + _LENGTH]):
            found.add(key[at : at + _LENGTH])
    return frozenset(found)


def jaccard(a: str, b: str) -> float:
    """The Jaccard similarity of two keys' grams, 0 to 1; 0 where neither has any."""
    ours, theirs = grams(a), grams(b)
    return len(ours & theirs) / (len(ours | theirs) or 1)


def jaccards(keys: pa.StringArray, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """(m,) float64: `jaccard` of m pairs of keys, exactly; a and b, (m,), are positions of keys.

    A null is a key without grams. Pairs are compared in blocks: memory grows by 24 bytes a pair. It
    is fastest where pairs of one key stand together.
    """
    size = _sizes(keys)
    found = np.empty(len(a))
    for part in in_blocks(size[a] + size[b], _BLOCK):
        found[part] = _compared(keys, a[part], b[part])
    return found


def length_of(keys: pa.StringArray) -> np.ndarray:
    """How much each key says, (n,) int64: its characters, of which a Chinese one counts as two."""
    points, ends = code_points(keys)
    counted = np.append(0, np.cumsum(1 + _is_chinese(points)))
    length: np.ndarray = np.diff(counted[ends])
    return length


def grams_of(keys: pa.StringArray) -> tuple[np.ndarray, np.ndarray]:
    """The grams of n keys as numbers, (g,) int64, and where each key's begin and end, (n + 1,).

    A number holds three code points of 21 bits, so none is negative and no two grams have the same.
    Grams that a key repeats are repeated.
    """
    points, ends = code_points(keys)
    one, two, three = (
        _following(points.astype(np.int64) + 1, shift) << _BITS * (_LENGTH - 1 - shift)
        for shift in range(_LENGTH)
    )
    inside = np.ones(len(points), bool)
    if len(points):
        inside[ends - 1] = False
    chinese = _is_chinese(points)
    pair = chinese & _following(chinese, 1) & inside
    run = inside & _following(inside, 1) & ~(pair & _following(chinese, 2))
    kinds = ((chinese, one), (pair, one | two), (run, one | two | three))
    counts = [np.diff(np.append(0, np.cumsum(counted))[ends]) for counted, _ in kinds]
    begins = np.append(0, np.cumsum(sum(counts)))
    numbers = np.empty(begins[-1], np.int64)
    free = begins[:-1].copy()
    for (counted, number), count in zip(kinds, counts, strict=True):
        places = np.arange(count.sum()) + np.repeat(free - np.cumsum(count) + count, count)
        numbers[places] = number[counted]
        free += count
    return numbers, begins


def in_blocks(sizes: np.ndarray, most: int) -> Iterator[slice]:
    """Slices of rows whose sizes come to some `most` together; a larger row stands alone."""
    block = np.cumsum(sizes, dtype=np.int64) // most
    bounds = np.append(np.flatnonzero(np.diff(block, prepend=-1)), len(sizes))
    for start, stop in pairwise(bounds.tolist()):
        yield slice(start, stop)


def _compared(keys: pa.StringArray, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """One block of pairs: each key is a row of a sparse matrix with a column for every gram."""
    from scipy.sparse import csr_matrix

    needed, row = np.unique(np.append(a, b), return_inverse=True)
    numbers, begins = grams_of(keys.take(pa.array(needed)))
    held = csr_matrix((np.ones(len(numbers), bool), numbers, begins), (len(needed), _COLUMNS))
    held.sum_duplicates()
    first, second = row[: len(a)], row[len(a) :]
    both = held[first].multiply(held[second]).getnnz(axis=1)
    count = np.diff(held.indptr)
    similarity: np.ndarray = both / np.maximum(count[first] + count[second] - both, 1)
    return similarity


def _sizes(keys: pa.StringArray) -> np.ndarray:
    sizes: np.ndarray = pc.binary_length(keys).fill_null(0).to_numpy(zero_copy_only=False)
    return sizes


def _is_chinese(points: np.ndarray) -> np.ndarray:
    return ((points >= ord(_FIRST)) & (points <= ord(_LAST))) | (points >= ord(_MORE))


def _following(values: np.ndarray, shift: int) -> np.ndarray:
    """The values that stand so many places on, zero behind the last."""
    following = np.zeros_like(values)
    following[: len(values) - shift] = values[shift:]
    return following
