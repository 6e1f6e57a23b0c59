"""Lists what every method calls the pairs that must not be called copies."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from copies.negatives import Pairs
from copies.ours import Called, Partner, ask
from copies.peers import METHODS, distances
from copies.preparing import Prepared

from frametrace.matcher.result_schemas import Relation

__all__ = ["Confused"]


@dataclass(frozen=True, slots=True)
class Confused:
    """By set: the relation of its pairs by PDQ and local features together.

    `near` says by method, (k,) bool for each set, which pairs lie within its makers' limit.
    """

    sets: Sequence[Pairs]
    names: Sequence[Sequence[Relation | None]]
    near: Mapping[str, Sequence[np.ndarray]]

    @classmethod
    def of(cls, sets: Sequence[Pairs], pictures: Sequence[Prepared]) -> Self:
        """Compare both pictures of every pair."""
        pairs = [np.arange(2 * one.pairs).reshape(-1, 2) for one in sets]
        far = {name: _between(name, pictures, pairs) for name in METHODS}
        near = {name: [one <= METHODS[name].limit for one in found] for name, found in far.items()}
        called = ask(pictures, pictures, [Partner()] * len(sets))
        names = [
            _after_pdq(one, which, pdq)
            for one, which, pdq in zip(called, pairs, near["PDQ"], strict=True)
        ]
        return cls(sets, names, near)

    def share(self, *relations: Relation, kinds: Collection[str] | None = None) -> float:
        """The fraction of all pairs, or of some kinds, that were called one of these."""
        chosen = [
            name
            for one, names in zip(self.sets, self.names, strict=True)
            if kinds is None or one.kind in kinds
            for name in names
        ]
        return sum(name in relations for name in chosen) / len(chosen)

    def share_near(self, method: str) -> float:
        """The fraction of all pairs that a method's makers would call copies."""
        return float(np.concatenate(self.near[method]).mean())


def _between(
    name: str, pictures: Sequence[Prepared], pairs: Sequence[np.ndarray]
) -> list[np.ndarray]:
    found = []
    for one, which in zip(pictures, pairs, strict=True):
        views = one.views
        found.append(distances(METHODS[name], views, views)[tuple(which.T)])
    return found


def _after_pdq(called: Called, pairs: np.ndarray, near: np.ndarray) -> list[Relation | None]:
    names = called.names(pairs)
    return [Relation.COPY if pdq else name for name, pdq in zip(names, near, strict=True)]
