"""Finds candidate pairs of similar keys by locality-sensitive hashing (LSH): MinHash bands.

Two keys become candidates when all values of one band agree. With b bands of r values, keys of
Jaccard similarity s do so with probability 1 - (1 - s^r)^b (Leskovec, Rajaraman and Ullman, Mining
of Massive Datasets, 3.4): 0.9998 at 0.8 and 0.06 at 0.25 for the 16 bands of 4 used here.
"""

from collections.abc import Iterator
from functools import cache

import numpy as np

from frametrace.index.base import CodeIndex, Hits

__all__ = ["BANDS", "MinHashIndex"]

BANDS = 16
_WINDOW = 16  # codes of a bucket that each code is paired with, besides the first
_ROWS = 1 << 17  # codes whose pairs in one band are listed at a time; 18 MB of pairs at most
_BLOCK = 1 << 12  # codes compared with a query at a time; they stay in a processor's cache
_PAIRS = 1 << 16  # pairs that are compared at a time; 32 MB of values


class MinHashIndex(CodeIndex):
    """Proposes candidates among (u, 64) uint32 MinHash values; verify them on the keys."""

    technique = "minhash-bands"
    recall = 1.0  # not measured; at a similarity of 0.8 it is 0.9998, see above

    def candidates(self, min_similarity: float = 0.0) -> Hits:
        """Every candidate pair once, query < row, ordered; the value is the estimated similarity.

        Pairs estimated below `min_similarity` are dropped at once and take no memory. Of the codes
        that share a band's value, each is paired with the first and the next sixteen. So a value
        that very many share (a slogan with endless variations) connects them all without forming a
        clique: a code has 272 pairs at most, and memory grows by 40 bytes for each pair kept.
        """
        u = len(self.codes)
        known = np.empty(0, np.int64)
        for band in range(BANDS):
            parts = [known]
            for block in self._band_pairs(band):
                keys = block[~_is_among(block, known)]
                if min_similarity > 0:
                    keys = keys[self._estimate(keys) >= min_similarity]
                parts.append(keys)
            known = np.sort(np.concatenate(parts))
        query, row = np.divmod(known, max(u, 1))
        return Hits(query, row, self._estimate(known))

    def search(self, queries: np.ndarray, bound: float | None = None, limit: int = 0) -> Hits:
        """The candidates of a few (m, 64) queries, most similar first by estimate."""
        parts = []
        for at, query in enumerate(queries if len(self.codes) else ()):
            rows = self._sharing_a_band(query)
            values = (self.codes.codes[rows] == query).mean(axis=1, dtype=np.float32)
            order = np.argsort(-values, kind="stable")[: limit or len(rows)]
            hits = Hits(np.full(len(order), at), rows[order], values[order])
            parts.append(hits if bound is None else hits.where(hits.value >= bound))
        return Hits.concatenate(parts, np.float32)

    def _sharing_a_band(self, query: np.ndarray) -> np.ndarray:
        """The rows of the codes that agree with a (64,) code in all values of a band."""
        agreeing = np.ones(self.dimension // BANDS, bool).view(np.uint32)
        rows = [np.empty(0, np.int64)]
        for start in range(0, len(self.codes), _BLOCK):
            same = self.codes.codes[start : start + _BLOCK] == query
            bands = np.flatnonzero(same.view(np.uint32) == agreeing)  # a band is four bytes
            rows.append(start + np.unique(bands // BANDS))
        return np.concatenate(rows)

    def _band_pairs(self, band: int) -> Iterator[np.ndarray]:
        """The pairs within the buckets of one band, block by block, sorted, query * u + row."""
        u = len(self.codes)
        bucket, order = self._buckets(band)
        first = np.searchsorted(bucket, bucket)
        for start in range(0, len(order), _ROWS):
            rows = np.arange(start, min(start + _ROWS, len(order)))
            far = rows[rows - first[rows] > _WINDOW]
            keys = [order[first[far]] * u + order[far]]
            for shift in range(1, _WINDOW + 1):
                rows = rows[rows < len(order) - shift]
                rows = rows[bucket[rows] == bucket[rows + shift]]
                keys.append(order[rows] * u + order[rows + shift])
            yield np.sort(np.concatenate(keys))

    def _buckets(self, band: int) -> tuple[np.ndarray, np.ndarray]:
        """The codes that share a band's value: the value's number and the codes' rows, ascending.

        A band's values are combined into one number whose low bits are replaced by the row, so that
        one sort is enough. Among a million codes, one pair of different values in 30 runs collides.
        """
        u = len(self.codes)
        width = self.codes.codes.shape[1] // BANDS
        values = self.codes.codes[:, band * width : (band + 1) * width].astype(np.uint64)
        mixed = (values * _factors(width)).sum(axis=1, dtype=np.uint64)
        bits = np.uint64(max(u - 1, 1).bit_length())
        mixed = np.sort(mixed >> bits << bits | np.arange(u, dtype=np.uint64))
        bucket = mixed >> bits
        shared = np.zeros(u, bool)
        same = bucket[1:] == bucket[:-1]
        shared[1:] |= same
        shared[:-1] |= same
        row = mixed[shared] & ((np.uint64(1) << bits) - np.uint64(1))
        return bucket[shared], row.astype(np.int64)

    def _estimate(self, keys: np.ndarray) -> np.ndarray:
        """The fraction of the 64 values that agree, (n,) float32, for pairs query * u + row."""
        codes = self.codes.codes
        values = np.empty(len(keys), np.float32)
        for start in range(0, len(keys), _PAIRS):
            query, row = np.divmod(keys[start : start + _PAIRS], len(codes))
            values[start : start + _PAIRS] = (codes[query] == codes[row]).mean(
                axis=1, dtype=np.float32
            )
        return values


@cache
def _factors(count: int) -> np.ndarray:
    """Odd factors that combine a band's values into one number, (count,) uint64.

    The raw stream of a bit generator never changes between versions of NumPy.
    """
    factors: np.ndarray = np.random.PCG64(1).random_raw(count) | np.uint64(1)
    return factors


def _is_among(keys: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Which keys are among the known ones; both are sorted."""
    if not len(known):
        return np.zeros(len(keys), bool)
    at = np.minimum(np.searchsorted(known, keys), len(known) - 1)
    is_known: np.ndarray = known[at] == keys
    return is_known
