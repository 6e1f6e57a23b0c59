"""The measures of the benchmark across cases, against their definitions worked out pair by pair."""

import sys
from itertools import product
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))

from across_measures import Score, Truth, chained, pairs_across

OURS, THEIRS = frozenset("abcd"), frozenset("stuv")
every = sorted(product(OURS, THEIRS))
some = st.sets(st.sampled_from(every))
kinds = st.dictionaries(st.sampled_from(every), st.sampled_from(["crop", "grey"]))


@given(some, kinds, some)
def test_recall_and_precision_count_pairs(
    reported: set[tuple[str, str]], kinds: dict[tuple[str, str], str], other: set[tuple[str, str]]
) -> None:
    unclear = other - kinds.keys()
    score = Score.of(reported, Truth(kinds, unclear))
    right = [pair for pair in reported if pair in kinds]
    judged = [pair for pair in reported if pair not in unclear]
    assert score.recall == pytest.approx(len(right) / len(kinds) if kinds else 0)
    assert score.precision == pytest.approx(len(right) / len(judged) if judged else 1)
    for kind in kinds.values():
        of_kind = [pair for pair, name in kinds.items() if name == kind]
        found = sum(pair in reported for pair in of_kind)
        assert score.recall_of(kind) == pytest.approx(found / len(of_kind))


@given(st.lists(st.sets(st.sampled_from(sorted(OURS | THEIRS)))))
def test_pairs_of_groups_have_one_post_of_each_half(groups: list[set[str]]) -> None:
    found = pairs_across(groups, OURS)
    assert found == {
        (one, other) for one, other in every if any({one, other} <= group for group in groups)
    }


@given(st.lists(st.tuples(*2 * [st.sampled_from("abcdefgh")])))
def test_a_chain_joins_what_ties_lead_to(ties: list[tuple[str, str]]) -> None:
    groups = chained(ties)
    assert sorted(post for group in groups for post in group) == sorted(
        {p for t in ties for p in t}
    )
    reached = {(one, one) for tie in ties for one in tie} | {*ties} | {(b, a) for a, b in ties}
    while more := {(a, d) for a, b in reached for c, d in reached if b == c} - reached:
        reached |= more
    assert {pair for group in groups for pair in product(group, group)} == reached
