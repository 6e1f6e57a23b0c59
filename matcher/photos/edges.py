"""Verified pairs of nodes with the evidence that ties each: what groups are made from."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from scipy.sparse import csr_matrix

from frametrace.embed.signals import SIGNALS
from frametrace.embed.signals.local import Local
from frametrace.matcher.results import EVIDENCE, MATCHES, Relation

__all__ = [
    "NO_DISTANCE",
    "Edges",
    "EvidenceOf",
    "number_of",
    "pair_keys",
    "ranked",
    "signal_names",
    "verified",
]

NO_DISTANCE = -1  # similarities have no distance
_ROWS = 1 << 18  # of the matches table at a time: 40 MB

# What gives the columns of evidence, `EVIDENCE`, of pairs of nodes a and b, where a mask says so.
EvidenceOf = Callable[[np.ndarray, np.ndarray, np.ndarray], list[pa.Array]]


@dataclass(frozen=True, slots=True)
class Edges:
    """m pairs a < b of node numbers (int32), each with one signal's evidence.

    `signal` is (m,) int8, a signal's `number_of`; `distance` (m,) int16 in bits or `NO_DISTANCE`;
    `similarity` (m,) float32 above 0. One pair may stand there once for each signal. Ordered by
    pair; within a pair the greatest similarity comes first.
    """

    a: np.ndarray
    b: np.ndarray
    signal: np.ndarray
    distance: np.ndarray
    similarity: np.ndarray

    @classmethod
    def of_distances(
        cls, a: np.ndarray, b: np.ndarray, signal: str, distance: np.ndarray, bits: int
    ) -> Self:
        """Edges of a hash of `bits` bits; the similarity is the part of bits that agree."""
        similarity = 1 - distance.astype(np.float32) / np.float32(bits)
        numbers = np.full(len(a), number_of(signal), np.int8)
        return cls(*_ordered(a, b), numbers, distance.astype(np.int16), similarity)._sorted()

    @classmethod
    def of_similarities(
        cls, a: np.ndarray, b: np.ndarray, signal: str, similarity: np.ndarray
    ) -> Self:
        """Edges of a cosine or Jaccard similarity."""
        distance = np.full(len(a), NO_DISTANCE, np.int16)
        numbers = np.full(len(a), number_of(signal), np.int8)
        similarity = np.minimum(similarity, 1).astype(np.float32)
        return cls(*_ordered(a, b), numbers, distance, similarity)._sorted()

    @classmethod
    def concatenate(cls, parts: Sequence[Self]) -> Self:
        """All edges of one part or more."""
        names = cls.__slots__
        return cls(*(np.concatenate([getattr(p, name) for p in parts]) for name in names))._sorted()

    def _sorted(self) -> Self:
        keys = pair_keys(self.a, self.b)
        if (keys[1:] > keys[:-1]).all():
            return self
        order = np.argsort(keys)
        if (np.diff(keys[order]) == 0).any():  # pairs with several signals
            order = np.lexsort((self.signal, -self.similarity, keys))
        return type(self)(*(getattr(self, name)[order] for name in self.__slots__))

    def __len__(self) -> int:
        return len(self.a)

    def graph(self, n: int) -> csr_matrix:
        """A symmetric (n, n) float32 graph of the greatest similarity of each pair."""
        first = self._first()
        starts = np.append(0, np.cumsum(np.bincount(self.a[first], minlength=n)))
        half = csr_matrix((self.similarity[first], self.b[first], starts), (n, n))
        return half + half.T

    def between(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """The number of the strongest edge of each pair (x, y); every pair must have one."""
        # Edges are ordered by pair, the strongest first: the leftmost is the one.
        found: np.ndarray = np.searchsorted(pair_keys(self.a, self.b), pair_keys(*_ordered(x, y)))
        return found

    def where(self, kept: np.ndarray) -> Self:
        """Some of the edges, (m,) bool."""
        return type(self)(*(getattr(self, name)[kept] for name in self.__slots__))

    def renumbered(self, numbers: np.ndarray) -> Self:
        """The same edges where node i is called `numbers[i]`, which increase with i."""
        rest = self.signal, self.distance, self.similarity
        numbers = numbers.astype(np.int32)
        return type(self)(numbers[self.a], numbers[self.b], *rest)

    def matches(self, names: pa.StringArray, relation: Relation) -> pa.Table:
        """The edges as rows of the matches table; `names` holds the nodes' digests."""
        return pa.Table.from_batches(self.batches(names, relation), MATCHES)

    def batches(
        self, names: pa.StringArray, relation: Relation, evidence: EvidenceOf | None = None
    ) -> Iterator[pa.RecordBatch]:
        """The rows of the matches table in their final order, some 100,000 at a time.

        A row takes 150 bytes, an edge 15: 50 million rows are never held together.
        """
        if not len(self):
            return
        by_name, rank = ranked(names)
        keys = self._keys(rank)
        order = np.argsort(keys)
        for start in range(0, len(order), _ROWS):
            at = order[start : start + _ROWS]
            a, b = np.divmod(keys[at] // len(SIGNALS), len(rank))
            distance = self.distance[at].astype(np.int32)
            columns = {
                "sha256_a": names.take(pa.array(by_name[a])),
                "sha256_b": names.take(pa.array(by_name[b])),
                "relation": pa.repeat(str(relation), len(at)),
                "signal": signal_names(self.signal[at]),
                "distance": pa.array(distance, mask=distance == NO_DISTANCE),
                "similarity": pa.array(self.similarity[at]),
            }
            known = verified(self.signal[at])
            if evidence is not None and known.any():
                columns |= zip(EVIDENCE.names, evidence(self.a[at], self.b[at], known), strict=True)
            arrays = [columns.get(field.name, pa.nulls(len(at), field.type)) for field in MATCHES]
            yield pa.RecordBatch.from_arrays(arrays, schema=MATCHES)

    def _keys(self, rank: np.ndarray) -> np.ndarray:
        """One number an edge that sorts like its row among the matches; a block at a time."""
        keys = np.empty(len(self), np.int64)
        by_name = np.argsort(np.argsort(list(SIGNALS)))  # the rank of each signal's name
        for start in range(0, len(keys), _ROWS):
            at = slice(start, start + _ROWS)
            a, b = _ordered(rank[self.a[at]], rank[self.b[at]])
            pair = a.astype(np.int64) * len(rank) + b
            keys[at] = pair * len(SIGNALS) + by_name[self.signal[at]]
        return keys

    def _first(self) -> np.ndarray | slice:
        """Where each pair's strongest edge stands."""
        keys = pair_keys(self.a, self.b)
        if (keys[1:] > keys[:-1]).all():
            return slice(None)
        return np.flatnonzero(np.diff(keys, prepend=-1))


def number_of(signal: str) -> int:
    """A signal's place among `SIGNALS`: one byte, where millions of edges would repeat its name."""
    return list(SIGNALS).index(signal)


def verified(numbers: np.ndarray) -> np.ndarray:
    """Which of some signals is that of local features: a match by it has evidence."""
    known: np.ndarray = numbers == number_of(Local.name)
    return known


def signal_names(numbers: np.ndarray) -> pa.StringArray:
    """The signals of some numbers."""
    return pa.array(list(SIGNALS)).take(pa.array(numbers))


def ranked(names: pa.StringArray) -> tuple[np.ndarray, np.ndarray]:
    """Where the names stand in ascending order, and the rank of each; both (n,) int32."""
    order = pc.sort_indices(names).to_numpy().astype(np.int32)
    rank = np.empty_like(order)
    rank[order] = np.arange(len(order), dtype=np.int32)
    return order, rank


def _ordered(a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    a, b = a.astype(np.int32), b.astype(np.int32)
    return np.minimum(a, b), np.maximum(a, b)


def pair_keys(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """One number, int64, per pair that sorts like the pair; nodes are fewer than 2 to the 31."""
    keys: np.ndarray = (a.astype(np.int64) << 32) | b
    return keys
