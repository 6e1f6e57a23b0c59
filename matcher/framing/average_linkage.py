"""Splits contents that are connected until all pairs together are similar enough (average linkage).

One wrong tie connects two messages, and a community by modularity may have few ties. The mean of
all pairs keeps a content with those that it is similar to as a whole (Sokal and Michener 1958).
"""

from collections.abc import Sequence

import numpy as np

from frametrace.index.ranges import expand_ranges
from frametrace.matcher.framing.calibration import MAX_RARITY
from frametrace.matcher.framing.fusion import EvidenceFusion
from frametrace.matcher.framing.neighbour_graph import WEAK
from frametrace.work.blocks import in_blocks
from frametrace.work.progress import Advance, uncounted

__all__ = ["MAX_CONTENTS", "split_communities"]

MAX_CONTENTS = 1_500  # whose pairs are all compared
_PAIRS = 1 << 18  # compared at a time, of one community or of many


def split_communities(
    community: np.ndarray,
    fusion: EvidenceFusion,
    min_rarity: float,
    advance: Advance = uncounted,
) -> np.ndarray:
    """Number the parts of communities of n contents, (n,) int64, by average linkage.

    The pairs of a part have a mean of at least `WEAK` of the minimum rarity.

    Communities of more than `MAX_CONTENTS` stay as they are. `advance` receives how many more
    contents are done.
    """
    order = np.argsort(community, kind="stable")
    starts = np.unique(community[order], return_index=True)[1]
    ends = np.append(starts[1:], len(order)).astype(np.int64)
    parts = np.empty(len(community), np.int64)
    parts[order] = np.repeat(np.arange(len(starts)), ends - starts)
    count = len(starts)
    size = ends - starts
    split = np.flatnonzero((size > 1) & (size <= MAX_CONTENTS))
    pairs = size[split] * (size[split] - 1) // 2
    advance(len(order) - int(size[split].sum()))
    for block in in_blocks(pairs, _PAIRS):
        members = [order[starts[at] : ends[at]] for at in split[block].tolist()]
        bounds = np.cumsum(pairs[block])[:-1]
        strengths = np.split(_strengths(members, fusion, min_rarity), bounds)
        for of_community, strength in zip(members, strengths, strict=True):
            labels = _labels(strength, min_rarity)
            parts[of_community] = count + labels
            count += int(labels.max()) + 1
            advance(len(of_community))
    return parts


def _strengths(
    communities: Sequence[np.ndarray], fusion: EvidenceFusion, min_rarity: float
) -> np.ndarray:
    """The strength of all pairs within each community, one community after the other."""
    member = np.concatenate(communities)
    end = np.cumsum([len(members) for members in communities])
    at = np.arange(len(member))
    first, second = expand_ranges(at + 1, np.repeat(end, np.diff(end, prepend=0)) - at - 1)
    strength = fusion.strength(member[first], member[second], min_rarity)
    bounded: np.ndarray = np.minimum(strength, MAX_RARITY).astype(np.float64)
    return bounded


def _labels(strength: np.ndarray, min_rarity: float) -> np.ndarray:
    """The part of each content, from 0 on, given the strength of all pairs."""
    from scipy.cluster.hierarchy import fcluster, linkage

    tree = linkage(MAX_RARITY - strength, "average")
    labels: np.ndarray = fcluster(tree, MAX_RARITY - WEAK * min_rarity, "distance")
    return labels.astype(np.int64) - 1
