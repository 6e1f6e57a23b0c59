"""Shuffles: an experimental check of the null model."""

from collections import Counter

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from making import made_shares as made
from scipy import stats
from trying import examples

from frametrace.matcher.network import Shares, count_shuffled_ties, find_ties, shuffle_shares

Share = tuple[str, str, int | None]  # account, item, seconds


@st.composite
def drawn(draw: st.DrawFn) -> list[Share]:
    """Some shares are repeated, some have no time."""
    accounts, items = (st.sampled_from([f"{p}{n}" for n in range(6)]) for p in "ai")
    return draw(st.lists(st.tuples(accounts, items, st.sampled_from([None, 1, 50])), max_size=60))


def slots_of(shares: Shares) -> set[tuple[int, int]]:
    return set(zip(shares.account.tolist(), shares.item.tolist(), strict=True))


@examples(50)
@given(drawn(), st.integers(0, 1000))
def test_shuffling_keeps_the_number_of_shares_of_each_account_and_item(
    shares: list[Share], seed: int
) -> None:
    real = made(shares)
    other = shuffle_shares(real, seed, rounds=3)
    for side in (0, 1):
        assert Counter(s[side] for s in slots_of(other)) == Counter(s[side] for s in slots_of(real))
    assert sorted(zip(other.item, other.at, strict=True)) == sorted(
        zip(real.item, real.at, strict=True)
    )
    order = list(zip(other.item, other.account, other.at, strict=True))
    assert order == sorted(order)
    again = shuffle_shares(real, seed, rounds=3)
    assert (again.account == other.account).all()


def test_all_graphs_with_these_numbers_are_equally_likely_after_shuffling() -> None:
    real = made([("a", "i", 1), ("a", "j", 1), ("b", "i", 1), ("b", "k", 1), ("c", "l", 1)])
    seen = Counter(frozenset(slots_of(shuffle_shares(real, seed))) for seed in range(3000))
    # a and b have two items of four, c has one; i has two accounts of three, the others one.
    assert len(seen) == 3 * 2 + 3 + 3
    assert stats.chisquare(list(seen.values())).pvalue > 0.001


def test_shuffles_make_hardly_any_ties() -> None:
    rng = np.random.default_rng(5)
    shares: list[Share] = [
        (f"x{a}", f"i{i}", int(at))
        for a, i, at in zip(
            np.minimum(rng.pareto(1, 3000) * 20, 400).astype(int),
            np.minimum(rng.pareto(1, 3000) * 20, 900).astype(int),
            rng.integers(0, 10**6, 3000),
            strict=True,
        )
    ]
    shares += [(f"x{a}", f"planted{n}", 10 * n) for a in (401, 402, 403) for n in range(6)]
    real = made(shares)
    found = find_ties(real).ties.to_pylist()
    tied = [t for t in found if t["q_value"] <= 0.01]
    assert {t["account_id_a"] for t in tied} == {"x401", "x402"}
    assert len(tied) == 3
    kept = count_shuffled_ties(real, shuffles=10)
    assert kept.shape == (10,)
    assert kept.sum() <= 1
