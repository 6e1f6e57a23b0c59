"""vPDQ's rule: how much of each of two videos has a frame with a near hash in the other.

Times play no part. The rule and its operating point are those of `vpdq/README.md` in
facebook/ThreatExchange ("Comparison (Matching) Algorithm") and of `python-threatexchange`
(`extensions/vpdq`): repeated hashes count once, frames of a quality below 50 not at all, two frames
match within 31 bits, and two videos match if 80 % of either one's frames do.
"""

from collections.abc import Iterator

import numpy as np

from frametrace.embed.signals.base import bits_distance
from frametrace.embed.signals.pdq import MIN_QUALITY
from frametrace.embed.thresholds import PDQ_MAX_DISTANCE
from frametrace.matcher.tips.vpdq_files import VpdqFeatures

__all__ = ["VPDQ_MIN_SHARE", "is_vpdq_match", "vpdq_shares"]

# README: 80 % of the comparison video, 0 % of the query; python-threatexchange's VideoVPDQSignal:
# 80 % of either. The second is symmetric, and finds what the first finds in either direction.
VPDQ_MIN_SHARE = 0.8
_BLOCK = 2**20  # distances held at a time


def vpdq_shares(
    query: VpdqFeatures,
    reference: VpdqFeatures,
    *,
    max_distance: int = PDQ_MAX_DISTANCE,
    min_quality: int = MIN_QUALITY,
) -> tuple[float, float]:
    """The share of the query's frames with a match, then of the reference's, each 0 to 1.

    Brute force over all pairs of frames. Both are 0 if either video has no frame of the quality.
    """
    ours, theirs = (_usable(features, min_quality) for features in (query, reference))
    if not len(ours) or not len(theirs):
        return 0.0, 0.0
    matched = np.zeros(len(ours), bool)
    also = np.zeros(len(theirs), bool)
    for rows in _blocks(len(ours), len(theirs)):
        near = bits_distance(ours[rows], theirs) <= max_distance
        matched[rows] = near.any(axis=1)
        also |= near.any(axis=0)
    return float(matched.mean()), float(also.mean())


def is_vpdq_match(shares: tuple[float, float]) -> bool:
    """Whether two videos with these shares match by vPDQ's own operating point."""
    return max(shares) >= VPDQ_MIN_SHARE


def _usable(features: VpdqFeatures, min_quality: int) -> np.ndarray:
    """The distinct hashes of the frames whose quality suffices, (n, 32) uint8."""
    kept = features.hashes[features.qualities >= min_quality]
    distinct: np.ndarray = np.unique(kept, axis=0)
    return distinct


def _blocks(rows: int, columns: int) -> Iterator[slice]:
    step = max(_BLOCK // columns, 1)
    return (slice(start, start + step) for start in range(0, rows, step))
