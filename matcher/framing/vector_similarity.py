"""Compares texts or pictures by their embedding vectors, calibrated to rarity.

Vectors are compared by angular nearness, 0 for a right angle and 1 for equality, because cosines
are crowded near 1.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from frametrace.case.store import Case
from frametrace.index.index_store import open_index
from frametrace.index.vectors import VectorIndex
from frametrace.matcher.framing.calibration import Backgrounds, Prior
from frametrace.matcher.framing.distinct_contents import NONE
from frametrace.matcher.framing.pair_similarity import Basis, PairSimilarity
from frametrace.work.progress import SILENT, Progress

__all__ = ["MIN_VECTOR_RARITY", "ItemVectors", "angular_nearness", "cosine_of"]

MIN_VECTOR_RARITY = 1.0  # less shows nothing: one of ten unrelated pairs reaches it
_BLOCK = 4096  # pairs of vectors compared at a time


@dataclass(frozen=True, slots=True)
class ItemVectors:
    """The unit vectors of items: `row` (n,) int64 is each item's row, or `NONE`.

    Rows after those of the index are rows of `added` (k, d) float32, the vectors of items that are
    not in the case. `language` (n,) int64 numbers the languages of texts; pictures have one.
    """

    index: VectorIndex
    row: np.ndarray
    language: np.ndarray
    backgrounds: Backgrounds
    added: np.ndarray

    @classmethod
    def of(
        cls,
        case: Case,
        signal: str,
        items: pa.StringArray,
        prior: Prior,
        language: np.ndarray | None = None,
    ) -> Self | None:
        """The vectors of a signal for items by digest; None if the case has no such signal."""
        if signal not in case.epoch.signals:
            return None
        index = open_index(case, signal, VectorIndex)
        codes = index.codes
        code = np.append(codes.rows_of_items(), NONE)
        at = pc.index_in(items, value_set=codes.digests()).fill_null(NONE).to_numpy()
        row = code[at]
        language = np.zeros(len(items), np.int64) if language is None else language
        rows, first = np.unique(row, return_index=True)
        rows, first = rows[rows != NONE], first[rows != NONE]

        def compare(a: np.ndarray, b: np.ndarray) -> np.ndarray:
            return angular_nearness(_cosines(codes.codes.__getitem__, rows[a], rows[b]))

        count = int(language.max(initial=0)) + 1
        backgrounds = Backgrounds.measure(language[first], count, compare, prior)
        none = np.empty((0, codes.codes.shape[1]), np.float32)
        return cls(index, row, language, backgrounds, none)

    def with_added(self, added: Sequence[np.ndarray | None], language: np.ndarray) -> Self:
        """A copy with further items and their vectors; vectors of another dimension are ignored.

        `language` is that of all items, the added ones last.
        """
        count, width = self.index.codes.codes.shape
        fits = [vector is not None and vector.shape == (width,) for vector in added]
        vectors = [vector for vector, fit in zip(added, fits, strict=True) if fit]
        row = np.where(fits, count + np.cumsum(fits) - 1, NONE)
        return replace(
            self,
            row=np.append(self.row, row).astype(np.int64),
            language=language,
            added=np.array(vectors, np.float32).reshape(-1, width),
        )

    def compare(self, a: np.ndarray, b: np.ndarray, basis: Basis) -> PairSimilarity:
        """Compare m pairs of items."""
        cosine = self.cosines(a, b)
        background = self.backgrounds.between(self.language[a], self.language[b])
        rarity = background.rarity(angular_nearness(cosine))
        return PairSimilarity(rarity, cosine, np.full(len(a), basis, np.int8), a, b)

    def cosines(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        """The cosine similarity of each pair of items, (m,) float32; -1 where one has no vector."""
        x, y = self.row[a], self.row[b]
        known = np.flatnonzero((x != NONE) & (y != NONE))
        similarity = np.full(len(a), -1, np.float32)
        similarity[known] = _cosines(self._vectors, x[known], y[known])
        return similarity

    def _vectors(self, rows: np.ndarray) -> np.ndarray:
        codes = self.index.codes.codes
        if not len(self.added):
            taken: np.ndarray = codes[rows]
            return taken
        outside = rows >= len(codes)
        vectors: np.ndarray = codes[np.where(outside, 0, rows)].astype(np.float32)
        vectors[outside] = self.added[rows[outside] - len(codes)]
        return vectors

    def nearest(self, count: int, progress: Progress = SILENT) -> tuple[np.ndarray, np.ndarray]:
        """Pairs of items in which one is among the `count` nearest of the other in its language.

        If items have equal vectors, only the first is searched for; the others are paired with it.
        """
        rows, first, inverse = np.unique(self.row, return_index=True, return_inverse=True)
        known = rows != NONE
        same = np.flatnonzero((self.row != NONE) & (first[inverse] != np.arange(len(self.row))))
        pairs = [(first[inverse[same]], same)]
        rows, first = rows[known], first[known]
        language = self.language[first]
        numbers = np.unique(language)
        with progress.track("searching similar meaning", len(numbers) * len(rows)) as advance:
            for number in numbers:
                inside = np.flatnonzero(language == number)
                index = self.index
                if len(inside) < len(index.codes):
                    index = VectorIndex.of_codes(index.codes.only(rows[inside]))
                for start in range(0, len(rows), _BLOCK):
                    codes = self.index.codes.codes[rows[start : start + _BLOCK]]
                    hits = index.search(codes, limit=count + 1)
                    a, b = hits.query + start, inside[hits.row]
                    background = self.backgrounds.between(language[a], number)
                    rarity = background.rarity(angular_nearness(hits.value))
                    near = (rarity >= MIN_VECTOR_RARITY) & (a != b)
                    pairs.append((first[a[near]], first[b[near]]))
                    advance(len(codes))
        a, b = (np.concatenate(side) for side in zip(*pairs, strict=True))
        return a, b


def angular_nearness(cosine: np.ndarray) -> np.ndarray:
    """The nearness of vectors by their cosine similarity: 0 at a right angle, 1 if equal."""
    angle: np.ndarray = np.arccos(np.clip(cosine, -1, 1))
    return 1 - angle * (2 / np.pi)


def cosine_of(nearness: float) -> float:
    """The cosine similarity of vectors of an angular nearness; above 1 counts as 1."""
    return float(np.cos((1 - min(nearness, 1.0)) * np.pi / 2))


def _cosines(
    vectors: Callable[[np.ndarray], np.ndarray], x: np.ndarray, y: np.ndarray
) -> np.ndarray:
    """The cosine similarity of each pair of rows, (m,) float32; `vectors` returns those of rows."""
    similarity = np.empty(len(x), np.float32)
    for start in range(0, len(x), _BLOCK):
        part = slice(start, start + _BLOCK)
        similarity[part] = np.einsum("ij,ij->i", vectors(x[part]), vectors(y[part]))
    return np.minimum(similarity, 1)
