"""Verified pairs of nodes with the evidence that ties each: what groups are made from."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from scipy.sparse import coo_matrix, csr_matrix

from frametrace.embed.signals import SIGNALS
from frametrace.matcher.results import MATCHES, Relation

__all__ = ["NO_DISTANCE", "Edges", "number_of", "signal_names"]

NO_DISTANCE = -1  # similarities have no distance
_NAMES = tuple(SIGNALS)


@dataclass(frozen=True, slots=True)
class Edges:
    """m pairs a < b of node numbers (int64), each with one signal's evidence.

    `signal` is (m,) int8, a signal's `number_of`; `distance` (m,) int32 in bits or `NO_DISTANCE`;
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
        similarity = (1 - distance / bits).astype(np.float32)
        numbers = np.full(len(a), number_of(signal), np.int8)
        return cls(*_ordered(a, b), numbers, distance.astype(np.int32), similarity)._sorted()

    @classmethod
    def of_similarities(
        cls, a: np.ndarray, b: np.ndarray, signal: str, similarity: np.ndarray
    ) -> Self:
        """Edges of a cosine or Jaccard similarity."""
        distance = np.full(len(a), NO_DISTANCE, np.int32)
        numbers = np.full(len(a), number_of(signal), np.int8)
        similarity = np.minimum(similarity, 1).astype(np.float32)
        return cls(*_ordered(a, b), numbers, distance, similarity)._sorted()

    @classmethod
    def concatenate(cls, parts: Sequence[Self]) -> Self:
        """All edges of one part or more."""
        names = cls.__slots__
        return cls(*(np.concatenate([getattr(p, name) for p in parts]) for name in names))._sorted()

    def _sorted(self) -> Self:
        order = np.lexsort((self.signal, -self.similarity, self.b, self.a))
        return type(self)(*(getattr(self, name)[order] for name in self.__slots__))

    def graph(self, n: int) -> csr_matrix:
        """A symmetric (n, n) graph of the greatest similarity of each pair."""
        first = self._first()
        half = coo_matrix(
            (self.similarity[first], (self.a[first], self.b[first])), shape=(n, n), dtype=np.float64
        )
        return (half + half.T).tocsr()

    def between(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """The number of the strongest edge of each pair (x, y); every pair must have one."""
        first = self._first()
        keys = _key(self.a[first], self.b[first])
        found: np.ndarray = first[np.searchsorted(keys, _key(*_ordered(x, y)))]
        return found

    def matches(self, names: pa.StringArray, relation: Relation) -> pa.Table:
        """The edges as rows of the matches table; `names` holds the nodes' digests."""
        a, b = names.take(pa.array(self.a)), names.take(pa.array(self.b))
        swap = pc.greater(a, b)
        columns = {
            "sha256_a": pc.if_else(swap, b, a),
            "sha256_b": pc.if_else(swap, a, b),
            "relation": pa.repeat(str(relation), len(a)),
            "signal": signal_names(self.signal),
            "distance": pa.array(self.distance, mask=self.distance == NO_DISTANCE),
            "similarity": pa.array(self.similarity),
        }
        empty = {f.name: pa.nulls(len(a), f.type) for f in MATCHES if f.name not in columns}
        return pa.table({**columns, **empty}, schema=MATCHES)

    def _first(self) -> np.ndarray:
        """Where each pair's strongest edge stands."""
        return np.flatnonzero(np.diff(_key(self.a, self.b), prepend=-1))


def number_of(signal: str) -> int:
    """A signal's place among `SIGNALS`: one byte, where millions of edges would repeat its name."""
    return _NAMES.index(signal)


def signal_names(numbers: np.ndarray) -> pa.StringArray:
    """The signals of some numbers."""
    return pa.array(_NAMES).take(pa.array(numbers))


def _ordered(a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    a, b = a.astype(np.int64), b.astype(np.int64)
    return np.minimum(a, b), np.maximum(a, b)


def _key(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """One number per pair that sorts like the pair; nodes are fewer than 2 to the 31."""
    keys: np.ndarray = (a << 32) | b
    return keys
