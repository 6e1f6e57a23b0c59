"""Exact search among hashes by Hamming distance."""

from collections.abc import Iterator

import numpy as np

from frametrace.index.codes import Codes
from frametrace.index.hits import Hits

__all__ = ["BinaryIndex"]

_BLOCK = 512  # queries at a time: bounds what one range search can return


class BinaryIndex:
    """All codes within a radius, none missed: a linear scan over distinct codes."""

    technique = "binary-flat"

    def __init__(self, codes: Codes) -> None:
        self.codes = codes

    def search(self, queries: np.ndarray, radius: int) -> Hits:
        """For each of a few (m, k) queries, all codes at `radius` bits or less, nearest first."""
        found = []
        for at, query in enumerate(queries if len(self.codes) else ()):
            bits = np.bitwise_count(_words(self.codes.codes) ^ _words(query[None]))
            distances = bits.sum(axis=1, dtype=np.int32)
            rows = np.flatnonzero(distances <= radius)
            rows = rows[np.argsort(distances[rows], kind="stable")]
            found.append(Hits(np.full(len(rows), at), rows, distances[rows]))
        return Hits.concatenate(found, np.int32)

    def pairs(self, radius: int) -> Iterator[Hits]:
        """Every pair of distinct codes at `radius` bits or less once, query < row, in batches."""
        for hits in self.pairs_with(self.codes.codes, radius):
            yield hits.where(hits.query < hits.row)

    def pairs_with(self, queries: np.ndarray, radius: int) -> Iterator[Hits]:
        """For many (m, k) queries, all codes at `radius` bits or less, in batches, ordered."""
        import faiss

        if not len(self.codes) or not len(queries):
            return
        index = faiss.IndexBinaryFlat(self.codes.codes.shape[1] * 8)
        index.add(np.ascontiguousarray(self.codes.codes))
        for start in range(0, len(queries), _BLOCK):
            block = np.ascontiguousarray(queries[start : start + _BLOCK])
            # FAISS returns what is strictly below its radius.
            limits, distances, rows = index.range_search(block, radius + 1)
            query = np.repeat(np.arange(start, start + len(block)), _sizes(limits))
            order = np.lexsort((rows, query))
            yield Hits(query[order], rows[order], distances[order].astype(np.int32))


def _sizes(limits: np.ndarray) -> np.ndarray:
    """How many hits each query has, int64; FAISS gives where they end, as uint64."""
    ends = limits.astype(np.int64)
    return ends[1:] - ends[:-1]


def _words(codes: np.ndarray) -> np.ndarray:
    """(n, k) uint8 → (n, k / 8) uint64 without copying."""
    return np.ascontiguousarray(codes).view(np.uint64)
