"""The edges of a graph of verified pairs, each with a signal, a distance and a similarity."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from scipy.sparse import coo_matrix, csr_matrix
from scipy.sparse.csgraph import connected_components

from frametrace.embed.signals import SIGNALS
from frametrace.embed.signals.local import Local
from frametrace.matcher.result_schemas import EVIDENCE, MATCHES, Relation

__all__ = [
    "NO_DISTANCE",
    "Edges",
    "EvidenceOf",
    "by_local_features",
    "components",
    "number_of",
    "pair_keys",
    "ranked",
    "signal_names",
]

NO_DISTANCE = -1  # of edges by a similarity instead of a distance
_ROWS = 1 << 18  # of the matches table, built at a time: 40 MB

# Returns the columns `EVIDENCE` of pairs of nodes a and b; null where the mask is false.
EvidenceOf = Callable[[np.ndarray, np.ndarray, np.ndarray], list[pa.Array]]


@dataclass(frozen=True, slots=True)
class Edges:
    """m edges between nodes a < b (int32), each by one signal.

    `signal` is (m,) int8, see `number_of`; `distance` (m,) int16 in bits or `NO_DISTANCE`;
    `similarity` (m,) float32 above 0. A pair may have one edge per signal. Ordered by pair; within
    a pair the greatest similarity comes first.
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
        """Edges by a hash of `bits` bits; the similarity is the part of equal bits."""
        similarity = 1 - distance.astype(np.float32) / np.float32(bits)
        numbers = np.full(len(a), number_of(signal), np.int8)
        return cls(*_ordered(a, b), numbers, distance.astype(np.int16), similarity)._sorted()

    @classmethod
    def of_similarities(
        cls, a: np.ndarray, b: np.ndarray, signal: str, similarity: np.ndarray
    ) -> Self:
        """Edges by a cosine or Jaccard similarity."""
        distance = np.full(len(a), NO_DISTANCE, np.int16)
        numbers = np.full(len(a), number_of(signal), np.int8)
        similarity = np.minimum(similarity, 1).astype(np.float32)
        return cls(*_ordered(a, b), numbers, distance, similarity)._sorted()

    @classmethod
    def concatenate(cls, parts: Sequence[Self]) -> Self:
        """The edges of one part or more."""
        names = cls.__slots__
        return cls(*(np.concatenate([getattr(p, name) for p in parts]) for name in names))._sorted()

    def _sorted(self) -> Self:
        keys = pair_keys(self.a, self.b)
        if (keys[1:] > keys[:-1]).all():
            return self
        order = np.argsort(keys)
        if (np.diff(keys[order]) == 0).any():  # some pair has several signals
            order = np.lexsort((self.signal, -self.similarity, keys))
        return type(self)(*(getattr(self, name)[order] for name in self.__slots__))

    def __len__(self) -> int:
        return len(self.a)

    def graph(self, n: int) -> csr_matrix:
        """A symmetric (n, n) float32 matrix with the greatest similarity of each pair."""
        first = self._strongest()
        starts = np.append(0, np.cumsum(np.bincount(self.a[first], minlength=n)))
        half = csr_matrix((self.similarity[first], self.b[first], starts), (n, n))
        return half + half.T

    def between(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """The position of the strongest edge of each pair (x, y); every pair must have one."""
        # Edges are ordered by pair, the strongest first, so the leftmost one is the strongest.
        keys = pair_keys(self.a, self.b)
        position: np.ndarray = np.searchsorted(keys, pair_keys(*_ordered(x, y)))
        return position

    def where(self, selected: np.ndarray) -> Self:
        """The edges that an (m,) bool array selects."""
        return type(self)(*(getattr(self, name)[selected] for name in self.__slots__))

    def renumbered(self, numbers: np.ndarray) -> Self:
        """The same edges with node i renamed to `numbers[i]`; `numbers` are ascending."""
        numbers = numbers.astype(np.int32)
        values = self.signal, self.distance, self.similarity
        return type(self)(numbers[self.a], numbers[self.b], *values)

    def matches(self, names: pa.StringArray, relation: Relation) -> pa.Table:
        """The edges as rows of the matches table; `names` holds the nodes' digests."""
        return pa.Table.from_batches(self.batches(names, relation), MATCHES)

    def batches(
        self, names: pa.StringArray, relation: Relation, evidence: EvidenceOf | None = None
    ) -> Iterator[pa.RecordBatch]:
        """The rows of the matches table in their final order, 262,144 at a time.

        A row takes 150 bytes, an edge 15: 50 million rows would not fit in memory.
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
            known = by_local_features(self.signal[at])
            if evidence is not None and known.any():
                columns |= zip(EVIDENCE.names, evidence(self.a[at], self.b[at], known), strict=True)
            arrays = [columns.get(field.name, pa.nulls(len(at), field.type)) for field in MATCHES]
            yield pa.RecordBatch.from_arrays(arrays, schema=MATCHES)

    def _keys(self, rank: np.ndarray) -> np.ndarray:
        """An integer per edge that sorts like its row in the matches table; built in blocks."""
        keys = np.empty(len(self), np.int64)
        name_rank = np.argsort(np.argsort(list(SIGNALS)))  # of each signal, alphabetically
        for start in range(0, len(keys), _ROWS):
            at = slice(start, start + _ROWS)
            a, b = _ordered(rank[self.a[at]], rank[self.b[at]])
            pair = a.astype(np.int64) * len(rank) + b
            keys[at] = pair * len(SIGNALS) + name_rank[self.signal[at]]
        return keys

    def _strongest(self) -> np.ndarray | slice:
        """The position of each pair's strongest edge."""
        keys = pair_keys(self.a, self.b)
        if (keys[1:] > keys[:-1]).all():
            return slice(None)
        return np.flatnonzero(np.diff(keys, prepend=-1))


def number_of(signal: str) -> int:
    """A signal's position in `SIGNALS`: one byte, so that millions of edges don't repeat names."""
    return list(SIGNALS).index(signal)


def by_local_features(numbers: np.ndarray) -> np.ndarray:
    """Which edges, given their signals' numbers, are by local features: these have evidence."""
    is_local: np.ndarray = numbers == number_of(Local.name)
    return is_local


def signal_names(numbers: np.ndarray) -> pa.StringArray:
    """The names of signals given by number."""
    return pa.array(list(SIGNALS)).take(pa.array(numbers))


def ranked(names: pa.StringArray) -> tuple[np.ndarray, np.ndarray]:
    """The names' positions in ascending order, and the rank of each; both (n,) int32."""
    order = pc.sort_indices(names).to_numpy().astype(np.int32)
    rank = np.empty_like(order)
    rank[order] = np.arange(len(order), dtype=np.int32)
    return order, rank


def _ordered(a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    a, b = a.astype(np.int32), b.astype(np.int32)
    return np.minimum(a, b), np.maximum(a, b)


def pair_keys(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """An int64 per pair that sorts like the pair; there must be fewer than 2**31 nodes."""
    keys: np.ndarray = (a.astype(np.int64) << 32) | b
    return keys


def components(a: np.ndarray, b: np.ndarray, count: int) -> np.ndarray:
    """The number of the connected component of each of `count` nodes, (count,) int32."""
    graph = coo_matrix((np.ones(len(a), bool), (a, b)), (count, count))
    component: np.ndarray = connected_components(graph, directed=False)[1]
    return component
