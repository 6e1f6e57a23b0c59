"""Splits communities of contents until the pairs in each are similar enough on average.

One wrong tie joins two communities; modularity also joins what is connected by a few. The mean of
all pairs does not: a content stays with those that it is similar to as a whole (average linkage,
Sokal and Michener 1958).
"""

import numpy as np

from frametrace.matcher.framing.calibration import MAX_RARITY
from frametrace.matcher.framing.fusion import EvidenceFusion

__all__ = ["MEAN", "split_communities"]

# The share of the minimum rarity that the pairs of a framing have on average. With ties of 0.6 of
# it, set on one half of invented posts of 30 claims in ten languages: of the pairs of posts that
# make one claim, 88 % are together in one language and 77 % across languages, and no others; with
# strong ties alone 25 and 18 % (`benchmarks/framings/bench_claims.py` has the other half).
MEAN = 0.4
_MAX_CONTENTS = 1_500  # whose pairs are all compared


def split_communities(
    community: np.ndarray, fusion: EvidenceFusion, min_rarity: float
) -> np.ndarray:
    """Number the parts of communities of n contents, (n,) int64, by average linkage.

    Communities of more than 1,500 contents stay as they are.
    """
    order = np.argsort(community, kind="stable")
    _, starts = np.unique(community[order], return_index=True)
    parts = np.empty(len(community), np.int64)
    count = 0
    for members in np.split(order, starts[1:]):
        labels = np.zeros(len(members), np.int64)
        if 1 < len(members) <= _MAX_CONTENTS:
            labels = _split(members, fusion, min_rarity)
        parts[members] = count + labels
        count += int(labels.max(initial=-1)) + 1
    return parts


def _split(members: np.ndarray, fusion: EvidenceFusion, min_rarity: float) -> np.ndarray:
    from scipy.cluster.hierarchy import fcluster, linkage

    a, b = np.triu_indices(len(members), 1)
    strength = np.minimum(fusion.strength(members[a], members[b], min_rarity), MAX_RARITY)
    tree = linkage(MAX_RARITY - strength.astype(np.float64), "average")
    labels: np.ndarray = fcluster(tree, MAX_RARITY - MEAN * min_rarity, "distance")
    return labels.astype(np.int64) - 1
