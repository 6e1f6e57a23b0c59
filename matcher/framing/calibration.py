"""How similar unrelated items of a case are under one signal, so that signals can be added.

A similarity is calibrated to the number of decades by which it is rare: 3 is reached by one of
1,000 pairs of unrelated items. Unrelated pairs can't be told from the others beforehand, and in a
case about few events a fifth of all pairs is related; so the background is measured on its lower
half, which they don't reach: its median, and its spread below that. Above, a logistic tail is
assumed. On captions of real posts about 14 events, where pairs of different events are known, one
of 10,000 lies above 0.54 and is calibrated to 3.0; on 2,500 captions of pictures of all kinds
(flickr8k) one of 7,000 lies above 0.75 and is calibrated to 5: a tail is as heavy as the case has
subjects, and a normal one would say 4.1 and 10.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

import numpy as np

__all__ = ["MOST", "Background", "Floor"]

MOST = 6.0  # decades; what is rarer is as good as the same
_PAIRS = 20_000
_PRIOR = 100  # pairs of the prior that every case's own are added to; a small case has no others
_GUESSED = 3  # where it is no more than a guess
_NARROWEST, _WIDEST = 0.8, 2.0
_FURTHEST = 4  # scales that a case's location may lie above what is known beforehand
_QUANTILES = np.array([0.08, 0.25])
_LOGITS = np.log(_QUANTILES / (1 - _QUANTILES))  # scales from the median that they lie at
_SEED = 0


@dataclass(frozen=True, slots=True)
class Floor:
    """What a signal's background is taken for where the case says nothing else.

    `location` and `scale` are those of the logistic distribution. A case's own is not believed
    where its scale is less than 0.8 or more than 2 times that, or its location more than four
    scales above: all of its posts are related then. Of a model that is not `known` the case alone
    can tell the location.
    """

    location: float
    scale: float
    known: bool = True


@dataclass(frozen=True, slots=True)
class Background:
    """A logistic distribution of the similarities of unrelated items."""

    location: float
    scale: float

    @classmethod
    def measure(
        cls, count: int, compare: Callable[[np.ndarray, np.ndarray], np.ndarray], floor: Floor
    ) -> Self:
        """Of `count` items, by random pairs; `compare` gives the similarities of (m,) pairs."""
        rng = np.random.default_rng(_SEED)
        some = min(_PAIRS, count * (count - 1) // 2)
        a, b = rng.integers(0, max(count, 1), (2, some))
        different = a != b
        many = _PRIOR if floor.known else _GUESSED
        prior = floor.location + floor.scale * _logistic_quantiles(many)
        found = np.append(prior, compare(a[different], b[different]))
        low, high = np.quantile(found, _QUANTILES)
        scale = (high - low) / (_LOGITS[1] - _LOGITS[0])
        scale = np.clip(scale, floor.scale * _NARROWEST, floor.scale * _WIDEST)
        furthest = floor.location + _FURTHEST * floor.scale if floor.known else np.inf
        location = min(high - _LOGITS[1] * scale, furthest)
        return cls(float(location), float(scale))

    def calibrated(self, similarity: np.ndarray) -> np.ndarray:
        """By how many decades a similarity is rare, float32 in [0, `MOST`]."""
        z = (similarity - self.location) / self.scale
        decades = np.logaddexp(0, z) / np.log(10)
        # What is far out is bounded, and still in order: nearest neighbours are told by it.
        bounded = MOST - np.exp(np.minimum(MOST - 1 - decades, 0))
        near: np.ndarray = np.where(decades < MOST - 1, decades, bounded)
        return near.astype(np.float32)

    def reached_at(self, decades: float) -> float:
        """The similarity that is rare by so many decades, before `calibrated` bounds them."""
        return self.location + self.scale * float(np.log(10**decades - 1))


def _logistic_quantiles(count: int) -> np.ndarray:
    p = (np.arange(count) + 0.5) / count
    quantiles: np.ndarray = np.log(p / (1 - p))
    return quantiles
