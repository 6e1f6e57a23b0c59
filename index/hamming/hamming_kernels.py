"""The compiled loops of the Hamming join; importing this file needs numba (extra `fast`)."""

from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

import numpy as np
from numba import njit
from numba.extending import intrinsic

from frametrace.index.hamming.pigeonhole import Rule

__all__ = [
    "Bucketed",
    "Found",
    "Reach",
    "bucket",
    "compare",
    "compiled",
    "count",
    "histograms",
    "popcount",
    "weigh",
]

Function = TypeVar("Function", bound=Callable[..., Any])


class Bucketed(NamedTuple):
    """One side of a comparison: n codes of w words, ordered by the value of one of their chunks.

    `starts` is (values + 1,) int64; bucket v holds places `starts[v]` to `starts[v + 1]`. At each
    place, `words` (n,) uint64 has the word that holds the chunk, `rows` (n,) uint32 the code's row
    in `codes`, (m, w) uint64. `labels` (m,) int32 are the clumps of the codes; or it is empty.
    """

    starts: np.ndarray
    words: np.ndarray
    rows: np.ndarray
    codes: np.ndarray
    labels: np.ndarray


class Reach(NamedTuple):
    """Which buckets are compared: those of values that differ by one of `differences` (d,) int64.

    Two buckets are left out where that takes more than `most` comparisons. With `same`, both sides
    are one, and each pair is looked at once.
    """

    differences: np.ndarray
    most: int
    same: bool


class Found(NamedTuple):
    """Room for pairs: rows of either side, uint32, and the distance, int32."""

    a: np.ndarray
    b: np.ndarray
    distance: np.ndarray


def compiled(function: Function) -> Function:
    """Compile, and keep the machine code beside the file or in the user's cache if that can be."""
    try:
        made: Function = njit(nogil=True, cache=True)(function)
    except RuntimeError:  # no folder can be written
        made = njit(nogil=True)(function)
    return made


def _count_bits(_: Any, word: Any) -> Any:
    return word(word), lambda context, builder, signature, arguments: builder.ctpop(arguments[0])


popcount = intrinsic(_count_bits)  # how many bits of a word are set: one instruction, many at once


@compiled
def histograms(codes: np.ndarray, counts: np.ndarray) -> None:
    """Count the values of every chunk of (n, w) codes: (chunks, values), 4 chunks a word."""
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
def count(words: np.ndarray, shift: int, counts: np.ndarray) -> None:
    """Count the values of the chunk at `shift` bits of each word; `counts` is as long as values."""
    mask = np.uint64(len(counts) - 1)
    for i in range(len(words)):
        counts[(words[i] >> np.uint64(shift)) & mask] += 1


@compiled
def bucket(words: np.ndarray, shift: int, first: int, ends: np.ndarray, side: Bucketed) -> None:
    """Put words, which start at row `first`, where `ends` has room for their values."""
    mask = np.uint64(len(ends) - 1)
    for i in range(len(words)):
        value = (words[i] >> np.uint64(shift)) & mask
        at = ends[value]
        ends[value] = at + 1
        side.words[at] = words[i]
        side.rows[at] = np.uint32(first + i)


@compiled
def _near(word: int, words: np.ndarray, limit: int) -> Any:
    """How many words differ from one in at most `limit` bits; compiled to vectors."""
    near: Any = 0
    for k in range(len(words)):
        near += np.int64(popcount(word ^ words[k])) <= limit
    return near


@compiled
def _may_belong(different: int, limit: int, masks: np.ndarray, limits: np.ndarray) -> bool:
    """Whether the differing bits of the chunk's word break no test."""
    if np.int64(popcount(different)) > limit:
        return False
    for test in range(len(limits)):
        if np.int64(popcount(different & masks[test])) <= limits[test]:
            return False
    return True


@compiled
def _distance(  # noqa: PLR0913, PLR0917  an array taken out of a tuple is counted anew for every pair
    a: np.ndarray,
    x: int,
    b: np.ndarray,
    y: int,
    masks: np.ndarray,
    limits: np.ndarray,
    within: np.ndarray,
) -> Any:
    """How many bits code x of A and code y of B differ in, or -1 where a test fails."""
    bits: Any = 0
    for test in range(len(limits)):
        bits = 0
        for k in range(a.shape[1]):
            bits += np.int64(popcount((a[x, k] ^ b[y, k]) & masks[test, k]))
        if (bits <= limits[test]) != within[test]:
            return -1
    return bits


@compiled
def weigh(a: np.ndarray, b: np.ndarray, reach: Reach, work: np.ndarray) -> list[tuple[int, int]]:
    """How many comparisons each bucket takes, from where the buckets of either side start.

    Fills `work` and returns the pairs of buckets that are left out, being too many.
    """
    left_out = []
    for v in range(len(work)):
        size = a[v + 1] - a[v]
        for difference in reach.differences:
            w = v ^ difference
            pairs = size * (b[w + 1] - b[w])
            if reach.same and w < v:
                continue
            if pairs > reach.most:
                left_out.append((v, w))
            else:
                work[v] += pairs
    return left_out


@compiled
def compare(
    a: Bucketed, b: Bucketed, reach: Reach, rule: Rule, at: np.ndarray, found: Found
) -> int:
    """Compare the buckets of A with those of B that are in reach; keep the pairs of the rule.

    `at` is where to begin and, afterwards, to go on: bucket, difference, code of A, code of B, and
    the bucket to end before. Returns how many pairs were found: it stops early where there is no
    room for more.
    """
    differences, most, same = reach
    masks, limits, within, limit, left_masks, left_limits = rule
    a_starts, a_words, a_rows, a_codes, labels = a
    b_starts, b_words, b_rows, b_codes, _ = b
    v, m, i, j, last = at[0], at[1], at[2], at[3], at[4]
    n = 0
    while v < last:
        start, size = a_starts[v], a_starts[v + 1] - a_starts[v]
        while size > 0 and m < len(differences):
            w = v ^ differences[m]
            words, rows = (
                b_words[b_starts[w] : b_starts[w + 1]],
                b_rows[b_starts[w] : b_starts[w + 1]],
            )
            own = same and w == v  # then a code meets itself, and only the later ones count
            while (not same or w >= v) and 0 < size * len(words) <= most and i < size:
                word, x = a_words[start + i], a_rows[start + i]
                if _near(word, words, limit) > own:
                    for k in range(max(j, (i + 1) * own), len(words)):
                        y = rows[k]
                        if not _may_belong(word ^ words[k], limit, left_masks, left_limits):
                            continue
                        if len(labels) > 0 and labels[x] > 0 and labels[x] == labels[y]:
                            continue  # pairs of one clump are listed elsewhere
                        bits = _distance(a_codes, x, b_codes, y, masks, limits, within)
                        if bits < 0:
                            continue
                        if n == len(found.a):
                            at[0], at[1], at[2], at[3] = v, m, i, k
                            return n
                        found.a[n], found.b[n], found.distance[n] = x, y, bits
                        n += 1
                i, j = i + 1, 0
            m, i = m + 1, 0
        v, m = v + 1, 0
    at[0] = v
    return n
