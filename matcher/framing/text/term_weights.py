"""Weighs terms by class-based TF-IDF: how much each sets a group of texts apart.

After Grootendorst (2022, "BERTopic: Neural topic modeling with a class-based TF-IDF procedure"), a
term of frequency tf in a group has the weight tf · log(1 + A / f), where f is its frequency in all
groups and A the average number of terms per group. Texts in no group count as one more group; a
term counts once in each distinct text. This module computes log(1 + A / f); `keyphrases`, which
chooses the terms, counts tf.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from frametrace.embed.text.tokenize import Piece, pieces, terms_of
from frametrace.matcher.framing.text.text_samples import TextSamples

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

__all__ = ["TermWeights"]

_BUCKETS = 1 << 22
_BLOCK = 8_192  # texts read at a time


@dataclass(frozen=True, slots=True)
class TermWeights:
    """The weights of the terms of sampled texts.

    `frequency` (2^22,) int64 is f by the hash of a term, `average` is A.
    """

    frequency: np.ndarray
    average: float

    @classmethod
    def of(cls, samples: TextSamples) -> Self:
        """Count the terms of all samples."""
        frequency = np.zeros(_BUCKETS, np.int64)
        total = 0
        classes = [samples.outside, *samples.rows]
        rows = np.concatenate(classes)
        for start in range(0, len(rows), _BLOCK):
            block = rows[start : start + _BLOCK].tolist()
            hashes = _hashed(pieces(samples.texts[row]) for row in block).indices
            np.add.at(frequency, hashes, 1)
            total += len(hashes)
        return cls(frequency, total / max(sum(len(rows) > 0 for rows in classes), 1))

    def of_terms(self, terms: Sequence[str]) -> np.ndarray:
        """log(1 + A / f) of each term, (n,) float32."""
        return self._of_hashes(_hasher().transform([term] for term in terms).indices)

    def vectors(self, texts: Sequence[Iterable[Piece]]) -> "csr_matrix":
        """The weights of the distinct terms of n texts, as n sparse rows of unit length."""
        from scipy.sparse import csr_matrix
        from sklearn.preprocessing import normalize

        hashed = _hashed(texts)
        distinct, columns = np.unique(hashed.indices, return_inverse=True)
        shape = hashed.shape[0], len(distinct)
        vectors = csr_matrix((self._of_hashes(hashed.indices), columns, hashed.indptr), shape)
        return normalize(vectors, copy=False)

    def _of_hashes(self, hashes: np.ndarray) -> np.ndarray:
        weights: np.ndarray = np.log1p(self.average / np.maximum(self.frequency[hashes], 1))
        return weights.astype(np.float32)


def _hashed(texts: Iterable[Iterable[Piece]]) -> "csr_matrix":
    """The terms of each text, hashed into sparse rows."""
    return _hasher().transform(map(terms_of, texts))


@cache
def _hasher() -> Any:
    from sklearn.feature_extraction import FeatureHasher

    return FeatureHasher(_BUCKETS, input_type="string", alternate_sign=False, dtype=np.float32)
