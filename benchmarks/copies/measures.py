"""Measures how well a method ranks pairs: precision and recall at every similarity."""

from dataclasses import dataclass
from typing import Self

import numpy as np

__all__ = ["Curve", "share"]


@dataclass(frozen=True, slots=True)
class Curve:
    """A ranking of pairs: how many are at each similarity or above, true ones and all.

    `at` is (k,), the similarities that occur, falling; `true` and `listed` are (k,) int64 counts.
    Pairs of one similarity come in together, so their order says nothing. Of `positives` true
    pairs those that the method doesn't list at all are never found.
    """

    at: np.ndarray
    true: np.ndarray
    listed: np.ndarray
    positives: int

    @classmethod
    def of(cls, similarity: np.ndarray, true: np.ndarray, positives: int) -> Self:
        """From (n,) similarities of pairs and (n,) bool: which are true pairs."""
        at, which = np.unique(-similarity, return_inverse=True)
        listed = np.bincount(which, minlength=len(at))
        found = np.bincount(which, weights=true, minlength=len(at)).astype(np.int64)
        return cls(-at, found.cumsum(), listed.cumsum(), positives)

    @property
    def precision(self) -> np.ndarray:
        """(k,) float64: the fraction of the pairs down to each similarity that is true."""
        precision: np.ndarray = self.true / self.listed
        return precision

    @property
    def recall(self) -> np.ndarray:
        """(k,) float64: the fraction of all true pairs down to each similarity."""
        recall: np.ndarray = self.true / max(self.positives, 1)
        return recall

    def average_precision(self) -> float:
        """Micro-AP: the mean over true pairs of the precision at their ranks."""
        gained = np.diff(self.recall, prepend=0.0)
        return float((gained * self.precision).sum())

    def recall_at(self, precision: float) -> tuple[float, float]:
        """The highest recall with at least that precision, and the similarity where it is reached.

        Recall 0 at an infinite similarity if no threshold has that precision.
        """
        good = np.flatnonzero(self.precision >= precision)
        if not len(good):
            return 0.0, float("inf")
        return float(self.recall[good[-1]]), float(self.at[good[-1]])

    def down_to(self, similarity: float) -> tuple[float, float]:
        """Recall and precision of all pairs of that similarity or more; precision 1 of none."""
        count = int(np.searchsorted(-self.at, -similarity, side="right"))
        if not count:
            return 0.0, 1.0
        return float(self.recall[count - 1]), float(self.precision[count - 1])


def share(which: np.ndarray) -> float:
    """The fraction that is true; 0 of nothing."""
    return float(which.mean()) if len(which) else 0.0
