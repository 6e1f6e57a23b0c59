"""Proposes pairs of frames, and of frames and pictures, that may show the same.

Near PDQ hashes and a join of local features propose pairs, as they do for pictures. Which videos
have such frames in common decides which videos are compared: the best partners of each.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import pyarrow as pa

from frametrace.case.with_frames import WithFrames
from frametrace.embed.signals.local import Local
from frametrace.embed.signals.pdq import Pdq
from frametrace.index.distinct_codes import Codes, as_digits
from frametrace.index.feature_join.feature_join import propose_pairs
from frametrace.index.feature_join.geometric_consistency import MIN_SCORE
from frametrace.index.feature_shards import FeatureShards
from frametrace.index.hamming.pair_cache import near_pairs
from frametrace.matcher.photos.candidates import is_among_best
from frametrace.matcher.photos.dense_hashes import PairThinning
from frametrace.matcher.videos.numbered_frames import VideoFrames
from frametrace.work.progress import Progress

__all__ = ["FrameCandidates", "by_features", "by_hashes"]

_MAX_PARTNERS = 20  # videos that each video, and each picture, is compared with
_MAX_WEIGHT = 4.0  # of a pair by local features, in units of the least score
_HASH_WEIGHT = 2.0  # of a pair by near hashes


@dataclass(frozen=True, slots=True)
class FrameCandidates:
    """n pairs of items of `VideoFrames` with different owners, at least one of them a frame.

    `a` and `b` are (n,) int64, the owner of a before that of b; `weight` is (n,) float32: how sure
    the proposal is.
    """

    a: np.ndarray
    b: np.ndarray
    weight: np.ndarray

    def __len__(self) -> int:
        return len(self.a)

    @classmethod
    def none(cls) -> Self:
        """No pairs."""
        return cls(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.float32))

    def where(self, kept: np.ndarray) -> Self:
        """Some of the pairs, by a mask or by positions."""
        return type(self)(self.a[kept], self.b[kept], self.weight[kept])

    def joined(self, other: Self) -> Self:
        """These pairs and others."""
        return type(self)(
            np.concatenate([self.a, other.a]),
            np.concatenate([self.b, other.b]),
            np.concatenate([self.weight, other.weight]),
        )

    def ordered(self, frames: VideoFrames) -> Self:
        """By owners, best first; without pairs of one owner or of two pictures."""
        owner = frames.owner
        swapped = owner[self.a] > owner[self.b]
        a, b = np.where(swapped, self.b, self.a), np.where(swapped, self.a, self.b)
        kept = (owner[a] != owner[b]) & frames.is_video(owner[a])
        turned = type(self)(a, b, self.weight).where(kept)
        order = np.lexsort((turned.b, turned.a, -turned.weight, owner[turned.b], owner[turned.a]))
        return turned.where(order)

    def of_best_partners(self, frames: VideoFrames) -> Self:
        """The pairs of the owners that are among the best partners of either; keeps the order.

        Expects ordered pairs. A partner is as good as the sum of its pairs' weights.
        """
        if not len(self):
            return self
        a, b = frames.owner[self.a], frames.owner[self.b]
        new = np.append(True, (a[1:] != a[:-1]) | (b[1:] != b[:-1]))
        pair = np.cumsum(new) - 1
        is_best = is_among_best(a[new], b[new], np.bincount(pair, self.weight), _MAX_PARTNERS)
        return self.where(is_best[pair])


def by_hashes(
    view: WithFrames, frames: VideoFrames, radius: int, progress: Progress
) -> FrameCandidates:
    """Pairs whose PDQ hashes differ in `radius` bits or less.

    Of items with one hash, the one of the first owner has the pairs with all others: enough to
    compare each owner with the first.
    """
    if Pdq.name not in view.epoch.signals:
        return FrameCandidates.none()
    codes, batches = near_pairs(view, Pdq.name, radius, progress)
    if not len(codes):
        return FrameCandidates.none()
    item, first = _by_owner(codes, frames)
    thinning = PairThinning(codes.codes, np.diff(codes.starts), radius)
    for hits in batches:
        thinning.add(hits)
    kept = thinning.finish()
    of_code = codes.rows_of_items()
    equal = np.flatnonzero(item != first[of_code])
    pairs = np.concatenate(
        [[first[of_code[equal]], item[equal]], [first[kept.a], first[kept.b]]], axis=1
    )
    pairs = pairs[:, (pairs >= 0).all(axis=0)]
    weight = np.full(pairs.shape[1], _HASH_WEIGHT, np.float32)
    return FrameCandidates(pairs[0], pairs[1], weight).ordered(frames)


def _by_owner(codes: Codes, frames: VideoFrames) -> tuple[np.ndarray, np.ndarray]:
    """The item numbers of the codes' items, and for each code the item of the first owner."""
    item = frames.items(codes.digests())
    order = np.lexsort((item, frames.owner[item], codes.rows_of_items()))
    return item, item[order[codes.starts[:-1]]]


def by_features(
    view: WithFrames, frames: VideoFrames, folder: Path, comparable: pa.Array, progress: Progress
) -> FrameCandidates:
    """Pairs that a join of local features proposes; the join is kept in `folder`."""

    def owners_of(digests: np.ndarray) -> np.ndarray:
        item = frames.items(as_digits(digests))
        # All pictures count as one owner: they were compared with each other before.
        return np.where(item >= 0, np.minimum(frames.owner[item], len(frames.videos)), -1)

    shards = FeatureShards.of_case(view, Local.name)
    proposals = propose_pairs(folder, shards, comparable, progress, owners_of=owners_of)
    item = frames.items(proposals.names)
    rows = proposals.rows
    pairs = np.stack([item[rows[name].to_numpy()] for name in "ab"])
    known = (pairs >= 0).all(axis=0)
    weight = (rows["score"].to_numpy()[known] / MIN_SCORE).clip(max=_MAX_WEIGHT)
    a, b = pairs[:, known]
    return FrameCandidates(a, b, weight.astype(np.float32)).ordered(frames)
