"""Searches hashes by Hamming distance, exactly."""

from collections.abc import Iterator
from pathlib import Path
from typing import Self

import numpy as np

from frametrace.index.arrays import map_array, save_array
from frametrace.index.base import CodeIndex, Hits, Manifest
from frametrace.index.distinct_codes import Codes
from frametrace.index.hamming.hamming_join import HammingJoin, as_words

__all__ = ["HammingIndex"]

_FIRST_WORDS = 2  # words of 64 bits that are compared before the rest
_FILE = "first_words.npy"
_BLOCK = 2**16  # codes at a time, so that intermediate results stay in a processor's cache


class HammingIndex(CodeIndex):
    """Finds all codes within a radius and misses none.

    A few queries scan the first 128 bits of every code, stored word by word, and then the remaining
    bits of the few codes that these don't rule out. Many queries are joined (`HammingJoin`).
    """

    technique = "binary-scan"
    recall = 1.0
    files = (*CodeIndex.files, _FILE)

    def __init__(self, codes: Codes, first_words: np.ndarray | None = None) -> None:
        super().__init__(codes)
        self._words = as_words(codes.codes)
        if first_words is None:
            first_words = np.ascontiguousarray(self._words[:, :_FIRST_WORDS].T)
        self._first_words = first_words

    def save(self, folder: Path) -> None:
        """Write the first words."""
        save_array(folder / _FILE, self._first_words)

    @classmethod
    def load(cls, codes: Codes, folder: Path, manifest: Manifest) -> Self:
        """Map what `save` wrote. Raises `OSError` or `ValueError` if it is damaged."""
        first_words = map_array(folder / _FILE)
        if first_words.shape[1:] != (len(codes),):
            raise ValueError(f"{_FILE} does not belong to the codes")
        return cls(codes, first_words)

    def search(self, queries: np.ndarray, bound: float | None = None, limit: int = 0) -> Hits:
        """For each of a few (m, k) queries, the codes at `bound` bits or less, nearest first."""
        radius = 8 * self.dimension if bound is None else int(bound)
        hits = []
        for number, query in enumerate(as_words(queries)):
            rows = self._candidates(query, radius)
            bits = np.bitwise_count(self._words[rows] ^ query)
            distances = bits.sum(axis=1, dtype=np.int32)
            near = np.flatnonzero(distances <= radius)
            near = near[np.argsort(distances[near], kind="stable")][: limit or len(near)]
            hits.append(Hits(np.full(len(near), number), rows[near], distances[near]))
        return Hits.concatenate(hits, np.int32)

    def _candidates(self, query: np.ndarray, radius: int) -> np.ndarray:
        """The rows whose first words differ from the query's in `radius` bits or less, in order."""
        rows = [np.empty(0, np.int64)]
        for start in range(0, len(self.codes), _BLOCK):
            block = self._first_words[:, start : start + _BLOCK]
            bits = np.bitwise_count(block[0] ^ query[0])  # uint8: two words differ in 128 at most
            for words, query_word in zip(block[1:], query[1:], strict=False):
                bits += np.bitwise_count(words ^ query_word)
            rows.append(start + np.flatnonzero(bits <= radius))
        return np.concatenate(rows)

    def pairs_between(self, queries: np.ndarray, radius: int) -> Iterator[Hits]:
        """For many (m, k) queries, all codes at `radius` bits or less, once each, in batches."""
        yield from HammingJoin(queries, self.codes.codes, radius=radius)
