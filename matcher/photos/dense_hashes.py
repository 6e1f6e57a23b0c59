"""Thins out the pairs of near hashes in dense groups: keeps enough of billions to tie every member.

50,000 near-identical frames of one video make 1.25 billion pairs: too many to keep, and nobody
reads them. A hash is dense if it has more than `MAX_NEAR` near hashes; a dense group is a set of
dense hashes that are connected by pairs among themselves. Every pair outside dense groups is kept.
Pairs inside are not kept as they stream in; they only update how central each hash is, exactly, and
which hashes are connected. Then pivots are chosen in each dense group: repeatedly, the most central
hash that is not near a pivot yet (distances are computed again from the hashes). So every hash of a
dense group is near a pivot, and all pairs with pivots are kept: in total at most `MAX_NEAR` pairs
per hash, plus those of pivots.

Pivots become medoids before any others are chosen. For the groups this means:

- every tie is a pair within the radius, and every member is tied to the nearest of all medoids, as
  in other groups: no medoid lacks any of its pairs;
- nothing changes for hashes that are more than two steps away from all dense groups;
- the approximation: inside a dense group a medoid covers only the hashes near itself, and a hash
  stays as central as it was while others are covered. A dense group wider than the radius splits
  into more groups than if all its pairs were kept, never into looser ones.

Whether a hash is dense doesn't depend on the order of its pairs, so neither do the groups.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from frametrace.embed.signals.base import bits_distance
from frametrace.index.base import Hits
from frametrace.matcher.photos.match_graph import components
from frametrace.posts.errors import UsageError

__all__ = ["MAX_NEAR", "PairThinning", "ThinnedPairs"]

MAX_NEAR = 256  # near hashes; a hash with more is dense

_BATCH = 1 << 22  # pairs that are processed together
_NODE_BITS, _DISTANCE_BITS = 27, 8  # of an int64 per pair, which sorts like the pair


@dataclass(frozen=True, slots=True)
class ThinnedPairs:
    """The pairs that were kept, in order: a < b (int32) at `distance` bits (uint8).

    `pivots` are nodes that must be medoids, ascending; `unlisted` pairs were not kept.
    """

    a: np.ndarray
    b: np.ndarray
    distance: np.ndarray
    pivots: np.ndarray
    unlisted: int


class PairThinning:
    """Receives each pair of (n, k) distinct codes within `radius` bits once, in any order.

    `weight` is (n,) integers: how many posts carry each code. Processes `batch` pairs together and
    uses 8 bytes per kept pair, up to `max_near` pairs per hash until that hash is known as dense.
    """

    def __init__(
        self,
        codes: np.ndarray,
        weight: np.ndarray,
        radius: int,
        max_near: int = MAX_NEAR,
        batch: int = _BATCH,
    ) -> None:
        if len(codes) >= 1 << _NODE_BITS:
            raise UsageError(
                f"{len(codes):,} distinct hashes are too many to group: split the case into parts "
                f"with {1 << _NODE_BITS:,} at most"
            )
        self._codes, self._radius, self._max_near, self._batch = codes, radius, max_near, batch
        self._waiting: list[Hits] = []
        self._waiting_pairs = 0
        self._kept: list[np.ndarray] = []
        self._thin_at = batch  # kept pairs at which those of new dense hashes are removed
        self._near = np.zeros(len(codes), np.int64)
        self._dense = _DenseGroups(8 * codes.shape[1], weight)

    def add(self, hits: Hits) -> None:
        """Add a batch of pairs, each of two positions and their distance."""
        self._waiting.append(hits)
        self._waiting_pairs += len(hits)
        if self._waiting_pairs >= self._batch:
            self._process()

    def finish(self) -> ThinnedPairs:
        """The kept pairs, after all pairs were added."""
        self._process()
        self._thin()
        near_pivots, pivots = self._dense.resolve(self._kept, self._codes, self._radius)
        pairs = np.concatenate([np.empty(0, np.int64), *self._kept, near_pivots])
        self._kept.clear()
        pairs.sort()
        a, b, distance = _unpacked(pairs)
        unlisted = self._dense.pairs - len(near_pivots)
        return ThinnedPairs(a, b, distance.astype(np.uint8), pivots, unlisted)

    def _process(self) -> None:
        hits = Hits.concatenate(self._waiting, np.int32)
        self._waiting, self._waiting_pairs = [], 0
        hits = hits.where(~self._counted(hits.query, hits.row, hits.value))
        for side in (hits.query, hits.row):
            self._near += np.bincount(side, minlength=len(self._near))
        self._kept.append(_packed(hits.query, hits.row, hits.value))
        if sum(map(len, self._kept)) > self._thin_at:
            self._thin()

    def _thin(self) -> None:
        for at, pairs in enumerate(self._kept):  # one at a time, to save memory
            self._kept[at] = pairs[~self._counted(*_unpacked(pairs))]
        self._thin_at = 2 * sum(map(len, self._kept)) + self._batch

    def _counted(self, a: np.ndarray, b: np.ndarray, distance: np.ndarray) -> np.ndarray:
        """Which pairs join two hashes known to be dense by now; these are counted, not kept."""
        dense = self._near > self._max_near
        inside: np.ndarray = dense[a] & dense[b]
        if inside.any():
            self._dense.count(a[inside], b[inside], distance[inside])
        return inside


class _DenseGroups:
    """The dense groups so far: how many pairs they have, and how central each hash is."""

    def __init__(self, bits: int, weight: np.ndarray) -> None:
        self.pairs = 0
        self._bits = bits
        self._weight = weight.astype(np.float64)
        self._central = bits * self._weight  # integers below 2**53, so sums are exact
        self._label = np.arange(len(weight), dtype=np.int32)

    def count(self, a: np.ndarray, b: np.ndarray, distance: np.ndarray) -> None:
        """Count pairs of dense nodes."""
        self.pairs += len(a)
        self._add_to_central(a, b, distance)
        x, y = self._label[a], self._label[b]
        apart = x != y
        if apart.any():
            self._label = components(x[apart], y[apart], len(self._label))[self._label]

    def resolve(
        self, kept: list[np.ndarray], codes: np.ndarray, radius: int
    ) -> tuple[np.ndarray, np.ndarray]:
        """The pairs of all pivots inside their dense groups, and the pivots, ascending."""
        near, pivots = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
        member = np.bincount(self._label)[self._label] > 1
        for pairs in kept if self.pairs else ():
            a, b, distance = _unpacked(pairs)
            of_member = member[a] | member[b]
            self._add_to_central(a[of_member], b[of_member], distance[of_member])
        for group in self._groups(np.flatnonzero(member)):
            words = np.ascontiguousarray(codes[group]).view(np.uint64)
            uncovered = np.ones(len(group), bool)
            while uncovered.any():
                at = int(np.argmax(uncovered))
                distance = bits_distance(words[at : at + 1], words)[0]
                covered = distance <= radius
                uncovered &= ~covered
                covered[at] = False
                pivot = np.full(np.count_nonzero(covered), group[at])
                near.append(_packed(pivot, group[covered], distance[covered]))
                pivots.append(group[at : at + 1])
        return np.concatenate(near), np.sort(np.concatenate(pivots))

    def _groups(self, node: np.ndarray) -> Iterator[np.ndarray]:
        """The nodes of each dense group, the most central first."""
        node = node[np.lexsort((node, -self._central[node], self._label[node]))]
        ends = np.flatnonzero(np.diff(self._label[node])) + 1
        return iter(np.split(node, ends) if len(node) else [])

    def _add_to_central(self, a: np.ndarray, b: np.ndarray, distance: np.ndarray) -> None:
        equal_bits = (self._bits - distance).astype(np.float64)
        for node, neighbour in ((a, b), (b, a)):
            share = equal_bits * self._weight[neighbour]
            self._central += np.bincount(node, share, len(self._central))


def _packed(a: np.ndarray, b: np.ndarray, distance: np.ndarray) -> np.ndarray:
    """One int64 per pair."""
    low, high = np.minimum(a, b).astype(np.int64), np.maximum(a, b).astype(np.int64)
    pairs: np.ndarray = (low << _NODE_BITS | high) << _DISTANCE_BITS | distance
    return pairs


def _unpacked(pairs: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The lower node, the higher node, and the distance; int32."""
    a = (pairs >> (_NODE_BITS + _DISTANCE_BITS)).astype(np.int32)
    b = (pairs >> _DISTANCE_BITS).astype(np.int32) & ((1 << _NODE_BITS) - 1)
    return a, b, pairs.astype(np.int32) & ((1 << _DISTANCE_BITS) - 1)
