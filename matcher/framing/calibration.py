"""Calibrates similarities to rarity, so that the evidence of different signals can be added.

Rarity is −log₁₀ p: a similarity of rarity 3 is reached by one of 1,000 pairs of unrelated items of
the case. Unrelated pairs can't be distinguished from related ones beforehand, and in a case about
few events a fifth of all pairs is related. So the background is measured on its lower quarter,
which related pairs don't reach, and a logistic distribution is fitted to it. On captions of real
posts about 14 events, where pairs of different events are known, one in 10,000 is more similar than
0.54, which is calibrated to 3.7; on 2,500 captions of pictures of all kinds (flickr8k), one in
6,500 is more similar than 0.75, which is calibrated to 5.9 (docs/framings.md).
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations_with_replacement
from typing import Self

import numpy as np

__all__ = ["MAX_RARITY", "Background", "Backgrounds", "Prior"]

MAX_RARITY = 6.0  # rarer similarities count as equality
_PAIRS = 20_000  # sampled
_MIN_PAIRS = 2_000  # sampled of each pair of languages, if there are many
_PRIOR_PAIRS = 100  # added from the prior to each sample; they dominate in small cases
_UNKNOWN_PRIOR_PAIRS = 3  # of a prior that is only a guess
_MIN_SCALE, _MAX_SCALE = 0.8, 2.0  # of the prior's scale
_MAX_SHIFT = 4  # scales that a case's location may lie above the prior's
_QUANTILES = np.array([0.08, 0.25])
_LOGITS = np.log(_QUANTILES / (1 - _QUANTILES))  # their distance from the median, in scales
_SEED = 0


@dataclass(frozen=True, slots=True)
class Prior:
    """What is expected of a signal's background before a case is measured.

    `location` and `scale` are those of a logistic distribution. The measured scale is limited to
    0.8 to 2 times the prior's, and the location to four scales above: beyond that, all posts of the
    case are related. If the model is not `known`, only the case can give the location.
    """

    location: float
    scale: float
    known: bool = True


Compare = Callable[[np.ndarray, np.ndarray], np.ndarray]  # the similarities of m pairs of items


@dataclass(frozen=True, slots=True)
class Background:
    """The similarities of unrelated items, as a logistic distribution.

    `location` and `scale` are numbers, or (m,) float64 with the values of m pairs.
    """

    location: float | np.ndarray
    scale: float | np.ndarray

    @classmethod
    def measure(cls, count: int, compare: Compare, prior: Prior) -> Self:
        """Measure random pairs of `count` items."""
        return cls.of_pairs(*_within(np.arange(count), _PAIRS), compare, prior)

    @classmethod
    def of_pairs(cls, a: np.ndarray, b: np.ndarray, compare: Compare, prior: Prior) -> Self:
        """Measure m random pairs of items."""
        prior_pairs = _PRIOR_PAIRS if prior.known else _UNKNOWN_PRIOR_PAIRS
        expected = prior.location + prior.scale * _logistic_quantiles(prior_pairs)
        similarity = np.append(expected, compare(a, b))
        low, high = np.quantile(similarity, _QUANTILES)
        scale = (high - low) / (_LOGITS[1] - _LOGITS[0])
        scale = np.clip(scale, prior.scale * _MIN_SCALE, prior.scale * _MAX_SCALE)
        max_location = prior.location + _MAX_SHIFT * prior.scale if prior.known else np.inf
        location = min(high - _LOGITS[1] * scale, max_location)
        return cls(float(location), float(scale))

    def rarity(self, similarity: np.ndarray) -> np.ndarray:
        """The rarity of similarities, float32 in [0, `MAX_RARITY`]."""
        z = (similarity - self.location) / self.scale
        rarity = np.logaddexp(0, z) / np.log(10)
        # Values near the maximum are compressed but keep their order: nearest neighbours need it.
        bounded = MAX_RARITY - np.exp(np.minimum(MAX_RARITY - 1 - rarity, 0))
        result: np.ndarray = np.where(rarity < MAX_RARITY - 1, rarity, bounded)
        return result.astype(np.float32)

    def similarity_at(self, rarity: float) -> float:
        """The similarity of a rarity, before `rarity` bounds it."""
        return float(self.location + self.scale * np.log(10**rarity - 1))


@dataclass(frozen=True, slots=True)
class Backgrounds:
    """The background of each pair of languages: `location` and `scale`, (k, k) float64."""

    location: np.ndarray
    scale: np.ndarray

    @classmethod
    def measure(cls, language: np.ndarray, count: int, compare: Compare, prior: Prior) -> Self:
        """Measure random pairs of n items in each pair of `count` languages.

        `language` (n,) int64 is the number of each item's language.

        What two unrelated texts have in common depends on the languages that they are in. Where a
        case holds few texts, the prior dominates.
        """
        items = [np.flatnonzero(language == number) for number in range(count)]
        present = sum(len(rows) > 0 for rows in items)
        pairs = max(_PAIRS * 2 // max(present * (present + 1), 2), _MIN_PAIRS)
        location, scale = np.empty((2, count, count))
        for i, j in combinations_with_replacement(range(count), 2):
            a, b = _within(items[i], pairs) if i == j else _across(items[i], items[j], pairs)
            measured = Background.of_pairs(a, b, compare, prior)
            location[i, j] = location[j, i] = measured.location
            scale[i, j] = scale[j, i] = measured.scale
        return cls(location, scale)

    def between(self, a: np.ndarray | int, b: np.ndarray | int) -> Background:
        """The background of m pairs of languages, or of one."""
        return Background(self.location[a, b], self.scale[a, b])


def _within(items: np.ndarray, pairs: int) -> tuple[np.ndarray, np.ndarray]:
    count = len(items)
    rng = np.random.default_rng(_SEED)
    a, b = rng.integers(0, max(count, 1), (2, min(pairs, count * (count - 1) // 2)))
    distinct = a != b
    return items[a[distinct]], items[b[distinct]]


def _across(x: np.ndarray, y: np.ndarray, pairs: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(_SEED)
    size = min(pairs, len(x) * len(y))
    return x[rng.integers(0, max(len(x), 1), size)], y[rng.integers(0, max(len(y), 1), size)]


def _logistic_quantiles(count: int) -> np.ndarray:
    p = (np.arange(count) + 0.5) / count
    quantiles: np.ndarray = np.log(p / (1 - p))
    return quantiles
