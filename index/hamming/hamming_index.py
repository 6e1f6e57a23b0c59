"""Exact search among hashes by Hamming distance."""

from collections.abc import Iterator
from pathlib import Path
from typing import Self

import numpy as np

from frametrace.index.arrays import map_array, save_array
from frametrace.index.base import CodeIndex, Hits, Manifest
from frametrace.index.codes import Codes
from frametrace.index.hamming.hamming_join import Join

__all__ = ["HammingIndex"]

_FILTER = 2  # words of 64 bits that are compared before the others
_FILE = "first_words.npy"
_BLOCK = 2**16  # codes at a time: what is computed of them stays in a processor's cache


class HammingIndex(CodeIndex):
    """All codes within a radius, none missed.

    For a query or a few, a linear scan over the first 128 bits of every code, kept apart word by
    word, and over the rest of those few codes that these don't rule out.
    """

    technique = "binary-scan"

    def __init__(self, codes: Codes, first_words: np.ndarray | None = None) -> None:
        super().__init__(codes)
        self._words = _words(codes.codes)
        if first_words is None:
            first_words = np.ascontiguousarray(self._words[:, :_FILTER].T)
        self._first_words = first_words

    @property
    def extra_files(self) -> tuple[str, ...]:
        """The first words of the codes."""
        return (_FILE,)

    def save(self, folder: Path) -> None:
        """Write the first words."""
        save_array(folder / _FILE, self._first_words)

    @classmethod
    def load(cls, codes: Codes, folder: Path, manifest: Manifest) -> Self:
        """Map what `save` wrote. Raises `OSError` or `ValueError` where it is damaged."""
        first_words = map_array(folder / _FILE)
        if first_words.shape[1:] != (len(codes),):
            raise ValueError(f"{_FILE} does not belong to the codes")
        return cls(codes, first_words)

    def search(self, queries: np.ndarray, bound: float | None = None, limit: int = 0) -> Hits:
        """For each of a few (m, k) queries, the codes at `bound` bits or less, nearest first."""
        radius = 8 * self.dimension if bound is None else int(bound)
        found = []
        for at, query in enumerate(_words(queries)):
            rows = self._not_ruled_out(query, radius)
            bits = np.bitwise_count(self._words[rows] ^ query)
            distances = bits.sum(axis=1, dtype=np.int32)
            near = np.flatnonzero(distances <= radius)
            near = near[np.argsort(distances[near], kind="stable")][: limit or len(near)]
            found.append(Hits(np.full(len(near), at), rows[near], distances[near]))
        return Hits.concatenate(found, np.int32)

    def _not_ruled_out(self, query: np.ndarray, radius: int) -> np.ndarray:
        """The rows whose first words differ from the query's in `radius` bits or less, in order."""
        found = [np.empty(0, np.int64)]
        for start in range(0, len(self.codes), _BLOCK):
            block = self._first_words[:, start : start + _BLOCK]
            bits = np.bitwise_count(block[0] ^ query[0])  # two words differ in 128 bits at most
            for word, wanted in zip(block[1:], query[1:], strict=False):
                bits += np.bitwise_count(word ^ wanted)
            found.append(start + np.flatnonzero(bits <= radius))
        return np.concatenate(found)

    def pairs(self, bound: float) -> Iterator[Hits]:
        """Every pair of distinct codes at `bound` bits or less once, query < row, in batches."""
        yield from Join(self.codes.codes, radius=int(bound))

    def pairs_between(self, queries: np.ndarray, bound: float) -> Iterator[Hits]:
        """For many (m, k) queries, all codes at `bound` bits or less, once each, in batches."""
        yield from Join(queries, self.codes.codes, radius=int(bound))


def _words(codes: np.ndarray) -> np.ndarray:
    """(n, k) uint8 → (n, k / 8) uint64 without copying."""
    return np.ascontiguousarray(codes).view(np.uint64)
