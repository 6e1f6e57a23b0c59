"""Scores the pairs of posts that a method reports: recall by kind, and precision."""

from collections import Counter
from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass
from itertools import product
from typing import Self

import networkx as nx

__all__ = ["Pair", "Score", "Truth", "chained", "pairs_across"]

Pair = tuple[str, str]  # a post of ours, and one of theirs


@dataclass(frozen=True, slots=True)
class Truth:
    """The pairs to be found, with the kind of each, and those that are neither right nor wrong."""

    kinds: Mapping[Pair, str]
    unclear: Set[Pair] = frozenset()


@dataclass(frozen=True, slots=True)
class Score:
    """How many of the true pairs were found, by kind; and how many pairs were reported in all."""

    found: Mapping[str, int]
    positives: Mapping[str, int]
    reported: int

    @classmethod
    def of(cls, reported: Set[Pair], truth: Truth) -> Self:
        """Compare the reported pairs with the truth; unclear ones are not counted."""
        found = Counter(truth.kinds[pair] for pair in reported & truth.kinds.keys())
        return cls(found, Counter(truth.kinds.values()), len(reported - truth.unclear))

    @property
    def right(self) -> int:
        """How many true pairs were reported."""
        return sum(self.found.values())

    @property
    def recall(self) -> float:
        """The fraction of the true pairs that were reported; 0 if there are none."""
        return self.right / max(sum(self.positives.values()), 1)

    @property
    def precision(self) -> float:
        """The fraction of the reported pairs that are true; 1 if none was reported."""
        return self.right / self.reported if self.reported else 1.0

    def recall_of(self, kind: str) -> float:
        """Recall of one kind."""
        return self.found.get(kind, 0) / max(self.positives[kind], 1)


def pairs_across(groups: Iterable[Set[str]], ours: Set[str]) -> frozenset[Pair]:
    """Every post of ours paired with every post of theirs in the same group."""
    return frozenset(pair for group in groups for pair in product(group & ours, group - ours))


def chained(ties: Iterable[Pair]) -> list[set[str]]:
    """The sets of posts that chains of ties connect."""
    return [set(posts) for posts in nx.connected_components(nx.Graph(ties))]
