"""Verified pairs of nodes with the evidence that ties each: what groups are made from."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import pyarrow as pa
from scipy.sparse import coo_matrix, csr_matrix

from frametrace.matcher.results import MATCHES, Relation

__all__ = ["NO_DISTANCE", "Edges"]

NO_DISTANCE = -1  # similarities have no distance


@dataclass(frozen=True, slots=True)
class Edges:
    """m pairs a < b of node numbers, each with one signal's evidence.

    `signal` is (m,) str, `distance` (m,) int32 in bits or `NO_DISTANCE`, `similarity` (m,) float32
    above 0. One pair may stand there once for each signal.
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
        return cls(*_ordered(a, b), np.full(len(a), signal), distance.astype(np.int32), similarity)

    @classmethod
    def of_similarities(
        cls, a: np.ndarray, b: np.ndarray, signal: str, similarity: np.ndarray
    ) -> Self:
        """Edges of a cosine or Jaccard similarity."""
        distance = np.full(len(a), NO_DISTANCE, np.int32)
        similarity = np.minimum(similarity, 1).astype(np.float32)
        return cls(*_ordered(a, b), np.full(len(a), signal), distance, similarity)

    @classmethod
    def concatenate(cls, parts: Sequence[Self]) -> Self:
        """All edges, ordered by pair; within a pair the greatest similarity first."""
        kinds = (np.int64, np.int64, "<U1", np.int32, np.float32)
        columns = [
            np.concatenate([np.empty(0, kind), *(getattr(part, name) for part in parts)])
            for name, kind in zip(cls.__slots__, kinds, strict=True)
        ]
        a, b, signal, _, similarity = columns
        order = np.lexsort((signal, -similarity, b, a))
        return cls(*(column[order] for column in columns))

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
        keys = np.rec.fromarrays((self.a[first], self.b[first]))
        found: np.ndarray = first[np.searchsorted(keys, np.rec.fromarrays(_ordered(x, y)))]
        return found

    def matches(self, names: Sequence[str], relation: Relation) -> pa.Table:
        """The edges as rows of the matches table; `names` holds the nodes' digests."""
        digests = np.asarray(names, dtype=object)
        a, b = digests[self.a], digests[self.b]
        swap = (a > b).astype(bool)
        columns = {
            "sha256_a": np.where(swap, b, a),
            "sha256_b": np.where(swap, a, b),
            "relation": np.full(len(a), str(relation), object),
            "signal": self.signal.astype(object),
            "distance": pa.array(self.distance, mask=self.distance == NO_DISTANCE),
            "similarity": self.similarity,
        }
        arrays = [
            pa.array(columns[field.name], field.type)
            if field.name in columns
            else pa.nulls(len(a), field.type)
            for field in MATCHES
        ]
        return pa.Table.from_arrays(arrays, schema=MATCHES)

    def _first(self) -> np.ndarray:
        """Where each pair's strongest edge stands."""
        if not len(self.a):
            return np.empty(0, np.int64)
        new = (self.a[1:] != self.a[:-1]) | (self.b[1:] != self.b[:-1])
        return np.flatnonzero(np.concatenate([[True], new]))


def _ordered(a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    a, b = a.astype(np.int64), b.astype(np.int64)
    return np.minimum(a, b), np.maximum(a, b)
