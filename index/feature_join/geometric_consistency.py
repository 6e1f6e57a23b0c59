"""Scores pairs of pictures by the geometric consistency of their votes (as a Hough transform does).

Each vote implies how one picture would have been scaled, rotated and moved to become the other. The
vote that agrees with most others, by their weights, gives the pair's score: the sum of their
weights and its own. Positions are in steps of `PIXELS_PER_STEP`, weights in 16ths of a bit, so that
sums are exact.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from frametrace.embed.signals.local import SIDE, Features
from frametrace.index.feature_join.feature_votes import COMMONNESS_BITS, PAIR_SHIFT, RANGE_BITS
from frametrace.index.feature_join.lsh_keys import MAX_FEATURES, PICTURE_BITS, SLOT_BITS

__all__ = [
    "BOUNDS",
    "MIN_SCORE",
    "PIXELS_PER_STEP",
    "Positions",
    "ScoredPairs",
    "pack_positions",
    "score_pairs",
]

PIXELS_PER_STEP = SIDE / 250  # votes that agree may be off by 8 pixels and more
_SCALE_STEPS, _ANGLE_STEPS = 16, 256 / 360  # per doubling, per degree: as the signal stores them
# Bits: 2 votes of features that hardly any other picture has. By chance, 8 of 1,000 pictures reach
# it with another of 100,000 synthetic ones, 18 of 100 photographs with another of 901: many have
# patterns in common. Of verified edits, 22 misses 1 of 3,923 pairs that 20 finds.
MIN_SCORE = 22.0
_BLOCK = 1 << 21  # pairs of votes in memory at a time
_PICTURE_MASK, _SLOT_MASK = (1 << PICTURE_BITS) - 1, (1 << SLOT_BITS) - 1  # see `feature_votes`


class TransformTables(NamedTuple):
    """Cosines and sines of 256 angles; factors of scales that differ by -255 to 255 steps."""

    cosines: np.ndarray
    sines: np.ndarray
    factors: np.ndarray


class ConsistencyBounds(NamedTuple):
    """How much two votes that agree may differ, and how many votes of a pair are compared.

    `scale_steps`: in scale. `cosine`: of the angle between their rotations. `max_offset`: the steps
    that a position may be off, and `offset_share` more for each step away. `min_distance`: squared
    steps between their features; closer ones carry no information about each other. `votes`: of a
    pair of pictures, those of the best features of a.
    """

    scale_steps: int
    cosine: float
    max_offset: float
    offset_share: float
    min_distance: float
    votes: int


BOUNDS = ConsistencyBounds(
    scale_steps=int(np.ceil(16 * 0.8)),  # 0.8 doublings
    cosine=float(np.cos(np.pi / 6)),
    max_offset=8 / PIXELS_PER_STEP,
    offset_share=0.12,
    min_distance=(3 / PIXELS_PER_STEP) ** 2,
    votes=64,
)


@dataclass(frozen=True, slots=True)
class Positions:
    """Where the features of n pictures are; 4 bytes each, enough to see whether votes agree.

    `starts` is (n + 1,) int64, `widths` (n,) float64 in steps, `packed` (m,) uint32. Feature `slot`
    of a picture is `packed[starts[picture] + slot]`: from the highest byte down x and y in steps of
    `PIXELS_PER_STEP`, scale in 16ths of a doubling, angle in 256ths of a turn.
    """

    starts: np.ndarray
    widths: np.ndarray
    packed: np.ndarray

    @classmethod
    def of(cls, pictures: np.ndarray, packed: np.ndarray) -> "Positions":
        """Of (n,) `PICTURE_DTYPE` rows and the packed positions of all their features."""
        starts = np.concatenate([[0], np.cumsum(pictures["features"], dtype=np.int64)])
        widths = np.rint((pictures["width"].astype(np.float64) - 1) / PIXELS_PER_STEP)
        return cls(starts, widths, packed)


def pack_positions(pictures: Sequence[Features]) -> np.ndarray:
    """The positions of the joined features, one picture after the other, (m,) uint32."""
    positions = np.concatenate([picture.positions[:MAX_FEATURES] for picture in pictures])
    scale = np.concatenate([picture.scale[:MAX_FEATURES] for picture in pictures])
    angle = np.concatenate([picture.angle[:MAX_FEATURES] for picture in pictures])
    x, y = (np.rint(side / PIXELS_PER_STEP).clip(0, 255).astype(np.uint32) for side in positions.T)
    steps = np.rint(np.log2(scale) * _SCALE_STEPS).clip(0, 255).astype(np.uint32)
    rotation = np.rint(angle * _ANGLE_STEPS).astype(np.uint32) % np.uint32(256)
    packed: np.ndarray = x << 24 | y << 16 | steps << 8 | rotation
    return packed


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
    votes: np.ndarray, first: int, positions: Positions, weights: np.ndarray, *, compiled: bool
) -> ScoredPairs:
    """The pairs of pictures whose agreeing votes have a score of `MIN_SCORE` or more.

    `votes` (n,) uint64 are sorted; their pictures a are numbered from `first`.
    """
    min_score = round(16 * MIN_SCORE)
    if compiled:
        from frametrace.index.feature_join import vote_kernels

        pairs, agreeing, score = vote_kernels.tally_votes(
            votes,
            first,
            (positions.starts, positions.widths, positions.packed),
            weights,
            (*_transform_tables(),),
            (*BOUNDS,),
            min_score,
        )
    else:
        pairs, agreeing, score = _tally_votes(votes, first, positions, weights, min_score)
    numbers = (pairs >> np.uint64(1)).astype(np.int64)
    return ScoredPairs(
        (first + (numbers >> PICTURE_BITS & ((1 << RANGE_BITS) - 1))).astype(np.int32),
        (numbers & _PICTURE_MASK).astype(np.int32),
        (pairs & np.uint64(1)).astype(bool),
        agreeing.astype(np.int16),
        (score / 16).astype(np.float32),
    )


@lru_cache(maxsize=1)
def _transform_tables() -> TransformTables:
    angles = np.arange(256) * (2 * np.pi / 256)
    return TransformTables(np.cos(angles), np.sin(angles), np.exp2(np.arange(-255, 256) / 16))


@dataclass(frozen=True, slots=True)
class _Transforms:
    """What n votes imply: pair of pictures, slot of a, positions, rotation, scale, weight."""

    pair: np.ndarray
    slot: np.ndarray
    xa: np.ndarray
    ya: np.ndarray
    xb: np.ndarray
    yb: np.ndarray
    rotation: np.ndarray
    scale: np.ndarray
    weight: np.ndarray


def _tally_votes(
    votes: np.ndarray, first: int, positions: Positions, weights: np.ndarray, min_score: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Pairs of pictures as in votes, agreeing votes, scores in 16ths, without compiled loops."""
    votes = _countable(votes)
    transforms = _implied_transforms(votes, first, positions, weights)
    starts, sizes = _runs(transforms.pair)
    agreeing, score = np.zeros(len(votes), np.int64), np.zeros(len(votes), np.int64)
    comparisons = np.cumsum(np.repeat(sizes, sizes))
    begin = 0
    while begin < len(votes):  # whole pairs of pictures, as many as fit
        done = comparisons[begin - 1] if begin else 0
        end = int(np.searchsorted(comparisons, done + _BLOCK, "right"))
        at = int(np.searchsorted(starts, max(end, begin + 1), "right"))
        end = int(starts[at]) if at < len(starts) else len(votes)
        block = slice(begin, end)
        agreeing[block], score[block] = _agreement(transforms, np.arange(begin, end), starts, sizes)
        begin = end
    best = np.lexsort((np.arange(len(votes)), -score, transforms.pair))[starts]
    chosen = best[(score[best] >= min_score) & (agreeing[best] > 1)]
    return transforms.pair[chosen], agreeing[chosen], score[chosen]


def _countable(votes: np.ndarray) -> np.ndarray:
    """One vote per pair of features, the most common one; the first votes of each pair of pictures.

    Pairs of pictures with a single vote are left out.
    """
    features = votes >> np.uint64(COMMONNESS_BITS)
    votes = votes[np.append(features[1:] != features[:-1], True)[: len(votes)]]
    starts, sizes = _runs(votes >> np.uint64(PAIR_SHIFT))
    rank = np.arange(len(votes)) - np.repeat(starts, sizes)
    countable: np.ndarray = votes[(rank < BOUNDS.votes) & (np.repeat(sizes, sizes) > 1)]
    return countable


def _runs(keys: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where runs of equal keys start, and how long they are."""
    starts = np.flatnonzero(np.append(True, keys[1:] != keys[:-1])[: len(keys)])
    return starts, np.diff(np.append(starts, len(keys)))


def _implied_transforms(
    votes: np.ndarray, first: int, positions: Positions, weights: np.ndarray
) -> _Transforms:
    pair = votes >> np.uint64(PAIR_SHIFT)
    number = pair.astype(np.int64)
    mirrored, b = number & 1, number >> 1 & _PICTURE_MASK
    a = first + (number >> PICTURE_BITS + 1)
    slots = (votes >> np.uint64(COMMONNESS_BITS)).astype(np.int64)
    slot_a, slot_b = slots >> SLOT_BITS & _SLOT_MASK, slots & _SLOT_MASK
    at_a = positions.packed[positions.starts[a] + slot_a].astype(np.int64)
    at_b = positions.packed[positions.starts[b] + slot_b].astype(np.int64)
    xa = (at_a >> 24).astype(np.float64)
    return _Transforms(
        pair,
        slot_a,
        np.where(mirrored == 1, positions.widths[a] - xa, xa),
        (at_a >> 16 & 255).astype(np.float64),
        (at_b >> 24).astype(np.float64),
        (at_b >> 16 & 255).astype(np.float64),
        at_b - np.where(mirrored == 1, 128 - at_a, at_a) & 255,
        (at_b >> 8 & 255) - (at_a >> 8 & 255),
        weights[(votes & np.uint64((1 << COMMONNESS_BITS) - 1)).astype(np.int64)],
    )


def _agreement(
    transforms: _Transforms, rows: np.ndarray, starts: np.ndarray, sizes: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """For each row, the number and weight of the votes of its pair that agree, itself included."""
    run = np.searchsorted(starts, rows, "right") - 1
    votes = sizes[run]
    p = np.repeat(rows, votes)
    within = np.arange(len(p)) - np.repeat(np.cumsum(votes) - votes, votes)
    q = within + np.repeat(starts[run], votes)
    agree = (p != q) & _agree(transforms, p, q)
    p, q = p[agree] - rows[0], q[agree]
    slot = transforms.slot[q]
    repeats = np.append(False, (p[1:] == p[:-1]) & (slot[1:] == slot[:-1]))[: len(p)]
    p, q = p[~repeats], q[~repeats]  # a feature of a counts once
    counts = 1 + np.bincount(p, minlength=len(rows))
    added = np.bincount(p, transforms.weight[q], minlength=len(rows)).astype(np.int64)
    return counts, transforms.weight[rows] + added


def _agree(votes: _Transforms, p: np.ndarray, q: np.ndarray) -> np.ndarray:
    """Whether the transforms of votes p map a to b at votes q: (n,) bool.

    The compiled loop computes the same, in the same order.
    """
    cosines, sines, factors = _transform_tables()
    bounds = BOUNDS
    re, im = cosines[votes.rotation], sines[votes.rotation]
    agree: np.ndarray = np.abs(votes.scale[q] - votes.scale[p]) < bounds.scale_steps
    agree &= re[p] * re[q] + im[p] * im[q] >= bounds.cosine
    dx, dy = votes.xa[q] - votes.xa[p], votes.ya[q] - votes.ya[p]
    ex, ey = votes.xb[q] - votes.xb[p], votes.yb[q] - votes.yb[p]
    distance = ex * ex + ey * ey
    agree &= (dx * dx + dy * dy >= bounds.min_distance) & (distance >= bounds.min_distance)
    factor = factors[votes.scale[p] + 255]
    ux = factor * (re[p] * dx - im[p] * dy) - ex
    uy = factor * (im[p] * dx + re[p] * dy) - ey
    max_offset = bounds.max_offset + bounds.offset_share * np.sqrt(distance)
    agree &= ux * ux + uy * uy < max_offset * max_offset
    return agree
