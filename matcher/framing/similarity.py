"""How alike texts and pictures are, calibrated: each kind of item by the best of its signals.

Signals of one item measure one thing in several ways, so the best counts; captions, lettering and
looks are different things, and are added (see `fusing`).
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import IntEnum
from typing import Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from frametrace.case.store import Case
from frametrace.embed.signals.caption import BUNDLED_MODEL, MULTILINGUAL_MODEL, Caption
from frametrace.embed.signals.caption_key import CaptionKey
from frametrace.embed.signals.clip import Clip
from frametrace.embed.text.ngrams import jaccards
from frametrace.index.minhash import MinHashIndex
from frametrace.index.store import open_as
from frametrace.index.vectors import VectorIndex
from frametrace.matcher.framing.calibration import MOST, Background, Floor
from frametrace.matcher.framing.distinct_contents import NONE, Contents

__all__ = [
    "SAME_PHOTO",
    "Alike",
    "Looks",
    "Means",
    "Texts",
    "Vectors",
    "caption_floor",
    "cosine_of",
    "nearness",
]

# Decades of two posts that carry one photo: copies are verified, and chance gives one wrong pair in
# 10,000 or fewer (docs/signals.md).
SAME_PHOTO = 4.0

# Of vectors the nearness in angle, 0 for a right angle and 1 for the same, as cosines are crowded
# near 1. What is known beforehand of captions is all-MiniLM-L6-v2's on captions of pictures of all
# kinds (2,500 of flickr8k); a case of a few hundred texts outweighs it.
_CAPTION = Floor(0.04, 0.037)
_KNOWN_MODELS = (BUNDLED_MODEL, MULTILINGUAL_MODEL)  # the second was taught to agree with its like
_KEY = Floor(0.03, 0.04)  # unrelated captions share few trigrams, however many are compared
_CLIP = Floor(0.33, 0.04)  # a cosine of 0.5, and a tenth around it; no weights to measure it by
_LEAST = 1.0  # decades from which vectors tell anything: one of ten unrelated pairs has more
_LEAST_SHARED = 0.4  # of the MinHash values; what is less alike makes no decades that count
_BLOCK = 4096  # pairs of vectors compared at a time


class Means(IntEnum):
    """By what two items were found alike."""

    NOTHING = 0
    CAPTION_KEY = 1
    CAPTION = 2
    PHOTO = 3
    CLIP = 4

    @property
    def signal(self) -> str:
        """The signal's name; `photo` for copies of one photo, whatever told so."""
        names = {self.CAPTION_KEY: CaptionKey.name, self.CAPTION: Caption.name}
        return {**names, self.PHOTO: "photo", self.CLIP: Clip.name}.get(self, "")


@dataclass(frozen=True, slots=True)
class Alike:
    """m pairs of items `a` and `b`, (m,) int64, and how alike they are.

    `decades` (m,) float32 is calibrated, `similarity` (m,) float32 raw, by `means` (m,) int8.
    """

    decades: np.ndarray
    similarity: np.ndarray
    means: np.ndarray
    a: np.ndarray
    b: np.ndarray

    @classmethod
    def nothing(cls, count: int) -> Self:
        """Pairs without an item to compare."""
        decades, similarity = np.zeros((2, count), np.float32)
        a, b = np.full((2, count), NONE, np.int64)
        return cls(decades, similarity, np.zeros(count, np.int8), a, b)

    def or_better(self, others: Self) -> Self:
        """Each pair as the one or the other says, whichever has more decades."""
        better = others.decades > self.decades
        names = self.__slots__
        return type(self)(*(np.where(better, getattr(others, n), getattr(self, n)) for n in names))

    def instead(self, at: np.ndarray, others: Self) -> Self:
        """Other pairs, of which those at some places are replaced where these are more alike."""
        names = self.__slots__
        there = type(self)(*(getattr(others, name)[at] for name in names)).or_better(self)
        for name in names:
            getattr(others, name)[at] = getattr(there, name)
        return others

    def best(self, pair: np.ndarray, count: int) -> Self:
        """Of rows that belong to `count` pairs the best of each; of equals the first."""
        best = type(self).nothing(count)
        order = np.lexsort((-self.decades, pair))
        found, first = np.unique(pair[order], return_index=True)
        for name in self.__slots__:
            getattr(best, name)[found] = getattr(self, name)[order[first]]
        return best


@dataclass(frozen=True, slots=True)
class Vectors:
    """Vectors of unit length of some items: `row` (n,) int64 is each item's, or `NONE`."""

    index: VectorIndex
    row: np.ndarray
    background: Background

    @classmethod
    def of(cls, case: Case, signal: str, items: pa.StringArray, floor: Floor) -> "Vectors | None":
        """Those of a signal; None where the case hasn't computed it."""
        if signal not in case.epoch.signals:
            return None
        index = open_as(VectorIndex, case, signal)
        codes = index.codes
        code = np.append(np.repeat(np.arange(len(codes)), np.diff(codes.starts)), NONE)
        found = pc.index_in(items, value_set=codes.digests()).fill_null(NONE).to_numpy()
        row = code[found]
        rows = np.unique(row[row != NONE])

        def compare(a: np.ndarray, b: np.ndarray) -> np.ndarray:
            return nearness(_cosines(codes.codes, rows[a], rows[b]))

        return cls(index, row, Background.measure(len(rows), compare, floor))

    def compare(self, a: np.ndarray, b: np.ndarray, means: Means) -> Alike:
        """Compare (m,) items with (m,) others."""
        cosine = self._cosines(a, b)
        decades = self.background.calibrated(nearness(cosine))
        return Alike(decades, cosine, np.full(len(a), means, np.int8), a, b)

    def _cosines(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        """The cosine similarity of each pair of items, (m,) float32; -1 where one has no vector."""
        x, y = self.row[a], self.row[b]
        known = np.flatnonzero((x != NONE) & (y != NONE))
        similarity = np.full(len(a), -1, np.float32)
        similarity[known] = _cosines(self.index.codes.codes, x[known], y[known])
        return similarity

    def nearest(self, count: int) -> tuple[np.ndarray, np.ndarray]:
        """Pairs of items of which one is among the `count` nearest of the other.

        One item stands for equal vectors; the others are paired with it.
        """
        rows, first, inverse = np.unique(self.row, return_index=True, return_inverse=True)
        known = rows != NONE
        same = np.flatnonzero((self.row != NONE) & (first[inverse] != np.arange(len(self.row))))
        rows, first = rows[known], first[known]
        index = self.index
        if len(rows) < len(index.codes):
            index = VectorIndex.of_codes(index.codes.only(rows))
        a, b = [first[inverse[same] - (not known.all())]], [same]
        for start in range(0, len(rows), _BLOCK):
            hits = index.search(index.codes.codes[start : start + _BLOCK], limit=count + 1)
            tells = self.background.calibrated(nearness(hits.value)) >= _LEAST
            hits = hits.where(tells & (hits.query + start != hits.row))
            a.append(first[hits.query + start])
            b.append(first[hits.row])
        return np.concatenate(a), np.concatenate(b)


def nearness(cosine: np.ndarray) -> np.ndarray:
    """How near vectors of some cosine similarity are in angle: 0 at a right angle, 1 the same."""
    angle: np.ndarray = np.arccos(np.clip(cosine, -1, 1))
    return 1 - angle * (2 / np.pi)


def cosine_of(near: float) -> float:
    """The cosine similarity of vectors that are so near; more than 1 is as near as none can be."""
    return float(np.cos((1 - min(near, 1.0)) * np.pi / 2))


def caption_floor(case: Case) -> Floor:
    """What is known beforehand of the nearness of unrelated captions, by the case's model."""
    made_by = case.epoch.signals.get(Caption.name, {})
    return replace(_CAPTION, known=made_by.get("model", BUNDLED_MODEL) in _KNOWN_MODELS)


def _cosines(vectors: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    similarity = np.empty(len(x), np.float32)
    for start in range(0, len(x), _BLOCK):
        part = slice(start, start + _BLOCK)
        similarity[part] = np.einsum("ij,ij->i", vectors[x[part]], vectors[y[part]])
    return np.minimum(similarity, 1)


class Texts:
    """Texts are alike in their wording or in their meaning."""

    def __init__(self, case: Case, contents: Contents) -> None:
        self._case, self._names, self._keys = case, contents.texts, contents.keys
        self.vectors = Vectors.of(case, Caption.name, contents.texts, caption_floor(case))
        self.wording = Background.measure(len(contents.keys), self.jaccards, _KEY)

    def jaccards(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        """The Jaccard similarity of the keys of each pair of texts, (m,) float32."""
        similarity: np.ndarray = jaccards(self._keys, a, b).astype(np.float32)
        return similarity

    def nearest(self, count: int) -> tuple[np.ndarray, np.ndarray]:
        """Pairs of texts that may be alike: in their wording, or near to each other in meaning."""
        if not len(self._names):
            return np.empty(0, np.int64), np.empty(0, np.int64)
        a, b = self._worded()
        if self.vectors is None:
            return a, b
        x, y = self.vectors.nearest(count)
        return np.append(a, x), np.append(b, y)

    def _worded(self) -> tuple[np.ndarray, np.ndarray]:
        index = open_as(MinHashIndex, self._case, CaptionKey.name)
        text = pc.index_in(index.codes.digests(), value_set=self._names).fill_null(NONE).to_numpy()
        code = np.repeat(np.arange(len(index.codes)), np.diff(index.codes.starts))
        code, text = code[text != NONE], text[text != NONE]
        taken, first = np.unique(code, return_index=True)
        owner = np.full(len(index.codes), NONE, np.int64)
        owner[taken] = text[first]
        hits = index.candidates(_LEAST_SHARED)
        others = owner[code] != text
        a = np.append(owner[hits.query], owner[code[others]])
        b = np.append(owner[hits.row], text[others])
        known = (a != NONE) & (b != NONE)
        return a[known], b[known]

    def _by_wording(self, a: np.ndarray, b: np.ndarray) -> Alike:
        jaccard = self.jaccards(a, b)
        decades = np.where(a == b, np.float32(MOST), self.wording.calibrated(jaccard))
        return Alike(decades, jaccard, np.full(len(a), Means.CAPTION_KEY, np.int8), a, b)

    def compare(self, a: np.ndarray, b: np.ndarray) -> Alike:
        """Compare (m,) texts with (m,) others; `NONE` is like nothing."""
        known = np.flatnonzero((a != NONE) & (b != NONE))
        alike = Alike.nothing(len(a))
        pair, inverse = _distinct(a[known], b[known])
        x, y = pair
        found = Alike.nothing(len(x))
        if self.vectors is not None:
            found = self.vectors.compare(x, y, Means.CAPTION)
        # What is worded alike means alike, where the meaning is known: most pairs need no more.
        doubtful = np.flatnonzero((found.decades >= _LEAST) | (found.similarity <= 0))
        found = self._by_wording(x[doubtful], y[doubtful]).instead(doubtful, found)
        for name, values in (("decades", found.decades), ("similarity", found.similarity)):
            getattr(alike, name)[known] = values[inverse]
        alike.means[known] = found.means[inverse]
        alike.a[known], alike.b[known] = a[known], b[known]
        return alike


class Looks:
    """Pictures are alike where they are copies of one photo, or look alike by CLIP.

    Lettering is what such a picture says: two memes on one template are not alike unless their
    lettering is, and a photo is half as much like a meme that is made of it.
    """

    def __init__(self, case: Case, contents: Contents, same: Callable[[Alike], np.ndarray]) -> None:
        self._photo, self._lettering = contents.photo, contents.lettering
        self._same = same
        self.vectors = Vectors.of(case, Clip.name, contents.files, _CLIP)

    def compare(self, a: np.ndarray, b: np.ndarray, lettering: Alike) -> Alike:
        """Compare (m,) pictures with (m,) others whose lettering was compared before."""
        copies = self._photo[a] == self._photo[b]
        alike = Alike(
            np.where(copies, np.float32(SAME_PHOTO), np.float32(0)),
            copies.astype(np.float32),
            np.where(copies, Means.PHOTO, Means.NOTHING).astype(np.int8),
            a,
            b,
        )
        if self.vectors is not None:
            alike = alike.or_better(self.vectors.compare(a, b, Means.CLIP))
        lettered = (self._lettering[a] != NONE).astype(int) + (self._lettering[b] != NONE)
        share = np.select([lettered == 2, lettered == 1], [self._same(lettering), 0.5], 1.0)
        decades = (alike.decades * share).astype(np.float32)
        return Alike(decades, alike.similarity, alike.means, a, b)


def _distinct(a: np.ndarray, b: np.ndarray) -> tuple[tuple[np.ndarray, np.ndarray], np.ndarray]:
    """The distinct unordered pairs, and which of them each pair is."""
    low, high = np.minimum(a, b), np.maximum(a, b)
    width = int(high.max(initial=0)) + 1
    key, inverse = np.unique(low * width + high, return_inverse=True)
    return np.divmod(key, width), inverse
