"""Weighs terms by class-based TF-IDF: how much each sets a group of texts apart.

After Grootendorst (2022, "BERTopic: Neural topic modeling with a class-based TF-IDF procedure"), a
term of frequency tf in a group has the weight tf · log(1 + A / f), where f is its frequency in all
groups and A the average number of terms per group. Texts in no group count as one more group; a
term counts once in each distinct text. This module computes log(1 + A / f); `keyphrases`, which
chooses the terms, counts tf.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

import numpy as np

from frametrace.matcher.framing.text.hashed_terms import BUCKETS, hashed
from frametrace.matcher.framing.text.text_samples import TextSamples

__all__ = ["TermWeights"]


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
        hashes = samples.terms.indices
        classes = [samples.outside, *samples.rows]
        average = len(hashes) / max(sum(len(rows) > 0 for rows in classes), 1)
        return cls(np.bincount(hashes, minlength=BUCKETS), average)

    def of_terms(self, terms: Iterable[str]) -> np.ndarray:
        """log(1 + A / f) of each term, (n,) float32."""
        return self.of_hashes(hashed([term] for term in terms).indices)

    def of_hashes(self, hashes: np.ndarray) -> np.ndarray:
        """The same of terms by their hashes."""
        weights: np.ndarray = np.log1p(self.average / np.maximum(self.frequency[hashes], 1))
        return weights.astype(np.float32)
