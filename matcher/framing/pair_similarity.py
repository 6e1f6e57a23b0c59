"""Holds the similarity of pairs of texts or pictures: rarity, raw value, and signal used."""

from dataclasses import dataclass
from enum import IntEnum
from typing import Self

import numpy as np

from frametrace.embed.signals.caption import Caption
from frametrace.embed.signals.caption_key import CaptionKey
from frametrace.embed.signals.clip import Clip
from frametrace.matcher.framing.distinct_contents import NONE

__all__ = ["MIN_AGREEMENT", "Basis", "PairSimilarity"]

MIN_AGREEMENT = 3.0  # rarity from which texts agree: reached by one in 1,000 unrelated pairs


class Basis(IntEnum):
    """What the similarity of a pair is based on."""

    NOTHING = 0
    CAPTION_KEY = 1
    CAPTION = 2
    PHOTO = 3
    CLIP = 4

    @property
    def signal(self) -> str:
        """The signal's name; `photo` for copies of one photo, by whatever signal."""
        names = {self.CAPTION_KEY: CaptionKey.name, self.CAPTION: Caption.name}
        return {**names, self.PHOTO: "photo", self.CLIP: Clip.name}.get(self, "")


@dataclass(frozen=True, slots=True)
class PairSimilarity:
    """The similarity of m pairs of items `a` and `b`, (m,) int64 each.

    `rarity` (m,) float32 is calibrated, `similarity` (m,) float32 is raw; `basis` (m,) int8 holds
    values of `Basis`.
    """

    rarity: np.ndarray
    similarity: np.ndarray
    basis: np.ndarray
    a: np.ndarray
    b: np.ndarray

    @classmethod
    def nothing(cls, count: int) -> Self:
        """Pairs without items to compare."""
        rarity, similarity = np.zeros((2, count), np.float32)
        a, b = np.full((2, count), NONE, np.int64)
        return cls(rarity, similarity, np.zeros(count, np.int8), a, b)

    def take(self, rows: np.ndarray) -> Self:
        """Some of the pairs."""
        return type(self)(*(getattr(self, name)[rows] for name in self.__slots__))

    def put(self, rows: np.ndarray, pairs: Self) -> Self:
        """A copy with the rows at `rows` replaced by `pairs`."""
        columns = [getattr(self, name).copy() for name in self.__slots__]
        for column, name in zip(columns, self.__slots__, strict=True):
            column[rows] = getattr(pairs, name)
        return type(self)(*columns)

    def or_rarer(self, pairs: Self) -> Self:
        """For each pair, the rarer of this similarity and that in `pairs`."""
        rarer = pairs.rarity > self.rarity
        names = self.__slots__
        return type(self)(*(np.where(rarer, getattr(pairs, n), getattr(self, n)) for n in names))

    def rarest(self, pair: np.ndarray, count: int) -> Self:
        """The rarest row of each of `count` pairs; of equally rare rows, the first.

        `pair` (m,) is the number of the pair that each row belongs to.
        """
        order = np.lexsort((-self.rarity, pair))
        present, first = np.unique(pair[order], return_index=True)
        return type(self).nothing(count).put(present, self.take(order[first]))
