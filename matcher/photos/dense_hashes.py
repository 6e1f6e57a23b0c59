"""Pairs of near hashes, gathered as they stream in; inside crowds only those that tie members.

50,000 near-identical frames of one video are 1.25 billion pairs: too many to keep, and nobody reads
them. A crowd is a set of hashes of which each has more than `MOST` near ones, connected by pairs
among themselves; every other pair is kept. What is needed of a crowd's pairs is taken from them as
they pass: how central each hash is, exactly, and which hashes hang together. Then pivots are
chosen in each crowd: the most central hash that no pivot is near yet, again and again (their
distances are computed anew from the hashes). Every hash of a crowd is near a pivot, and all pairs
of pivots are kept. So pairs kept are at most `MOST` a hash, and those of pivots.

Pivots become medoids before others are chosen. What follows for groups:

- every tie is a pair within the radius, and every member is tied to the nearest of all medoids, as
  anywhere: no medoid lacks any of its pairs;
- nothing changes for hashes that are further than two steps from all crowds;
- the approximation: inside a crowd medoids cover only what is near themselves, and how central a
  hash is does not shrink as others are covered. A crowd wider than the radius falls into more
  groups than it would if all its pairs were kept, never into looser ones.

A hash is in a crowd or not whatever order its pairs come in, so groups don't depend on it.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from frametrace.embed.signals.base import bits_distance
from frametrace.index.base import Hits

__all__ = ["MOST", "Gathered", "Gathering"]

MOST = 256  # near hashes of one, beyond which its pairs with others that have as many are not kept

_BATCH = 1 << 22  # pairs that are worked on together
_NODE, _DISTANCE = 27, 8  # bits of each in a pair's number, which sorts like the pair


@dataclass(frozen=True, slots=True)
class Gathered:
    """The pairs that were kept, in order: a < b (int32) at `distance` bits (uint8).

    `pivots` are nodes that must be medoids, ascending; `unlisted` pairs were seen and not kept.
    """

    a: np.ndarray
    b: np.ndarray
    distance: np.ndarray
    pivots: np.ndarray
    unlisted: int


class Gathering:
    """Takes each pair of distinct (n, k) codes at `radius` bits or less once, in any order.

    `weight` is (n,) integers, how many posts each code stands for. Works on `batch` pairs together
    and holds 8 bytes a pair kept; before a crowd is known for one it holds up to `most` a hash.
    """

    def __init__(
        self,
        codes: np.ndarray,
        weight: np.ndarray,
        radius: int,
        most: int = MOST,
        batch: int = _BATCH,
    ) -> None:
        assert len(codes) < 1 << _NODE and radius < 1 << _DISTANCE
        self._codes, self._radius, self._most, self._batch = codes, radius, most, batch
        self._waiting: list[Hits] = []
        self._come = 0  # pairs that wait
        self._held: list[np.ndarray] = []
        self._bound = batch  # pairs held, beyond which those of new crowds are looked for
        self._near = np.zeros(len(codes), np.int64)
        self._crowds = _Crowds(8 * codes.shape[1], weight)

    def add(self, hits: Hits) -> None:
        """Take a batch of pairs, each of two positions and their distance."""
        self._waiting.append(hits)
        self._come += len(hits)
        if self._come >= self._batch:
            self._take()

    def finish(self) -> Gathered:
        """All pairs have come: what is kept of them."""
        self._take()
        self._thin()
        near_pivots, pivots = self._crowds.resolve(self._held, self._codes, self._radius)
        pairs = np.concatenate([np.empty(0, np.int64), *self._held, near_pivots])
        self._held.clear()
        pairs.sort()
        a, b, distance = _unpacked(pairs)
        unlisted = self._crowds.seen - len(near_pivots)
        return Gathered(a, b, distance.astype(np.uint8), pivots, unlisted)

    def _take(self) -> None:
        hits = Hits.concatenate(self._waiting, np.int32)
        self._waiting, self._come = [], 0
        hits = hits.where(~self._noted(hits.query, hits.row, hits.value))
        for side in (hits.query, hits.row):
            self._near += np.bincount(side, minlength=len(self._near))
        self._held.append(_packed(hits.query, hits.row, hits.value))
        if sum(map(len, self._held)) > self._bound:
            self._thin()

    def _thin(self) -> None:
        for at, pairs in enumerate(self._held):  # one at a time: the others are not held twice
            self._held[at] = pairs[~self._noted(*_unpacked(pairs))]
        self._bound = 2 * sum(map(len, self._held)) + self._batch

    def _noted(self, a: np.ndarray, b: np.ndarray, distance: np.ndarray) -> np.ndarray:
        """Which pairs lie inside crowds, by all that is known by now; they are noted there."""
        crowded = self._near > self._most
        inside: np.ndarray = crowded[a] & crowded[b]
        if inside.any():
            self._crowds.note(a[inside], b[inside], distance[inside])
        return inside


class _Crowds:
    """What is remembered of the pairs inside crowds."""

    def __init__(self, bits: int, weight: np.ndarray) -> None:
        self.seen = 0
        self._bits = bits
        self._weight = weight.astype(np.float64)
        self._central = bits * self._weight  # whole numbers below 2 to the 53: sums are exact
        self._label = np.arange(len(weight), dtype=np.int32)

    def note(self, a: np.ndarray, b: np.ndarray, distance: np.ndarray) -> None:
        """Take pairs of crowded nodes."""
        self.seen += len(a)
        self._add_to_central(a, b, distance)
        x, y = self._label[a], self._label[b]
        apart = x != y
        if apart.any():
            n = len(self._label)
            links = coo_matrix((apart[apart], (x[apart], y[apart])), (n, n))
            self._label = connected_components(links, directed=False)[1][self._label]

    def resolve(
        self, held: list[np.ndarray], codes: np.ndarray, radius: int
    ) -> tuple[np.ndarray, np.ndarray]:
        """The pairs of all pivots inside their crowds, and the pivots, ascending."""
        near, pivots = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
        member = np.bincount(self._label)[self._label] > 1
        for pairs in held if self.seen else ():
            a, b, distance = _unpacked(pairs)
            some = member[a] | member[b]
            self._add_to_central(a[some], b[some], distance[some])
        for crowd in self._each(np.flatnonzero(member)):
            words = np.ascontiguousarray(codes[crowd]).view(np.uint64)
            uncovered = np.ones(len(crowd), bool)
            while uncovered.any():
                at = int(np.argmax(uncovered))
                distance = bits_distance(words[at : at + 1], words)[0]
                covered = distance <= radius
                uncovered &= ~covered
                covered[at] = False
                pivot = np.full(np.count_nonzero(covered), crowd[at])
                near.append(_packed(pivot, crowd[covered], distance[covered]))
                pivots.append(crowd[at : at + 1])
        return np.concatenate(near), np.sort(np.concatenate(pivots))

    def _each(self, node: np.ndarray) -> Iterator[np.ndarray]:
        """The nodes of each crowd, the most central first."""
        node = node[np.lexsort((node, -self._central[node], self._label[node]))]
        ends = np.flatnonzero(np.diff(self._label[node])) + 1
        return iter(np.split(node, ends) if len(node) else [])

    def _add_to_central(self, a: np.ndarray, b: np.ndarray, distance: np.ndarray) -> None:
        agree = (self._bits - distance).astype(np.float64)
        for node, other in ((a, b), (b, a)):
            share = agree * self._weight[other]
            self._central += np.bincount(node, share, len(self._central))


def _packed(a: np.ndarray, b: np.ndarray, distance: np.ndarray) -> np.ndarray:
    """One int64 for each pair."""
    low, high = np.minimum(a, b).astype(np.int64), np.maximum(a, b).astype(np.int64)
    pairs: np.ndarray = (low << _NODE | high) << _DISTANCE | distance
    return pairs


def _unpacked(pairs: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The lower node, the higher node, and the distance; int32."""
    a = (pairs >> (_NODE + _DISTANCE)).astype(np.int32)
    b = (pairs >> _DISTANCE).astype(np.int32) & ((1 << _NODE) - 1)
    return a, b, pairs.astype(np.int32) & ((1 << _DISTANCE) - 1)
