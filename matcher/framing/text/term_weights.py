"""The distinct texts of each group, not too many, and how much each of their terms sets them apart.

A text that was pasted 500 times counts once, whatever links, mentions and emoji it was pasted with.
Of a group up to 256 distinct texts are read, of the texts in no group 100,000; which, their digests
decide, so that their order doesn't matter.

Terms are weighted by class-based TF-IDF (Grootendorst 2022, "BERTopic: Neural topic modeling with a
class-based TF-IDF procedure"): a term of frequency tf in a group weighs tf · log(1 + A / f), where
f is its frequency in all groups and A the average number of terms of a group. Texts in no group are
one group more; a term counts once in each distinct text.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from frametrace.matcher.framing.text.tokenize import Piece, pieces, spelled, terms_of

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

__all__ = ["NONE", "Samples"]

NONE = -1
_MOST = 256  # distinct texts of one group
_MOST_OUTSIDE = 100_000  # of the texts in no group
_TRIED = 4  # texts read, at most, for each distinct one that is sought
_BUCKETS = 1 << 22
_BLOCK = 8_192  # texts


@dataclass(frozen=True, slots=True)
class Samples:
    """Samples of n groups: for each the `rows` of distinct ones of `texts` that hold letters.

    `frequency`, (2^22,) int64, is f by the hash of a term, `average` is A.
    """

    texts: Sequence[str]
    rows: list[np.ndarray]
    frequency: np.ndarray
    average: float

    @classmethod
    def of(cls, texts: Sequence[str], group: np.ndarray, count: int) -> Self:
        """Of texts and the number of the group of each, (n,) int64 below `count`, or `NONE`."""
        order, starts = _by_group(texts, group, count)
        frequency = np.zeros(_BUCKETS, np.int64)
        said = 0
        outside = _distinct(texts, order[: starts[0]], _MOST_OUTSIDE)
        taken = [_distinct(texts, order[a:b], _MOST) for a, b in pairwise(starts.tolist())]
        read = np.concatenate([outside, *taken])
        for start in range(0, len(read), _BLOCK):
            some = read[start : start + _BLOCK].tolist()
            found = _hashed(_said(texts[row]) for row in some).indices
            np.add.at(frequency, found, 1)
            said += len(found)
        classes = sum(len(rows) > 0 for rows in (outside, *taken))
        return cls(texts, taken, frequency, said / max(classes, 1))

    def said(self, group: int) -> list[tuple[Piece, ...]]:
        """The pieces of each text of a group's sample."""
        return [_said(self.texts[row]) for row in self.rows[group].tolist()]

    def weights(self, some: Sequence[str]) -> np.ndarray:
        """log(1 + A / f) of each of some terms, (n,) float32."""
        return self._weights(_hasher().transform([term] for term in some).indices)

    def vectors(self, said: Sequence[Iterable[Piece]]) -> "csr_matrix":
        """The weights of the different terms of each of n texts, as n rows of unit length."""
        from scipy.sparse import csr_matrix
        from sklearn.preprocessing import normalize

        hashed = _hashed(said)
        known, columns = np.unique(hashed.indices, return_inverse=True)
        shape = hashed.shape[0], len(known)
        vectors = csr_matrix((self._weights(hashed.indices), columns, hashed.indptr), shape)
        return normalize(vectors, copy=False)

    def _weights(self, hashed: np.ndarray) -> np.ndarray:
        weights: np.ndarray = np.log1p(self.average / np.maximum(self.frequency[hashed], 1))
        return weights.astype(np.float32)


def _by_group(texts: Sequence[str], group: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """All rows, those of each group together in the order of digests, and where each group begins.

    Before the first of them are those in no group.
    """
    order = np.lexsort((np.fromiter(map(_digest, texts), np.uint64, len(texts)), group))
    return order, np.searchsorted(group[order], np.arange(count + 1))


def _distinct(texts: Sequence[str], rows: np.ndarray, most: int) -> np.ndarray:
    """Rows of different texts that hold letters, `most` at most."""
    seen: set[int] = set()
    kept = []
    for row in rows[: _TRIED * most].tolist():
        words = " ".join(piece.text for piece in _said(texts[row]))
        if words and (digest := _digest(words)) not in seen:
            seen.add(digest)
            kept.append(row)
            if len(kept) == most:
                break
    return np.array(kept, np.int64)


def _said(text: str) -> tuple[Piece, ...]:
    return tuple(pieces(spelled(text)))


def _digest(text: str) -> int:
    return int.from_bytes(hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=8).digest())


def _hashed(said: Iterable[Iterable[Piece]]) -> "csr_matrix":
    """The terms of each text by their hashes."""
    return _hasher().transform(map(terms_of, said))


@cache
def _hasher() -> Any:
    from sklearn.feature_extraction import FeatureHasher

    return FeatureHasher(_BUCKETS, input_type="string", alternate_sign=False, dtype=np.float32)
