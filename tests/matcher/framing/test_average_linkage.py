"""Communities split by average linkage, against merging them by hand."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from frametrace.matcher.framing import average_linkage
from frametrace.matcher.framing.average_linkage import split_communities
from frametrace.matcher.framing.neighbour_graph import WEAK
from frametrace.work.progress import Advance, uncounted

MIN_RARITY = 5.0


class _Strengths:
    """The strength of each pair of contents, in place of evidence."""

    def __init__(self, matrix: np.ndarray) -> None:
        self._matrix = matrix

    def strength(
        self, a: np.ndarray, b: np.ndarray, min_rarity: float, advance: Advance = uncounted
    ) -> np.ndarray:
        assert min_rarity == MIN_RARITY
        assert (a < b).all(), "members of a community are in order"
        return self._matrix[a, b]


def _merged(members: list[int], strength: np.ndarray) -> set[frozenset[int]]:
    """Join the two parts of the greatest mean strength, as long as it is enough."""
    parts = [frozenset([member]) for member in members]
    while len(parts) > 1:
        mean, a, b = max(
            (
                (float(strength[np.ix_(sorted(a), sorted(b))].mean()), a, b)
                for a, b in combinations(parts, 2)
            ),
            key=lambda found: found[0],
        )
        if mean < WEAK * MIN_RARITY:
            break
        parts = [part for part in parts if part not in (a, b)] + [a | b]
    return set(parts)


@pytest.mark.parametrize("pairs", [1, 7, 1 << 18])
@given(community=st.lists(st.integers(0, 4), max_size=24), seed=st.integers(0, 2**32 - 1))
def test_parts_are_those_of_merging_by_hand(pairs: int, community: list[int], seed: int) -> None:
    n = len(community)
    strength = np.random.default_rng(seed).uniform(0, 6, (n, n)).astype(np.float32)
    strength = np.minimum(strength, strength.T)
    done = 0

    def advance(count: int) -> None:
        nonlocal done
        done += count

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(average_linkage, "_PAIRS", pairs)
        parts = split_communities(
            np.array(community, np.int64), _Strengths(strength), MIN_RARITY, advance
        )
    found = {frozenset(np.flatnonzero(parts == part).tolist()) for part in set(parts.tolist())}
    expected: set[frozenset[int]] = set()
    for number in set(community):
        expected |= _merged([at for at in range(n) if community[at] == number], strength)
    assert found == expected
    assert done == n


def test_large_communities_stay_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(average_linkage, "MAX_CONTENTS", 3)
    parts = split_communities(
        np.array([0, 0, 0, 0, 1, 1]), _Strengths(np.zeros((6, 6), np.float32)), MIN_RARITY
    )
    assert len(set(parts[:4].tolist())) == 1
    assert len(set(parts.tolist())) == 3
