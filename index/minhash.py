"""Candidate pairs of similar keys, by banding of their MinHash values.

Two keys become candidates when all values of one band agree. With b bands of r values, keys of
Jaccard similarity s do so with probability 1 - (1 - s^r)^b (Leskovec, Rajaraman and Ullman, Mining
of Massive Datasets, 3.4): 0.9998 at 0.8 and 0.06 at 0.25 for the 16 bands of 4 used here.
"""

import numpy as np

from frametrace.index.codes import Codes
from frametrace.index.hits import Hits

__all__ = ["BANDS", "MinHashIndex"]

BANDS = 16
_WINDOW = 16


class MinHashIndex:
    """Candidates among (u, 64) uint32 MinHash values; to be verified on the keys themselves."""

    technique = "minhash-bands"

    def __init__(self, codes: Codes) -> None:
        self.codes = codes

    def pairs(self) -> Hits:
        """Every candidate pair once, query < row, ordered; the value is the estimated similarity.

        Of codes that share a band's value, each is paired with the first and the next sixteen. So
        a value that a great many share (a slogan with endless variations) connects them all, and
        never makes a clique.
        """
        u = len(self.codes)
        keys = [np.empty(0, np.int64)]
        for band in _bands(self.codes.codes) if u else ():
            _, bucket = np.unique(band, return_inverse=True)
            order = np.argsort(bucket, kind="stable")
            bucket = bucket[order]
            first = np.searchsorted(bucket, bucket)
            keys.append(order[first] * u + order)
            for shift in range(1, min(_WINDOW, u - 1) + 1):
                same = np.flatnonzero(bucket[shift:] == bucket[:-shift])
                keys.append(order[same] * u + order[same + shift])
        query, row = np.divmod(np.unique(np.concatenate(keys)), max(u, 1))
        keep = query != row
        return Hits(query[keep], row[keep], _estimate(self.codes.codes, query[keep], row[keep]))

    def search(self, queries: np.ndarray) -> Hits:
        """All candidates of a few (m, 64) queries, most similar first."""
        found = []
        for at, query in enumerate(queries if len(self.codes) else ()):
            same = (self.codes.codes == query).reshape(len(self.codes), BANDS, -1)
            rows = np.flatnonzero(same.all(axis=2).any(axis=1))
            values = same[rows].mean(axis=(1, 2), dtype=np.float32)
            order = np.argsort(-values, kind="stable")
            found.append(Hits(np.full(len(rows), at), rows[order], values[order]))
        return Hits.concatenate(found, np.float32)


def _bands(codes: np.ndarray) -> list[np.ndarray]:
    """The (u,) values of each band as byte strings that compare like their rows."""
    width = codes.shape[1] // BANDS
    kind = np.dtype((np.void, width * codes.itemsize))
    return [
        np.ascontiguousarray(codes[:, at : at + width]).view(kind).ravel()
        for at in range(0, codes.shape[1], width)
    ]


def _estimate(codes: np.ndarray, query: np.ndarray, row: np.ndarray) -> np.ndarray:
    values = np.empty(len(query), np.float32)
    for start in range(0, len(query), 100_000):
        part = slice(start, start + 100_000)
        values[part] = (codes[query[part]] == codes[row[part]]).mean(axis=1)
    return values
