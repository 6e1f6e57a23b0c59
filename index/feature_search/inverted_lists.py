"""Looking through inverted lists: the features near to each of some features, the nearest first.

Plain arrays, or compiled loops that find the same in some 0.4 of the time but take a second to
load: worth it where many pictures are asked for.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

__all__ = ["MAX_FEATURE_DISTANCE", "InvertedLists", "NearFeatures", "feature_distances"]

MAX_FEATURE_DISTANCE = 32  # bits of 128; what lies further is not near whatever else there is


@dataclass(frozen=True, slots=True)
class NearFeatures:
    """h features found near to f features that were asked for.

    `feature` is (h,) int64, ascending: near to which; `distance` (h,) uint8, in bits; `owner` (h,)
    uint32. `within` is (f, 33) int64: how many there are at each distance or less, and one more
    than may be kept where there are more than that.
    """

    feature: np.ndarray
    distance: np.ndarray
    owner: np.ndarray
    within: np.ndarray


@dataclass(frozen=True, slots=True)
class InvertedLists:
    """m features in lists: `starts` (c + 1,) int64, `words` (2, m) uint64, `owners` (m,) uint32.

    An owner's number, without its lowest `low` bits, is that of a picture.
    """

    starts: np.ndarray
    words: np.ndarray
    owners: np.ndarray
    low: int

    def near(
        self,
        words: np.ndarray,
        lists: np.ndarray,
        among: np.ndarray | None,
        most: int,
        *,
        compiled: bool = False,
    ) -> NearFeatures:
        """Look into the (f, p) `lists` for what is near to (f, 2) words.

        Of each feature the nearest are kept: all within a distance, the greatest at which they are
        no more than `most`. With `among`, (n,) bool, only features of those pictures count.
        """
        look = self._compiled if compiled else self._plainly
        return look(words, lists, np.empty(0, bool) if among is None else among, most)

    def _plainly(
        self, words: np.ndarray, lists: np.ndarray, among: np.ndarray, most: int
    ) -> NearFeatures:
        within = np.zeros((len(words), MAX_FEATURE_DISTANCE + 1), np.int64)
        feature, found, owners = [np.empty(0, np.int64)], [], []
        begins, ends = self.starts[lists].tolist(), self.starts[lists + 1].tolist()
        for at, bounds in enumerate(zip(begins, ends, strict=True)):
            distance, owner = self._close(words[at], zip(*bounds, strict=True), among, most)
            within[at] = np.cumsum(np.bincount(distance, minlength=MAX_FEATURE_DISTANCE + 1))
            kept = (distance < _too_far(within[at], most)).nonzero()[0]
            feature.append(np.full(len(kept), at))
            found.append(distance[kept])
            owners.append(owner[kept])
        distance = np.concatenate([np.empty(0, np.uint8), *found])
        owner = np.concatenate([np.empty(0, np.uint32), *owners])
        return NearFeatures(np.concatenate(feature), distance, owner, np.minimum(within, most + 1))

    def _close(
        self, words: np.ndarray, parts: Iterable[tuple[int, int]], among: np.ndarray, most: int
    ) -> tuple[np.ndarray, np.ndarray]:
        """Distances and owners of what is near to one feature; the nearest `most` are there."""
        found, owned = [np.empty(0, np.uint8)], [np.empty(0, np.uint32)]
        too_far = MAX_FEATURE_DISTANCE + 1
        for number, (begin, end) in enumerate(parts):
            bits = feature_distances(self.words[:, begin:end], words)
            close = (bits < too_far).nonzero()[0]
            bits, owners = bits.take(close), self.owners[begin:end].take(close)
            if len(among):
                wanted = among[owners >> self.low]
                bits, owners = bits[wanted], owners[wanted]
            found.append(bits)
            owned.append(owners)
            if number == 0:  # the nearest list tells how far is too far
                there = np.cumsum(np.bincount(bits, minlength=MAX_FEATURE_DISTANCE + 1))
                too_far = _too_far(there, most)
        return np.concatenate(found), np.concatenate(owned)

    def _compiled(
        self, words: np.ndarray, lists: np.ndarray, among: np.ndarray, most: int
    ) -> NearFeatures:
        from frametrace.index.feature_search.scan_kernels import scan_lists

        within = np.zeros((len(words), MAX_FEATURE_DISTANCE + 1), np.int64)
        distance = np.empty(len(words) * most, np.uint8)
        owner = np.empty(len(words) * most, np.uint32)
        kept = np.zeros(len(words), np.int64)
        begins, ends = self.starts[lists], self.starts[lists + 1]
        size = int((ends - begins).sum(axis=1).max(initial=0))
        room = np.empty(size, np.int64), np.empty(size, np.uint8), np.empty(size, np.uint8)
        held = self.words[0], self.words[1], self.owners, among, self.low
        scan_lists(held, (begins, ends, words, most), room, (within, kept, distance, owner))
        count = int(kept.sum())
        return NearFeatures(
            np.repeat(np.arange(len(words)), kept), distance[:count], owner[:count], within
        )


def _too_far(within: np.ndarray, most: int) -> int:
    """The least distance within which more than `most` lie; (d,) tells how many do within each."""
    return int(np.searchsorted(within, most, "right"))


def feature_distances(held: np.ndarray, words: np.ndarray) -> np.ndarray:
    """Bits, (m,) uint8, between features, (2, m) words, and one feature, (2,)."""
    found: np.ndarray = np.bitwise_count(held[0] ^ words[0])
    found += np.bitwise_count(held[1] ^ words[1])
    return found
