"""Scores the pairs of posts that a method reports: recall by kind, and precision."""

from collections import Counter
from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass
from itertools import product
from typing import Self

import networkx as nx

__all__ = ["Pair", "Score", "Truth", "chained", "pairs_across"]

Pair = tuple[str, str]  # a post of the one half, and one of the other


@dataclass(frozen=True, slots=True)
class Truth:
    """The pairs to be found, with the kind of each, and those that are neither right nor wrong."""

    kinds: Mapping[Pair, str]
    unclear: Set[Pair] = frozenset()


@dataclass(frozen=True, slots=True)
class Score:
    """Of the pairs to be found how many were, by kind; and how many pairs were told in all."""

    found: Mapping[str, int]
    positives: Mapping[str, int]
    told: int

    @classmethod
    def of(cls, told: Set[Pair], truth: Truth) -> Self:
        """Hold some pairs against what is true; those that are unclear are not counted."""
        found = Counter(truth.kinds[pair] for pair in told & truth.kinds.keys())
        return cls(found, Counter(truth.kinds.values()), len(told - truth.unclear))

    @property
    def right(self) -> int:
        """How many true pairs were told."""
        return sum(self.found.values())

    @property
    def recall(self) -> float:
        """The part of the true pairs that were told; 0 where there are none."""
        return self.right / max(sum(self.positives.values()), 1)

    @property
    def precision(self) -> float:
        """The part of the told pairs that are true; 1 where none was told."""
        return self.right / self.told if self.told else 1.0

    def recall_of(self, kind: str) -> float:
        """Recall of one kind."""
        return self.found.get(kind, 0) / max(self.positives[kind], 1)


def pairs_across(groups: Iterable[Set[str]], ours: Set[str]) -> frozenset[Pair]:
    """Every post of ours with every other one that some group holds with it."""
    return frozenset(pair for group in groups for pair in product(group & ours, group - ours))


def chained(ties: Iterable[Pair]) -> list[set[str]]:
    """The posts that chains of ties join."""
    return [set(posts) for posts in nx.connected_components(nx.Graph(ties))]
