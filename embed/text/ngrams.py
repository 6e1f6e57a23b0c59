"""Computes the Jaccard similarity of keys by their character n-grams, for one pair or many.

N-grams ("grams") are trigrams of characters. One Chinese character carries as much as three
letters, so there they are single characters and pairs of neighbours. One changed letter in 29, or
one changed Chinese character in 14, then leaves a similarity of four fifths. Of 12 million pairs of
captions, similar numbers come out as near copies in Chinese (17) and in English (12), and most of
them are.
"""

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from frametrace.embed.text.normalize import code_points
from frametrace.work.blocks import in_blocks

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

__all__ = ["grams", "grams_of", "jaccard", "jaccards", "weighted_length"]

_LENGTH = 3  # characters
_BITS = 21  # of a code point plus one; 0 means that there is no character
_BLOCK = 1 << 20  # bytes of keys that are compared at a time; some 100 MB
_COLUMNS = 2**63 - 1  # the numbers of n-grams are below it
_MAX_PRODUCT = 1 << 22  # pairs of two sets of keys that are all compared at once
# Chinese characters: these, and all from the second plane on.
_FIRST_CHINESE, _LAST_CHINESE = "\u3400", "\u9fff"
_SECOND_PLANE = "\U00020000"


def grams(key: str) -> frozenset[str]:
    """The distinct n-grams of a key."""
    chinese = [
        _FIRST_CHINESE <= character <= _LAST_CHINESE or character >= _SECOND_PLANE
        for character in key
    ]
    distinct = set()
    for at, is_chinese in enumerate(chinese):
        if is_chinese:
            distinct.add(key[at])
            if chinese[at : at + 2] == [True, True]:
                distinct.add(key[at : at + 2])
        if at + _LENGTH <= len(key) and not all(chinese[at : at + _LENGTH]):
            distinct.add(key[at : at + _LENGTH])
    return frozenset(distinct)


def jaccard(a: str, b: str) -> float:
    """The Jaccard similarity of two keys' n-grams, 0 to 1; 0 if neither has any."""
    grams_a, grams_b = grams(a), grams(b)
    return len(grams_a & grams_b) / (len(grams_a | grams_b) or 1)


def jaccards(keys: pa.StringArray, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """(m,) float64: the exact `jaccard` of m pairs of keys; a and b, (m,), are positions of keys.

    A null is a key without n-grams. Pairs are compared in blocks: memory grows by 24 bytes a pair.
    It is fastest if the pairs of one key are adjacent, or if nearly all of two sets are compared.
    """
    (x, row), (y, column) = _distinct(len(keys), a), _distinct(len(keys), b)
    if 0 < len(x) * len(y) <= min(_MAX_PRODUCT, 4 * len(a)):
        chosen: np.ndarray = _compare_all(keys, x, y)[row[a], column[b]]
        return chosen
    size = _sizes(keys)
    similarities = np.empty(len(a))
    for part in in_blocks(size[a] + size[b], _BLOCK):
        similarities[part] = _compare_block(keys, a[part], b[part])
    return similarities


def weighted_length(keys: pa.StringArray) -> np.ndarray:
    """The length of each key, (n,) int64, in characters; a Chinese one counts as two."""
    points, ends = code_points(keys)
    counted = np.append(0, np.cumsum(1 + _is_chinese(points)))
    length: np.ndarray = np.diff(counted[ends])
    return length


def grams_of(keys: pa.StringArray) -> tuple[np.ndarray, np.ndarray]:
    """The n-grams of n keys as numbers, (g,) int64, and where each key's begin and end, (n + 1,).

    A number holds three code points of 21 bits: none is negative, and different n-grams have
    different numbers. Repeated n-grams of a key are repeated.
    """
    points, ends = code_points(keys)
    first, second, third = (
        _following(points.astype(np.int64) + 1, shift) << _BITS * (_LENGTH - 1 - shift)
        for shift in range(_LENGTH)
    )
    inside = np.ones(len(points), bool)
    if len(points):
        inside[ends - 1] = False
    chinese = _is_chinese(points)
    pair = chinese & _following(chinese, 1) & inside
    run = inside & _following(inside, 1) & ~(pair & _following(chinese, 2))
    kinds = ((chinese, first), (pair, first | second), (run, first | second | third))
    counts = [np.diff(np.append(0, np.cumsum(counted))[ends]) for counted, _ in kinds]
    begins = np.append(0, np.cumsum(sum(counts)))
    numbers = np.empty(begins[-1], np.int64)
    free = begins[:-1].copy()
    for (counted, number), count in zip(kinds, counts, strict=True):
        positions = np.arange(count.sum()) + np.repeat(free - np.cumsum(count) + count, count)
        numbers[positions] = number[counted]
        free += count
    return numbers, begins


def _distinct(count: int, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The distinct ones of rows below `count`, ascending; and the position of each row among them.

    Sorting the rows would take longer.
    """
    used = np.zeros(count, bool)
    used[rows] = True
    return np.flatnonzero(used), np.cumsum(used) - 1


def _compare_all(keys: pa.StringArray, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """All pairs of two sets of keys, (len(a), len(b)) float64, by one sparse product."""
    from scipy.sparse import csr_matrix

    needed, row = np.unique(np.append(a, b), return_inverse=True)
    held = _gram_matrix(keys.take(pa.array(needed)))
    distinct, column = np.unique(held.indices, return_inverse=True)
    shape = len(needed), len(distinct)
    matrix = csr_matrix((np.ones(len(column), np.int32), column, held.indptr), shape)
    first, second = row[: len(a)], row[len(a) :]
    both = (matrix[first] @ matrix[second].T).toarray()
    count = np.diff(matrix.indptr)
    return _ratio(both, count[first, None], count[second])


def _compare_block(keys: pa.StringArray, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """One block of pairs."""
    needed, row = np.unique(np.append(a, b), return_inverse=True)
    matrix = _gram_matrix(keys.take(pa.array(needed)))
    first, second = row[: len(a)], row[len(a) :]
    both = matrix[first].multiply(matrix[second]).getnnz(axis=1)
    count = np.diff(matrix.indptr)
    return _ratio(both, count[first], count[second])


def _ratio(both: np.ndarray, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Jaccard similarities, given how many n-grams are in both, in the first and in the second."""
    similarity: np.ndarray = both / np.maximum(a + b - both, 1)
    return similarity


def _gram_matrix(keys: pa.StringArray) -> "csr_matrix":
    """The distinct n-grams of n keys: a row for each key, a column for each number."""
    from scipy.sparse import csr_matrix

    numbers, begins = grams_of(keys)
    matrix = csr_matrix((np.ones(len(numbers), bool), numbers, begins), (len(keys), _COLUMNS))
    matrix.sum_duplicates()
    return matrix


def _sizes(keys: pa.StringArray) -> np.ndarray:
    sizes: np.ndarray = pc.binary_length(keys).fill_null(0).to_numpy(zero_copy_only=False)
    return sizes


def _is_chinese(points: np.ndarray) -> np.ndarray:
    return ((points >= ord(_FIRST_CHINESE)) & (points <= ord(_LAST_CHINESE))) | (
        points >= ord(_SECOND_PLANE)
    )


def _following(values: np.ndarray, shift: int) -> np.ndarray:
    """The values `shift` positions further on, zero beyond the last."""
    following = np.zeros_like(values)
    following[: len(values) - shift] = values[shift:]
    return following
