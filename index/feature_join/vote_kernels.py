"""The compiled loops that make votes and score pairs by them. Importing this file needs numba.

Each gives exactly what its plain counterpart gives: `make_votes` and `score_pairs`. Arguments are
plain tuples, not named ones: machine code is cached by the types it was compiled for.
"""

from typing import Any

import numpy as np

from frametrace.index.feature_join.feature_votes import COMMONNESS_BITS, PAIR_SHIFT, RANGE_BITS
from frametrace.index.feature_join.lsh_keys import PICTURE_BITS, PICTURE_SHIFT, SLOT_BITS
from frametrace.index.numba_compile import compiled

__all__ = ["pack_votes", "tally_votes"]

# The bits of votes and of owners: see `feature_votes` and `lsh_keys`.
_PAIR_SHIFT, _SLOTS_SHIFT = np.uint64(PAIR_SHIFT), np.uint64(COMMONNESS_BITS)
_PICTURE_BITS, _SLOT_BITS = np.uint64(PICTURE_BITS), np.uint64(SLOT_BITS)
_PICTURE_SHIFT, _RANGE_SHIFT = np.uint64(PICTURE_SHIFT), np.uint64(PICTURE_SHIFT + RANGE_BITS)
_RANGE_MASK, _SLOT_MASK = np.uint64((1 << RANGE_BITS) - 1), (1 << SLOT_BITS) - 1

Arrays = tuple[np.ndarray, np.ndarray, np.ndarray]
BoundValues = tuple[int, float, float, float, float, int]  # those of `ConsistencyBounds`


@compiled
def pack_votes(  # noqa: PLR0913, PLR0917
    owners: np.ndarray,
    first: np.ndarray,
    second: np.ndarray,
    bucket_size: np.ndarray,
    counts: np.ndarray,
    commonness: np.ndarray,
    votes: np.ndarray,
    ranges: np.ndarray,
) -> None:
    """Write the votes of pairs and the ranges of their pictures a; see `make_votes`."""
    slot, one, limit = np.uint64(_SLOT_MASK), np.uint64(1), len(commonness) - 1
    for i in range(len(first)):
        x, y = first[i], second[i]
        count = max(np.int64(counts[x]), np.int64(counts[y]), np.int64(bucket_size[i]))
        a, b = np.uint64(min(owners[x], owners[y])), np.uint64(max(owners[x], owners[y]))
        ranges[i] = a >> _RANGE_SHIFT
        vote = (a >> _PICTURE_SHIFT & _RANGE_MASK) << _PICTURE_BITS | b >> _PICTURE_SHIFT
        vote = vote << one | (a ^ b) & one
        vote = (vote << _SLOT_BITS | a >> one & slot) << _SLOT_BITS | b >> one & slot
        common = np.uint64(commonness[limit if count > limit else count])
        votes[i] = vote << _SLOTS_SHIFT | common


@compiled
def tally_votes(  # noqa: PLR0913, PLR0917
    votes: np.ndarray,
    first: int,
    positions: Arrays,
    weights: np.ndarray,
    tables: Arrays,
    bounds: BoundValues,
    min_score: int,
) -> Arrays:
    """Pairs of pictures as in votes, agreeing votes, scores in 16ths; see `score_pairs`."""
    lines = np.empty((6, bounds[5]), np.float64)
    steps = np.empty((3, bounds[5]), np.int64)
    room = max(len(votes) // 64, 1024)
    pairs = np.empty(room, np.uint64)
    counts, scores = np.empty(room, np.int64), np.empty(room, np.int64)
    written, begin = 0, 0
    while begin < len(votes):
        pair = votes[begin] >> _PAIR_SHIFT
        end = begin + 1
        while end < len(votes) and votes[end] >> _PAIR_SHIFT == pair:
            end += 1
        if end - begin > 1:
            n = _read_votes(votes[begin:end], first, positions, weights, tables, lines, steps)
            count, score = _best_vote(lines, steps, n, tables, bounds)
            if count > 1 and score >= min_score:
                if written == len(pairs):
                    pairs = np.concatenate((pairs, np.empty_like(pairs)))
                    counts = np.concatenate((counts, np.empty_like(counts)))
                    scores = np.concatenate((scores, np.empty_like(scores)))
                pairs[written], counts[written], scores[written] = pair, count, score
                written += 1
        begin = end
    return pairs[:written], counts[:written], scores[:written]


@compiled
def _read_votes(  # noqa: PLR0913, PLR0917
    votes: np.ndarray,
    first: int,
    positions: Arrays,
    weights: np.ndarray,
    tables: Arrays,
    lines: np.ndarray,
    steps: np.ndarray,
) -> Any:
    """Write the transforms that the votes of a pair imply; return how many votes count.

    `lines` are the positions in a and in b, the cosine and sine of the rotation; `steps` are scale,
    slot of a, weight.
    """
    starts, widths, packed = positions
    low, slot = np.int64(255), np.int64(_SLOT_MASK)
    number = np.int64(votes[0] >> _PAIR_SHIFT)
    mirrored, b = number & 1, (number >> 1) & ((1 << PICTURE_BITS) - 1)
    a = first + (number >> (PICTURE_BITS + 1))
    n = 0
    for at in range(len(votes)):
        if n == lines.shape[1]:
            break
        if at + 1 < len(votes) and votes[at + 1] >> _SLOTS_SHIFT == votes[at] >> _SLOTS_SHIFT:
            continue  # the last vote of a pair of features is the most common one
        slots = np.int64(votes[at] >> _SLOTS_SHIFT)
        at_a = np.int64(packed[starts[a] + ((slots >> SLOT_BITS) & slot)])
        at_b = np.int64(packed[starts[b] + (slots & slot)])
        x, angle = np.float64(at_a >> 24), at_a
        if mirrored:
            x, angle = widths[a] - x, 128 - at_a
        rotation = (at_b - angle) & low
        lines[0, n], lines[1, n] = x, (at_a >> 16) & low
        lines[2, n], lines[3, n] = at_b >> 24, (at_b >> 16) & low
        lines[4, n], lines[5, n] = tables[0][rotation], tables[1][rotation]
        steps[0, n] = ((at_b >> 8) & low) - ((at_a >> 8) & low)
        steps[1, n] = (slots >> SLOT_BITS) & slot
        steps[2, n] = weights[votes[at] & np.uint64((1 << COMMONNESS_BITS) - 1)]
        n += 1
    return n


@compiled
def _best_vote(
    lines: np.ndarray,
    steps: np.ndarray,
    n: int,
    tables: Arrays,
    bounds: BoundValues,
) -> Any:
    """The number and weight of the votes that agree with the best of n votes, itself included."""
    scale_steps, cosine, max_offset, offset_share, min_distance, _ = bounds
    factors = tables[2]
    xa, ya, xb, yb, re, im = lines[0], lines[1], lines[2], lines[3], lines[4], lines[5]
    scales, slots, weight = steps[0], steps[1], steps[2]
    best, best_count = np.int64(0), np.int64(0)
    for p in range(n):
        factor = factors[scales[p] + 255]
        total, count, last = weight[p], np.int64(1), np.int64(-1)
        for q in range(n):
            if q == p or slots[q] == last or abs(scales[q] - scales[p]) >= scale_steps:
                continue
            if re[p] * re[q] + im[p] * im[q] < cosine:
                continue
            dx, dy, ex, ey = xa[q] - xa[p], ya[q] - ya[p], xb[q] - xb[p], yb[q] - yb[p]
            distance = ex * ex + ey * ey
            if dx * dx + dy * dy < min_distance or distance < min_distance:
                continue
            ux = factor * (re[p] * dx - im[p] * dy) - ex
            uy = factor * (im[p] * dx + re[p] * dy) - ey
            limit = max_offset + offset_share * np.sqrt(distance)
            if ux * ux + uy * uy < limit * limit:
                total += weight[q]
                count += 1
                last = slots[q]
        if total > best:
            best, best_count = total, count
    return best_count, best
