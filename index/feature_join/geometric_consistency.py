"""Votes of two pictures for each other count where they agree in scale, orientation and place.

Each vote says by itself how one picture would have been scaled, turned and moved. The one that most
others agree with, by their weights, gives the pair's score: the sum of theirs and its own. Places
are in steps of `places.PIXELS`, weights in 16ths of a bit, so that sums are exact.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from frametrace.index.feature_join.feature_votes import COMMONNESS_BITS, PAIR_SHIFT, RANGE_BITS
from frametrace.index.feature_join.positions import PIXELS_PER_STEP, Positions

__all__ = ["MIN_SCORE", "ScoredPairs", "score_pairs"]

# Bits: 2 votes of features that hardly another picture has. By chance 8 of 1,000 pictures reach it
# with another of 100,000 synthetic ones, 18 of 100 photographs with another of 901: many have
# patterns in common. Of verified edits, 22 misses 1 of 3,923 pairs that 20 finds.
MIN_SCORE = 22.0
_MAX_VOTES = 64  # of a pair that are looked at: those of the best features of a
_DOUBLINGS = 0.8  # by which two votes may differ in scale
_COSINE = float(np.cos(np.pi / 6))  # of the angle between their turns
_NEAR, _NEAR_SHARE = (
    8 / PIXELS_PER_STEP,
    0.12,
)  # steps that a place may be off, and more for each step away
_APART = (3 / PIXELS_PER_STEP) ** 2  # squared steps; nearer features say nothing of each other
_BLOCK = 1 << 21  # pairs of votes in memory at a time


class TransformTables(NamedTuple):
    """Cosines and sines of 256 angles, factors of scales that differ by -255 to 255 steps."""

    cosines: np.ndarray
    sines: np.ndarray
    factors: np.ndarray


class ConsistencyBounds(NamedTuple):
    """What two votes that agree may differ in; see the constants."""

    steps: int
    cosine: float
    near: float
    near_share: float
    apart: float
    votes: int


BOUNDS = ConsistencyBounds(
    int(np.ceil(16 * _DOUBLINGS)), _COSINE, _NEAR, _NEAR_SHARE, _APART, _MAX_VOTES
)


@dataclass(frozen=True, slots=True)
class ScoredPairs:
    """n pairs of pictures: `a`, `b` (n,) int32, `mirrored` bool, `votes` int16, `score` float32.

    In ascending order of (a, b, mirrored).
    """

    a: np.ndarray
    b: np.ndarray
    mirrored: np.ndarray
    votes: np.ndarray
    score: np.ndarray

    def __len__(self) -> int:
        return len(self.a)


def score_pairs(
    votes: np.ndarray, first: int, places: Positions, weights: np.ndarray, *, compiled: bool
) -> ScoredPairs:
    """The pairs of pictures whose agreeing votes have a score of `MIN_SCORE` or more.

    `votes` (n,) uint64 are sorted, of pictures a numbered from `first` on.
    """
    least = round(16 * MIN_SCORE)
    if compiled:
        from frametrace.index.feature_join import vote_kernels

        pairs, agreeing, score = vote_kernels.tally_votes(
            votes,
            first,
            (places.starts, places.widths, places.packed),
            weights,
            (*_tables(),),
            (*BOUNDS,),
            least,
        )
    else:
        pairs, agreeing, score = _tally(votes, first, places, weights, least)
    numbers = (pairs >> np.uint64(1)).astype(np.int64)
    return ScoredPairs(
        (first + (numbers >> 22 & ((1 << RANGE_BITS) - 1))).astype(np.int32),
        (numbers & ((1 << 22) - 1)).astype(np.int32),
        (pairs & np.uint64(1)).astype(bool),
        agreeing.astype(np.int16),
        (score / 16).astype(np.float32),
    )


@lru_cache(maxsize=1)
def _tables() -> TransformTables:
    angles = np.arange(256) * (2 * np.pi / 256)
    return TransformTables(np.cos(angles), np.sin(angles), np.exp2(np.arange(-255, 256) / 16))


@dataclass(frozen=True, slots=True)
class _Moves:
    """What n votes say: their pairs of pictures, slots of a, places, turns, scales, weights."""

    pair: np.ndarray
    slot: np.ndarray
    xa: np.ndarray
    ya: np.ndarray
    xb: np.ndarray
    yb: np.ndarray
    turn: np.ndarray
    scale: np.ndarray
    weight: np.ndarray


def _tally(
    votes: np.ndarray, first: int, places: Positions, weights: np.ndarray, least: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Plainly: pairs of pictures as in votes, agreeing votes, scores in 16ths."""
    votes = _countable(votes)
    moves = _moves(votes, first, places, weights)
    starts, sizes = _runs(moves.pair)
    agreeing, score = np.zeros(len(votes), np.int64), np.zeros(len(votes), np.int64)
    work = np.cumsum(np.repeat(sizes, sizes))
    begin = 0
    while begin < len(votes):  # whole pairs of pictures, as many as fit
        done = work[begin - 1] if begin else 0
        end = int(np.searchsorted(work, done + _BLOCK, "right"))
        at = int(np.searchsorted(starts, max(end, begin + 1), "right"))
        end = int(starts[at]) if at < len(starts) else len(votes)
        part = slice(begin, end)
        agreeing[part], score[part] = _agreement(moves, np.arange(begin, end), starts, sizes)
        begin = end
    best = np.lexsort((np.arange(len(votes)), -score, moves.pair))[starts]
    kept = best[(score[best] >= least) & (agreeing[best] > 1)]
    return moves.pair[kept], agreeing[kept], score[kept]


def _countable(votes: np.ndarray) -> np.ndarray:
    """Of a pair of features the vote that says most common, of a pair of pictures the first ones.

    A pair of pictures with one vote is left out.
    """
    features = votes >> np.uint64(COMMONNESS_BITS)
    votes = votes[np.append(features[1:] != features[:-1], True)[: len(votes)]]
    starts, sizes = _runs(votes >> np.uint64(PAIR_SHIFT))
    place = np.arange(len(votes)) - np.repeat(starts, sizes)
    kept: np.ndarray = votes[(place < BOUNDS.votes) & (np.repeat(sizes, sizes) > 1)]
    return kept


def _runs(keys: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where runs of equal keys start, and how long they are."""
    starts = np.flatnonzero(np.append(True, keys[1:] != keys[:-1])[: len(keys)])
    return starts, np.diff(np.append(starts, len(keys)))


def _moves(votes: np.ndarray, first: int, places: Positions, weights: np.ndarray) -> _Moves:
    pair = votes >> np.uint64(PAIR_SHIFT)
    number = pair.astype(np.int64)
    mirrored, b, a = number & 1, number >> 1 & ((1 << 22) - 1), first + (number >> 23)
    slots = (votes >> np.uint64(COMMONNESS_BITS)).astype(np.int64)
    slot_a, slot_b = slots >> 9 & 511, slots & 511
    at_a = places.packed[places.starts[a] + slot_a].astype(np.int64)
    at_b = places.packed[places.starts[b] + slot_b].astype(np.int64)
    xa = (at_a >> 24).astype(np.float64)
    return _Moves(
        pair,
        slot_a,
        np.where(mirrored == 1, places.widths[a] - xa, xa),
        (at_a >> 16 & 255).astype(np.float64),
        (at_b >> 24).astype(np.float64),
        (at_b >> 16 & 255).astype(np.float64),
        at_b - np.where(mirrored == 1, 128 - at_a, at_a) & 255,
        (at_b >> 8 & 255) - (at_a >> 8 & 255),
        weights[(votes & np.uint64((1 << COMMONNESS_BITS) - 1)).astype(np.int64)],
    )


def _agreement(
    moves: _Moves, rows: np.ndarray, starts: np.ndarray, sizes: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """How many votes of the same pair of pictures agree with each, itself included, and weigh."""
    run = np.searchsorted(starts, rows, "right") - 1
    many = sizes[run]
    p = np.repeat(rows, many)
    q = np.arange(len(p)) - np.repeat(np.cumsum(many) - many, many) + np.repeat(starts[run], many)
    kept = (p != q) & _agree(moves, p, q)
    p, q = p[kept] - rows[0], q[kept]
    same = np.append(False, (p[1:] == p[:-1]) & (moves.slot[q][1:] == moves.slot[q][:-1]))
    p, q = p[~same[: len(p)]], q[~same[: len(p)]]  # a feature of a counts once
    counts = 1 + np.bincount(p, minlength=len(rows))
    added = np.bincount(p, moves.weight[q], minlength=len(rows)).astype(np.int64)
    return counts, moves.weight[rows] + added


def _agree(moves: _Moves, p: np.ndarray, q: np.ndarray) -> np.ndarray:
    """Whether votes q lie where votes p say: (n,) bool. The compiled loop takes the same steps."""
    cosines, sines, factors = _tables()
    bounds = BOUNDS
    re, im = cosines[moves.turn], sines[moves.turn]
    agree: np.ndarray = np.abs(moves.scale[q] - moves.scale[p]) < bounds.steps
    agree &= re[p] * re[q] + im[p] * im[q] >= bounds.cosine
    dx, dy = moves.xa[q] - moves.xa[p], moves.ya[q] - moves.ya[p]
    ex, ey = moves.xb[q] - moves.xb[p], moves.yb[q] - moves.yb[p]
    apart = ex * ex + ey * ey
    agree &= (dx * dx + dy * dy >= bounds.apart) & (apart >= bounds.apart)
    factor = factors[moves.scale[p] + 255]
    ux = factor * (re[p] * dx - im[p] * dy) - ex
    uy = factor * (im[p] * dx + re[p] * dy) - ey
    near = bounds.near + bounds.near_share * np.sqrt(apart)
    agree &= ux * ux + uy * uy < near * near
    return agree
