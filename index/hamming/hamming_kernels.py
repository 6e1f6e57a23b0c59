"""The compiled loops of the Hamming join. Importing this file needs numba (extra `fast`)."""

from typing import Any, NamedTuple

import numpy as np

from frametrace.index.hamming.pigeonhole import PairTests
from frametrace.index.numba_compile import compiled, popcount_intrinsic

__all__ = [
    "BucketNeighbors",
    "BucketedCodes",
    "PairBuffer",
    "compare_buckets",
    "count_comparisons",
    "count_values",
    "fill_buckets",
    "fill_histograms",
]

popcount = popcount_intrinsic()


class BucketedCodes(NamedTuple):
    """One side of a comparison: n codes of w words, ordered by the value of one of their chunks.

    `starts` is (values + 1,) int64; bucket v holds positions `starts[v]` to `starts[v + 1]`. At
    each position, `words` (n,) uint64 has the word that contains the chunk, and `rows` (n,) uint32
    the code's row in `codes`, (m, w) uint64. `labels` (m,) int32 are the dense blocks of the codes,
    or empty.
    """

    starts: np.ndarray
    words: np.ndarray
    rows: np.ndarray
    codes: np.ndarray
    labels: np.ndarray


class BucketNeighbors(NamedTuple):
    """Which buckets are compared: those whose values differ by one of `xor_masks`, (d,) int64.

    Two buckets that need more than `max_comparisons` are skipped. With `same`, both sides are the
    same codes, and each pair is compared once.
    """

    xor_masks: np.ndarray
    max_comparisons: int
    same: bool


class PairBuffer(NamedTuple):
    """Arrays to write pairs to: the row on each side, uint32, and the distance in bits, int32."""

    a: np.ndarray
    b: np.ndarray
    distance: np.ndarray


@compiled
def fill_histograms(codes: np.ndarray, counts: np.ndarray) -> None:
    """Add the values of every chunk of (n, w) codes to (chunks, values) counts."""
    shift, mask = np.uint64(64 * codes.shape[1] // len(counts)), np.uint64(counts.shape[1] - 1)
    for i in range(len(codes)):
        chunk = 0
        for k in range(codes.shape[1]):
            word = codes[i, k]
            for _ in range(len(counts) // codes.shape[1]):
                counts[chunk, word & mask] += 1
                word >>= shift
                chunk += 1


@compiled
def count_values(words: np.ndarray, shift: int, counts: np.ndarray) -> None:
    """Add the values of the chunk at bit `shift` of each word to (values,) counts."""
    mask = np.uint64(len(counts) - 1)
    for i in range(len(words)):
        counts[(words[i] >> np.uint64(shift)) & mask] += 1


@compiled
def fill_buckets(
    words: np.ndarray, shift: int, first: int, ends: np.ndarray, side: BucketedCodes
) -> None:
    """Write words, the first of them of row `first`, to their buckets.

    `ends` (values,) is the next free position of each bucket, and is advanced.
    """
    mask = np.uint64(len(ends) - 1)
    for i in range(len(words)):
        value = (words[i] >> np.uint64(shift)) & mask
        at = ends[value]
        ends[value] = at + 1
        side.words[at] = words[i]
        side.rows[at] = np.uint32(first + i)


@compiled
def _count_near(word: int, words: np.ndarray, limit: int) -> Any:
    """How many words differ from `word` in at most `limit` bits; compiled to vectors."""
    near: Any = 0
    for k in range(len(words)):
        near += np.int64(popcount(word ^ words[k])) <= limit
    return near


@compiled
def _passes_word_tests(different: int, limit: int, masks: np.ndarray, limits: np.ndarray) -> bool:
    """Whether a pair passes the tests that need only the differing bits of the chunk's word."""
    if np.int64(popcount(different)) > limit:
        return False
    for test in range(len(limits)):
        if np.int64(popcount(different & masks[test])) <= limits[test]:
            return False
    return True


@compiled
def _distance(  # noqa: PLR0913, PLR0917  unpacking a tuple of arrays costs time for every pair
    a: np.ndarray,
    x: int,
    b: np.ndarray,
    y: int,
    masks: np.ndarray,
    limits: np.ndarray,
    within: np.ndarray,
) -> Any:
    """The bits in which code x of A and code y of B differ, or -1 if a test fails."""
    bits: Any = 0
    for test in range(len(limits)):
        bits = 0
        for k in range(a.shape[1]):
            bits += np.int64(popcount((a[x, k] ^ b[y, k]) & masks[test, k]))
        if (bits <= limits[test]) != within[test]:
            return -1
    return bits


@compiled
def count_comparisons(
    a: np.ndarray, b: np.ndarray, neighbors: BucketNeighbors, work: np.ndarray
) -> list[tuple[int, int]]:
    """Count the comparisons that each bucket needs, from the bucket starts of both sides.

    Fills `work` and returns the pairs of buckets that are skipped: those with too many.
    """
    skipped = []
    for v in range(len(work)):
        size = a[v + 1] - a[v]
        for xor_mask in neighbors.xor_masks:
            w = v ^ xor_mask
            pairs = size * (b[w + 1] - b[w])
            if neighbors.same and w < v:
                continue
            if pairs > neighbors.max_comparisons:
                skipped.append((v, w))
            else:
                work[v] += pairs
    return skipped


@compiled
def compare_buckets(
    a: BucketedCodes,
    b: BucketedCodes,
    neighbors: BucketNeighbors,
    tests: PairTests,
    cursor: np.ndarray,
    pairs: PairBuffer,
) -> int:
    """Compare the buckets of A with their neighbors of B; write the pairs that pass the tests.

    `cursor` (5,) int64 is where to start and, on return, where to continue: bucket, XOR mask,
    code of A, code of B, and the bucket to stop before. Returns the number of pairs written; stops
    early when `pairs` is full.
    """
    xor_masks, max_comparisons, same = neighbors
    masks, limits, within, limit, left_masks, left_limits = tests
    a_starts, a_words, a_rows, a_codes, labels = a
    b_starts, b_words, b_rows, b_codes, _ = b
    v, m, i, j, last = cursor[0], cursor[1], cursor[2], cursor[3], cursor[4]
    n = 0
    while v < last:
        start, size = a_starts[v], a_starts[v + 1] - a_starts[v]
        while size > 0 and m < len(xor_masks):
            w = v ^ xor_masks[m]
            words, rows = (
                b_words[b_starts[w] : b_starts[w + 1]],
                b_rows[b_starts[w] : b_starts[w + 1]],
            )
            own = same and w == v  # a code meets itself here, and only later codes count
            while (not same or w >= v) and 0 < size * len(words) <= max_comparisons and i < size:
                word, x = a_words[start + i], a_rows[start + i]
                if _count_near(word, words, limit) > own:
                    for k in range(max(j, (i + 1) * own), len(words)):
                        y = rows[k]
                        if not _passes_word_tests(word ^ words[k], limit, left_masks, left_limits):
                            continue
                        if len(labels) > 0 and labels[x] > 0 and labels[x] == labels[y]:
                            continue  # pairs within a dense block are listed elsewhere
                        bits = _distance(a_codes, x, b_codes, y, masks, limits, within)
                        if bits < 0:
                            continue
                        if n == len(pairs.a):
                            cursor[0], cursor[1], cursor[2], cursor[3] = v, m, i, k
                            return n
                        pairs.a[n], pairs.b[n], pairs.distance[n] = x, y, bits
                        n += 1
                i, j = i + 1, 0
            m, i = m + 1, 0
        v, m = v + 1, 0
    cursor[0] = v
    return n
