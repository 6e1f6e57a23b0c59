"""Votes for pictures, from local features that are near those of the picture that was asked for.

A vote weighs what it says: of N pictures, c features at that distance or less of the feature asked
for are log(1 + N / c). So lettering, logos and the chrome of an app, which occur everywhere, say
next to nothing, and a picture's own features say most at small distances: the rarity of a visual
word and Hamming embedding (Jégou, Douze and Schmid, ECCV 2008) in one, with no constant to choose.

Votes count together where they turn and scale alike (weak geometric consistency, same paper), in
bins of 45 degrees and of one doubling, whose borders are laid in four ways; a feature counts once
in a bin, so that what repeats inside a picture does not shout (Jégou, Douze and Schmid, CVPR 2009).
"""

from dataclasses import dataclass, replace

import numpy as np

__all__ = ["ANGLE_STEPS", "MAX_QUERY_FEATURES", "SCALE_STEPS", "FeatureHits", "count_votes"]

ANGLE_STEPS, SCALE_STEPS = 16, 16  # steps of a full turn; steps of half a doubling
MAX_QUERY_FEATURES = 512  # of the picture that is asked for

_DISTANCE, _FEATURE, _BIN = 7, 9, 9  # bits of each in a vote's number, which sorts like the vote
_TURN = 256  # steps of a full turn in which differences are counted
# Of a bin, as powers of 2: 32 steps are 45 degrees, and 16 one doubling. Shifted, not divided: that
# takes a twentieth of the time.
_WIDE_ANGLE, _WIDE_SCALE = 5, 4
_LIKELY = 4  # times as many pictures as are wanted: counted first, they say how many votes it takes
_ROUNDING = 1e-4  # of sums in float32


@dataclass(frozen=True, slots=True)
class FeatureHits:
    """h features that are near to features of the picture asked for.

    `feature` is (h,) int64, which one of the picture asked for; `picture` (h,) int64, whose feature
    was found; `distance` (h,) in bits; `turn` and `scale` (h,) int64: how it would be turned (in
    256ths) and scaled (in 16ths of a doubling). `within` is (f, d): how many features lie within
    each distance of each feature asked for.
    """

    feature: np.ndarray
    picture: np.ndarray
    distance: np.ndarray
    turn: np.ndarray
    scale: np.ndarray
    within: np.ndarray

    def where(self, kept: np.ndarray) -> "FeatureHits":
        """Some of them, (h,) bool."""
        return replace(
            self,
            feature=self.feature[kept],
            picture=self.picture[kept],
            distance=self.distance[kept],
            turn=self.turn[kept],
            scale=self.scale[kept],
        )


def count_votes(hits: FeatureHits, pictures: int, known: int, most: int) -> np.ndarray:
    """The votes for each of `pictures` pictures, (n,) float32; `known` of them can be found.

    Those of the `most` pictures with most votes are counted, ties included. Of others they may not
    be: 0 then.
    """
    weight = np.log1p(known / np.maximum(hits.within, 1)).astype(np.float32)
    lowest = int(hits.scale.min(initial=0))
    bound = _bound(hits, pictures, weight)
    wanted = bound > 0
    votes = np.zeros(pictures, np.float32)
    if np.count_nonzero(wanted) > _LIKELY * most:
        first = np.argpartition(-bound, _LIKELY * most)[: _LIKELY * most]
        likely = np.zeros(pictures, bool)
        likely[first] = True
        votes = _counted(hits.where(likely[hits.picture]), pictures, weight, lowest)
        least = np.partition(votes[first], -most)[-most]
        wanted = ~likely & (bound > least * (1 - _ROUNDING))
    others = _counted(hits.where(wanted[hits.picture]), pictures, weight, lowest)
    np.maximum(votes, others, out=votes)
    return votes


def _bound(hits: FeatureHits, pictures: int, weight: np.ndarray) -> np.ndarray:
    """What the votes of each picture are at most, (n,) float64: whatever scales, and bins of angles
    twice as wide, which hold all that are counted.
    """
    said = weight[hits.feature, hits.distance]
    bins = _TURN >> (_WIDE_ANGLE + 1)
    most = np.zeros(pictures)
    for shift in (0, 1 << _WIDE_ANGLE):
        angle = ((hits.turn + shift) & (_TURN - 1)) >> (_WIDE_ANGLE + 1)
        together = np.bincount(angle * pictures + hits.picture, said, bins * pictures)
        np.maximum(most, together.reshape(bins, pictures).max(axis=0), out=most)
    return most


def _counted(hits: FeatureHits, pictures: int, weight: np.ndarray, lowest: int) -> np.ndarray:
    votes = np.zeros(pictures, np.float32)
    for shift in (0, 1 << (_WIDE_ANGLE - 1)):
        angle = ((hits.turn + shift) & (_TURN - 1)) >> _WIDE_ANGLE
        for more in (0, 1 << (_WIDE_SCALE - 1)):
            scale = (hits.scale - lowest + more) >> _WIDE_SCALE
            _raise(votes, hits, (angle << (_BIN - 3)) + scale, weight)
    return votes


def _raise(votes: np.ndarray, hits: FeatureHits, bins: np.ndarray, weight: np.ndarray) -> None:
    """Give each picture the votes of its best bin, where they are more than it had."""
    numbers = (hits.picture << _BIN | bins) << _FEATURE | hits.feature
    numbers = np.sort(numbers << _DISTANCE | hits.distance)
    distance, numbers = numbers & ((1 << _DISTANCE) - 1), numbers >> _DISTANCE
    once = np.flatnonzero(_new(numbers))  # of a feature's votes in a bin the nearest
    distance, numbers = distance[once], numbers[once]
    said = weight[numbers & ((1 << _FEATURE) - 1), distance]
    bins = numbers >> _FEATURE
    first = np.flatnonzero(_new(bins))
    np.maximum.at(votes, bins[first] >> _BIN, np.add.reduceat(said, first) if len(first) else said)


def _new(numbers: np.ndarray) -> np.ndarray:
    """Where ascending numbers change, the first one included."""
    changes: np.ndarray = np.append(True, numbers[1:] != numbers[:-1])[: len(numbers)]
    return changes
