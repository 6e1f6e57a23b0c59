"""Splits contents that are connected until all pairs together are similar enough (average linkage).

One wrong tie connects two messages, and a community by modularity may have few ties. The mean of
all pairs keeps a content with those that it is similar to as a whole (Sokal and Michener 1958).
"""

import numpy as np

from frametrace.matcher.framing.calibration import MAX_RARITY
from frametrace.matcher.framing.fusion import EvidenceFusion
from frametrace.matcher.framing.neighbour_graph import WEAK

__all__ = ["MAX_CONTENTS", "split_communities"]

MAX_CONTENTS = 1_500  # whose pairs are all compared


def split_communities(
    community: np.ndarray, fusion: EvidenceFusion, min_rarity: float
) -> np.ndarray:
    """Number the parts of communities of n contents, (n,) int64, by average linkage.

    The pairs of a part have a mean of at least `WEAK` of the minimum rarity.

    Communities of more than `MAX_CONTENTS` stay as they are.
    """
    order = np.argsort(community, kind="stable")
    _, starts = np.unique(community[order], return_index=True)
    parts = np.empty(len(community), np.int64)
    count = 0
    for members in np.split(order, starts[1:]):
        labels = np.zeros(len(members), np.int64)
        if 1 < len(members) <= MAX_CONTENTS:
            labels = _split(members, fusion, min_rarity)
        parts[members] = count + labels
        count += int(labels.max(initial=-1)) + 1
    return parts


def _split(members: np.ndarray, fusion: EvidenceFusion, min_rarity: float) -> np.ndarray:
    from scipy.cluster.hierarchy import fcluster, linkage

    a, b = np.triu_indices(len(members), 1)
    strength = np.minimum(fusion.strength(members[a], members[b], min_rarity), MAX_RARITY)
    tree = linkage(MAX_RARITY - strength.astype(np.float64), "average")
    labels: np.ndarray = fcluster(tree, MAX_RARITY - WEAK * min_rarity, "distance")
    return labels.astype(np.int64) - 1
