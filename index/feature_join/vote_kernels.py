"""The compiled loops that make votes and tally them; importing this file needs numba.

Each gives exactly what its plain counterpart gives: `votes.votes_of` and `tally.scored`. Tuples are
passed as plain ones: the code is kept by the types it was compiled for.
"""

from typing import Any

import numpy as np

from frametrace.index.hamming.hamming_kernels import compiled

__all__ = ["pack_votes", "tally_votes"]

_PAIR, _COMMON = np.uint64(23), np.uint64(5)  # bits of a vote below its pair, and below its slots

Arrays = tuple[np.ndarray, np.ndarray, np.ndarray]
Bounds = tuple[int, float, float, float, float, int]


@compiled
def pack_votes(  # noqa: PLR0913, PLR0917
    owners: np.ndarray,
    first: np.ndarray,
    second: np.ndarray,
    crowd: np.ndarray,
    counts: np.ndarray,
    common: np.ndarray,
    votes: np.ndarray,
    ranges: np.ndarray,
) -> None:
    """Write the votes of pairs and the ranges of their pictures a; see `votes.votes_of`."""
    slot, one, limit = np.uint64(511), np.uint64(1), len(common) - 1
    for i in range(len(first)):
        x, y = first[i], second[i]
        count = max(np.int64(counts[x]), np.int64(counts[y]), np.int64(crowd[i]))
        a, b = np.uint64(min(owners[x], owners[y])), np.uint64(max(owners[x], owners[y]))
        ranges[i] = a >> np.uint64(24)
        vote = ((a >> np.uint64(10)) & np.uint64(0x3FFF)) << np.uint64(22) | b >> np.uint64(10)
        vote = vote << one | (a ^ b) & one
        vote = (vote << np.uint64(9) | a >> one & slot) << np.uint64(9) | b >> one & slot
        votes[i] = vote << np.uint64(5) | np.uint64(common[limit if count > limit else count])


@compiled
def tally_votes(  # noqa: PLR0913, PLR0917
    votes: np.ndarray,
    first: int,
    places: Arrays,
    weights: np.ndarray,
    tables: Arrays,
    bounds: Bounds,
    least: int,
) -> Arrays:
    """Pairs of pictures as in votes, agreeing votes, scores in 16ths; see `tally.scored`."""
    lines = np.empty((6, bounds[5]), np.float64)
    steps = np.empty((3, bounds[5]), np.int64)
    room = max(len(votes) // 64, 1024)
    pairs = np.empty(room, np.uint64)
    counts, scores = np.empty(room, np.int64), np.empty(room, np.int64)
    made, begin = 0, 0
    while begin < len(votes):
        pair = votes[begin] >> _PAIR
        end = begin + 1
        while end < len(votes) and votes[end] >> _PAIR == pair:
            end += 1
        if end - begin > 1:
            n = _read(votes[begin:end], first, places, weights, tables, lines, steps)
            count, score = _best(lines, steps, n, tables, bounds)
            if count > 1 and score >= least:
                if made == len(pairs):
                    pairs = np.concatenate((pairs, np.empty_like(pairs)))
                    counts = np.concatenate((counts, np.empty_like(counts)))
                    scores = np.concatenate((scores, np.empty_like(scores)))
                pairs[made], counts[made], scores[made] = pair, count, score
                made += 1
        begin = end
    return pairs[:made], counts[:made], scores[:made]


@compiled
def _read(  # noqa: PLR0913, PLR0917
    votes: np.ndarray,
    first: int,
    places: Arrays,
    weights: np.ndarray,
    tables: Arrays,
    lines: np.ndarray,
    steps: np.ndarray,
) -> Any:
    """Write what the votes of a pair of pictures say, and return how many of them count.

    `lines` are places in a and in b, cosine and sine of the turn; `steps` scale, slot of a, weight.
    """
    starts, widths, packed = places
    low, slot = np.int64(255), np.int64(511)
    number = np.int64(votes[0] >> _PAIR)
    mirrored, b, a = number & 1, (number >> 1) & ((1 << 22) - 1), first + (number >> 23)
    n = 0
    for at in range(len(votes)):
        if n == lines.shape[1]:
            break
        if at + 1 < len(votes) and votes[at + 1] >> _COMMON == votes[at] >> _COMMON:
            continue  # the last of equal ones says most common
        slots = np.int64(votes[at] >> _COMMON)
        ours = np.int64(packed[starts[a] + ((slots >> 9) & slot)])
        theirs = np.int64(packed[starts[b] + (slots & slot)])
        x, angle = np.float64(ours >> 24), ours
        if mirrored:
            x, angle = widths[a] - x, 128 - ours
        turn = (theirs - angle) & low
        lines[0, n], lines[1, n] = x, (ours >> 16) & low
        lines[2, n], lines[3, n] = theirs >> 24, (theirs >> 16) & low
        lines[4, n], lines[5, n] = tables[0][turn], tables[1][turn]
        steps[0, n] = ((theirs >> 8) & low) - ((ours >> 8) & low)
        steps[1, n] = (slots >> 9) & slot
        steps[2, n] = weights[votes[at] & np.uint64(31)]
        n += 1
    return n


@compiled
def _best(
    lines: np.ndarray,
    steps: np.ndarray,
    n: int,
    tables: Arrays,
    bounds: Bounds,
) -> Any:
    """Of n votes, how many agree with the one whose agreeing votes weigh most, and what."""
    doublings, cosine, near, near_share, apart, _ = bounds
    factors = tables[2]
    xa, ya, xb, yb, re, im = lines[0], lines[1], lines[2], lines[3], lines[4], lines[5]
    scales, slots, weight = steps[0], steps[1], steps[2]
    best, best_count = np.int64(0), np.int64(0)
    for p in range(n):
        factor = factors[scales[p] + 255]
        total, count, last = weight[p], np.int64(1), np.int64(-1)
        for q in range(n):
            if q == p or slots[q] == last or abs(scales[q] - scales[p]) >= doublings:
                continue
            if re[p] * re[q] + im[p] * im[q] < cosine:
                continue
            dx, dy, ex, ey = xa[q] - xa[p], ya[q] - ya[p], xb[q] - xb[p], yb[q] - yb[p]
            far = ex * ex + ey * ey
            if dx * dx + dy * dy < apart or far < apart:
                continue
            ux = factor * (re[p] * dx - im[p] * dy) - ex
            uy = factor * (im[p] * dx + re[p] * dy) - ey
            limit = near + near_share * np.sqrt(far)
            if ux * ux + uy * uy < limit * limit:
                total += weight[q]
                count += 1
                last = slots[q]
        if total > best:
            best, best_count = total, count
    return best_count, best
