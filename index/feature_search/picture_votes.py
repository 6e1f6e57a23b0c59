"""Counts the votes for pictures from local features that are near those of a query picture.

A vote weighs as much as its information: if c features of N pictures are at its distance or less
from the query's feature, log(1 + N / c). So text, logos and app chrome, which occur everywhere,
count for next to nothing, and a picture's own features count most at small distances: the IDF of a
visual word and Hamming embedding (Jégou, Douze and Schmid, ECCV 2008) in one, without a constant to
choose.

Votes count together if they rotate and scale alike (weak geometric consistency, same paper), in
bins of 45 degrees and of one doubling, with bin borders laid in four ways; a feature counts once in
a bin, so that repetition inside a picture doesn't inflate its votes (burstiness: Jégou, Douze and
Schmid, CVPR 2009).
"""

from dataclasses import dataclass, replace

import numpy as np

__all__ = ["ANGLE_STEPS", "MAX_QUERY_FEATURES", "SCALE_STEPS", "FeatureHits", "count_votes"]

ANGLE_STEPS, SCALE_STEPS = 16, 16  # steps of a full turn; steps of half a doubling
MAX_QUERY_FEATURES = 512  # of the query picture

# A vote is packed into one number that sorts as (picture, bin, feature, distance): bits of each.
_DISTANCE_BITS, _FEATURE_BITS, _BIN_BITS = 7, 9, 9
_FULL_TURN = 256  # steps in which differences of angles are counted
# Width of a bin, as powers of 2: 32 steps are 45 degrees, and 16 one doubling. Shifting takes a
# twentieth of the time of dividing.
_ANGLE_BIN_SHIFT, _SCALE_BIN_SHIFT = 5, 4
_LIKELY_FACTOR = 4  # times the wanted pictures: counted first, to bound the votes that are needed
_ROUNDING = 1e-4  # of sums in float32


@dataclass(frozen=True, slots=True)
class FeatureHits:
    """h features that are near features of the query picture.

    `feature` is (h,) int64, the query's feature; `picture` (h,) int64, whose feature was hit;
    `distance` (h,) in bits; `rotation` and `scale` (h,) int64: how the query would be rotated (in
    256ths) and scaled (in 16ths of a doubling). `within` is (f, d): how many features are within
    each distance of each query feature.
    """

    feature: np.ndarray
    picture: np.ndarray
    distance: np.ndarray
    rotation: np.ndarray
    scale: np.ndarray
    within: np.ndarray

    def where(self, chosen: np.ndarray) -> "FeatureHits":
        """The hits that (h,) bool chooses."""
        return replace(
            self,
            feature=self.feature[chosen],
            picture=self.picture[chosen],
            distance=self.distance[chosen],
            rotation=self.rotation[chosen],
            scale=self.scale[chosen],
        )


def count_votes(hits: FeatureHits, pictures: int, known: int, limit: int) -> np.ndarray:
    """The votes for each of `pictures` pictures, (n,) float32; `known` of them can be found.

    The votes of the `limit` pictures with most votes are exact, ties included. The rest may be 0.
    """
    weight = np.log1p(known / np.maximum(hits.within, 1)).astype(np.float32)
    min_scale = int(hits.scale.min(initial=0))
    bound = _upper_bound(hits, pictures, weight)
    to_count = bound > 0
    votes = np.zeros(pictures, np.float32)
    if np.count_nonzero(to_count) > _LIKELY_FACTOR * limit:
        first = np.argpartition(-bound, _LIKELY_FACTOR * limit)[: _LIKELY_FACTOR * limit]
        likely = np.zeros(pictures, bool)
        likely[first] = True
        votes = _best_bins(hits.where(likely[hits.picture]), pictures, weight, min_scale)
        min_votes = np.partition(votes[first], -limit)[-limit]
        to_count = ~likely & (bound > min_votes * (1 - _ROUNDING))
    remaining = _best_bins(hits.where(to_count[hits.picture]), pictures, weight, min_scale)
    np.maximum(votes, remaining, out=votes)
    return votes


def _upper_bound(hits: FeatureHits, pictures: int, weight: np.ndarray) -> np.ndarray:
    """An upper bound of the votes of each picture, (n,) float64.

    It ignores scales and repeated features, and uses angle bins of twice the width, which contain
    all bins that are counted.
    """
    vote_weight = weight[hits.feature, hits.distance]
    bins = _FULL_TURN >> (_ANGLE_BIN_SHIFT + 1)
    bound = np.zeros(pictures)
    for offset in (0, 1 << _ANGLE_BIN_SHIFT):
        angle = ((hits.rotation + offset) & (_FULL_TURN - 1)) >> (_ANGLE_BIN_SHIFT + 1)
        totals = np.bincount(angle * pictures + hits.picture, vote_weight, bins * pictures)
        np.maximum(bound, totals.reshape(bins, pictures).max(axis=0), out=bound)
    return bound


def _best_bins(hits: FeatureHits, pictures: int, weight: np.ndarray, min_scale: int) -> np.ndarray:
    """The votes of each picture's best bin, over the four ways of laying the borders."""
    votes = np.zeros(pictures, np.float32)
    for angle_offset in (0, 1 << (_ANGLE_BIN_SHIFT - 1)):
        angle = ((hits.rotation + angle_offset) & (_FULL_TURN - 1)) >> _ANGLE_BIN_SHIFT
        for scale_offset in (0, 1 << (_SCALE_BIN_SHIFT - 1)):
            scale = (hits.scale - min_scale + scale_offset) >> _SCALE_BIN_SHIFT
            _raise_to_best_bin(votes, hits, (angle << (_BIN_BITS - 3)) + scale, weight)
    return votes


def _raise_to_best_bin(
    votes: np.ndarray, hits: FeatureHits, bins: np.ndarray, weight: np.ndarray
) -> None:
    """Raise each picture's votes to those of its best bin if these are more."""
    numbers = (hits.picture << _BIN_BITS | bins) << _FEATURE_BITS | hits.feature
    numbers = np.sort(numbers << _DISTANCE_BITS | hits.distance)
    distance = numbers & ((1 << _DISTANCE_BITS) - 1)
    numbers = numbers >> _DISTANCE_BITS
    nearest = np.flatnonzero(np.diff(numbers, prepend=-1))  # of a feature's votes in a bin
    distance, numbers = distance[nearest], numbers[nearest]
    vote_weight = weight[numbers & ((1 << _FEATURE_BITS) - 1), distance]
    bins = numbers >> _FEATURE_BITS
    starts = np.flatnonzero(np.diff(bins, prepend=-1))
    totals = np.add.reduceat(vote_weight, starts) if len(starts) else vote_weight
    np.maximum.at(votes, bins[starts] >> _BIN_BITS, totals)
