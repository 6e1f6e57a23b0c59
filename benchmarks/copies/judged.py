"""Collects every method's similarities of all pairs with the truth: scripted and real edits."""

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from pathlib import Path
from typing import Self

import numpy as np
from copies.edits import EDITS
from copies.measures import Curve, share
from copies.originals import RealEdits
from copies.ours import UNFOUND, ByIndex, Called, Everything, Truth, ask
from copies.peers import FAR, METHODS, distances
from copies.preparing import Prepared
from copies.sources import Edited

from frametrace.matcher.result_schemas import Relation

__all__ = ["ALONE", "CHAIN", "LOCAL", "Real", "Scripted"]

CHAIN = "Frametrace"
LOCAL = "local features"
ALONE = "verification alone"


@dataclass(frozen=True)
class Scripted:
    """Similarities by method, (m, n) int16 for each set of edited pictures.

    Picture `at` of a set was made from row `numbers[at]` of the database.
    """

    sets: Sequence[Edited]
    similarity: Mapping[str, Sequence[np.ndarray]]
    called: Mapping[str, Sequence[Called]]

    @classmethod
    def of(cls, sets: Sequence[Edited], queries: Sequence[Prepared], kept: Prepared) -> Self:
        """Query with all sets by every method."""
        similarity, pdq = _by_hashes(queries, kept)
        rows, databases = [Truth(one.numbers) for one in sets], [kept] * len(sets)
        with tempfile.TemporaryDirectory(prefix="bench-copies-") as folder:
            by_index = ByIndex.of(kept, Path(folder))
            local = ask(queries, databases, [by_index] * len(sets))
        alone = ask(queries, databases, rows)
        chain, similarity[CHAIN] = _chained(local, pdq)
        similarity[LOCAL], similarity[ALONE] = (
            [called.similarity() for called in found] for found in (local, alone)
        )
        return cls(sets, similarity, {CHAIN: chain, LOCAL: local, ALONE: alone})

    def curve(self, method: str, strength: int) -> Curve:
        """Of all pairs at one strength."""
        if (method, strength) not in self._curves:
            self._curves[method, strength] = self._curve(method, strength)
        return self._curves[method, strength]

    def _curve(self, method: str, strength: int) -> Curve:
        chosen = [at for at, one in enumerate(self.sets) if one.strength == strength]
        values = np.concatenate([self.similarity[method][at].ravel() for at in chosen])
        true = np.concatenate([self._true(at, method) for at in chosen])
        listed = values > UNFOUND
        return Curve.of(values[listed], true[listed], int(true.sum()))

    def recall(self, method: str, edit: str, strength: int, least: float) -> float:
        """The fraction of one set's pictures whose original has that similarity or more."""
        at = self._places[edit, strength]
        rows, columns = self._pairs(at).T
        return share(self.similarity[method][at][rows, columns] >= least)

    def names(self, method: str, edit: str, strength: int) -> list[Relation | None]:
        """The relations of one set's pictures to their originals."""
        at = self._places[edit, strength]
        return self.called[method][at].names(self._pairs(at))

    def right(self, edit: str, strength: int) -> float:
        """The fraction of one set with the right relation."""
        names = self.names(CHAIN, edit, strength)
        return share(np.array([EDITS[edit].right(name, strength) for name in names]))

    def _pairs(self, at: int) -> np.ndarray:
        """(m, 2): each picture of a set, and the row of the original that it was made from."""
        numbers = self.sets[at].numbers
        return np.stack([np.arange(len(numbers)), numbers], 1)

    def _true(self, at: int, method: str) -> np.ndarray:
        true = np.zeros(self.similarity[method][at].shape, bool)
        true[tuple(self._pairs(at).T)] = True
        return true.ravel()

    @cached_property
    def _curves(self) -> dict[tuple[str, int], Curve]:
        return {}

    @cached_property
    def _places(self) -> Mapping[tuple[str, int], int]:
        return {(one.edit, one.strength): at for at, one in enumerate(self.sets)}


@dataclass(frozen=True, slots=True)
class Real:
    """Pairs of pictures of real posts, and of those with photos: similarities by method.

    `true` is (k,) bool, which pairs are copies; `names` says what those were called.
    """

    similarity: Mapping[str, np.ndarray]
    true: np.ndarray
    names: Sequence[Relation | None]

    @classmethod
    def of(cls, labels: RealEdits, real: Prepared, both: Prepared) -> Self:
        """Search for each picture among all; `both` are those pictures, then photos."""
        similarity, (pdq,) = _by_hashes([real], both)
        with tempfile.TemporaryDirectory(prefix="bench-copies-") as folder:
            (local,) = ask([real], [both], [ByIndex.of(both, Path(folder))])
        (alone,) = ask([real], [both], [Everything()])
        local, alone = local.either_way(), alone.either_way()
        (chain,), similarity[CHAIN] = _chained([local], [pdq])
        similarity[LOCAL], similarity[ALONE] = [local.similarity()], [alone.similarity()]
        judged, true = _labelled(labels, len(both))
        found = {name: values[judged] for name, (values,) in similarity.items()}
        return cls(found, true[judged], chain.names(np.argwhere(judged & true)))

    def curve(self, method: str) -> Curve:
        """Of all pairs that are judged."""
        values = self.similarity[method]
        listed = values > UNFOUND
        return Curve.of(values[listed], self.true[listed], int(self.true.sum()))


def _by_hashes(
    queries: Sequence[Prepared], kept: Prepared
) -> tuple[dict[str, list[np.ndarray]], list[np.ndarray]]:
    """Similarities by method and set; and the distances by PDQ of each set."""
    theirs = kept.views
    views = [one.views for one in queries]
    similarity: dict[str, list[np.ndarray]] = {}
    pdq: list[np.ndarray] = []
    for name, method in METHODS.items():
        found = [distances(method, ours, theirs) for ours in views]
        similarity[name] = [
            np.where(far == FAR, UNFOUND, -far.astype(np.int16)).astype(np.int16) for far in found
        ]
        pdq = found if name == "PDQ" else pdq
    return similarity, pdq


def _chained(
    local: Sequence[Called], pdq: Sequence[np.ndarray]
) -> tuple[list[Called], list[np.ndarray]]:
    both = [one.after_pdq(distance) for one, distance in zip(local, pdq, strict=True)]
    return [called for called, _ in both], [values for _, values in both]


def _labelled(labels: RealEdits, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Which pairs are judged, and which are copies: (m, n) bool each."""
    names = [path.name for path in labels.pictures]
    judged = np.triu(np.ones((len(names), count), bool), 1)
    true = np.zeros_like(judged)
    for (row, a), (column, b) in product(enumerate(names), repeat=2):
        judged[row, column] &= frozenset((a, b)) not in labels.unclear
        true[row, column] = row != column and frozenset((a, b)) in labels.copies
    return judged, true
