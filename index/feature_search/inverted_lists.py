"""The inverted lists: finds the nearest features of the lists that a query feature probes."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from frametrace.index.numba_compile import has_numba

__all__ = ["MAX_FEATURE_DISTANCE", "InvertedLists", "NearFeatures", "feature_distances"]

MAX_FEATURE_DISTANCE = 32  # bits of 128; features further away are never near
# Features that are scanned without compiled loops in the time that numba takes to load them.
_MIN_COMPILED = 50_000_000

Bounds = tuple[np.ndarray, np.ndarray]  # the begins and the ends of lists, (f, p) each


@dataclass(frozen=True, slots=True)
class NearFeatures:
    """h features that are near one of f query features.

    `feature` is (h,) int64, ascending: the query feature; `distance` (h,) uint8, in bits; `owner`
    (h,) uint32. `within` is (f, 33) int64: how many features are at each distance or less, and
    one more than `max_near` if there are more than that.
    """

    feature: np.ndarray
    distance: np.ndarray
    owner: np.ndarray
    within: np.ndarray


class _PlainScans:
    """Counts the features that this process has scanned without compiled loops.

    So one query doesn't wait for numba, and a process that answers many imports it early enough:
    both together take at most twice the time of the better choice (the ski rental problem).
    """

    features = 0

    @classmethod
    def are_dearer_than_compiling(cls, features: int) -> bool:
        """Whether compiled loops are to scan some more features. If not, they are counted."""
        if cls.features + features > _MIN_COMPILED and has_numba():
            return True
        cls.features += features
        return False


@dataclass(frozen=True, slots=True)
class InvertedLists:
    """m features in lists: `starts` (c + 1,) int64, `words` (2, m) uint64, `owners` (m,) uint32.

    An owner's number without its lowest `pose_bits` bits is the picture's number.
    """

    starts: np.ndarray
    words: np.ndarray
    owners: np.ndarray
    pose_bits: int

    def near(
        self,
        words: np.ndarray,
        lists: np.ndarray,
        among: np.ndarray | None,
        max_near: int,
        compiled: bool | None = None,
    ) -> NearFeatures:
        """Scan the (f, p) `lists` for the features nearest to (f, 2) words.

        For each query feature, all features within a distance are returned: the greatest distance
        that no more than `max_near` features are within. With `among`, (n,) bool, only features of
        these pictures count. With or without compiled loops, the result is the same.
        """
        bounds = self.starts[lists], self.starts[lists + 1]
        if compiled is None:
            features = int((bounds[1] - bounds[0]).sum())
            compiled = _PlainScans.are_dearer_than_compiling(features)
        scan = self._scan_compiled if compiled else self._scan
        return scan(np.ascontiguousarray(words), bounds, among, max_near)

    def _scan_compiled(
        self, words: np.ndarray, bounds: Bounds, among: np.ndarray | None, max_near: int
    ) -> NearFeatures:
        from frametrace.index.feature_search.list_kernels import list_near

        counted = np.empty(0, bool) if among is None else among
        pictures = self.owners, self.pose_bits, counted
        within = np.zeros((len(words), MAX_FEATURE_DISTANCE + 1), np.int64)
        lengths = (bounds[1] - bounds[0]).sum(axis=1)
        size, longest = min(len(words) * max_near, int(lengths.sum())), int(lengths.max(initial=0))
        near = np.empty(size, np.int64), np.empty(size, np.uint8), np.empty(size, np.uint32)
        bits, kept = np.empty(longest, np.uint8), np.empty(longest, np.uint8)
        scratch = bits, kept, np.empty(longest, np.uint32)
        count = list_near(words, bounds, self.words, pictures, max_near, within, near, scratch)
        if count < 0:
            raise IndexError("a feature's picture is outside the index")
        feature, distance, owner = (values[:count] for values in near)
        return NearFeatures(feature, distance, owner, np.minimum(within, max_near + 1))

    def _scan(
        self, words: np.ndarray, bounds: Bounds, among: np.ndarray | None, max_near: int
    ) -> NearFeatures:
        within = np.zeros((len(words), MAX_FEATURE_DISTANCE + 1), np.int64)
        features = [np.empty(0, np.int64)]
        distances, owners = [np.empty(0, np.uint8)], [np.empty(0, np.uint32)]
        begins, ends = (side.tolist() for side in bounds)
        for number, (begin, end) in enumerate(zip(begins, ends, strict=True)):
            parts = zip(begin, end, strict=True)
            distance, owner = self._scan_parts(words[number], parts, among, max_near)
            within[number] = np.cumsum(np.bincount(distance, minlength=MAX_FEATURE_DISTANCE + 1))
            near = (distance < _cutoff(within[number], max_near)).nonzero()[0]
            features.append(np.full(len(near), number))
            distances.append(distance[near])
            owners.append(owner[near])
        return NearFeatures(
            np.concatenate(features),
            np.concatenate(distances),
            np.concatenate(owners),
            np.minimum(within, max_near + 1),
        )

    def _scan_parts(
        self,
        words: np.ndarray,
        parts: Iterable[tuple[int, int]],
        among: np.ndarray | None,
        max_near: int,
    ) -> tuple[np.ndarray, np.ndarray]:
        """Distances and owners near one query feature; the `max_near` nearest are included."""
        distances, owners = [np.empty(0, np.uint8)], [np.empty(0, np.uint32)]
        cutoff = MAX_FEATURE_DISTANCE + 1
        for number, (begin, end) in enumerate(parts):
            bits = feature_distances(self.words[:, begin:end], words)
            close = (bits < cutoff).nonzero()[0]
            bits, owner = bits.take(close), self.owners[begin:end].take(close)
            if among is not None:
                counts = among[owner >> self.pose_bits]
                bits, owner = bits[counts], owner[counts]
            distances.append(bits)
            owners.append(owner)
            if number == 0:  # the nearest list bounds the distance in the others
                within = np.cumsum(np.bincount(bits, minlength=MAX_FEATURE_DISTANCE + 1))
                cutoff = _cutoff(within, max_near)
        return np.concatenate(distances), np.concatenate(owners)


def _cutoff(within: np.ndarray, max_near: int) -> int:
    """The least distance that more than `max_near` are within; (d,) is how many are within each."""
    return int(np.searchsorted(within, max_near, "right"))


def feature_distances(features: np.ndarray, words: np.ndarray) -> np.ndarray:
    """Distances in bits, (m,) uint8, of (2, m) features from one feature, (2,) words."""
    bits: np.ndarray = np.bitwise_count(features[0] ^ words[0])
    bits += np.bitwise_count(features[1] ^ words[1])
    return bits
