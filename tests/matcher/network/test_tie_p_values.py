"""P-values of what two accounts share, compared with other ways to compute them."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from frametrace.matcher.network.tie_p_values import (
    false_discovery_rates,
    item_weights,
    pack_codes,
    tail_probability,
)


def poisson_tail(activity: float, weight: int, rates: np.ndarray) -> float:
    """By enumeration of all ways to share items of each weight."""
    most = [range(60) if rate else range(1) for rate in rates[1:]]
    below = 0.0
    for counts in itertools.product(*most):
        if sum(n * w for w, n in enumerate(counts, start=1)) < weight:
            chances = [
                stats.poisson.pmf(n, activity * rate)
                for n, rate in zip(counts, rates[1:], strict=True)
            ]
            below += float(np.prod(chances))
    return 1 - below


@given(
    st.lists(st.sampled_from([0.0, 0.001, 0.02, 0.3]), min_size=1, max_size=3),
    st.integers(1, 12),
    st.integers(1, 8),
)
def test_the_tail_is_that_of_independent_poisson_counts(
    rates: list[float], activity: int, weight: int
) -> None:
    of_weight = np.array([0.0, *rates])
    found = tail_probability(pack_codes(np.array([activity]), np.array([weight])), of_weight)[0]
    assert found == pytest.approx(poisson_tail(activity, weight, of_weight), rel=1e-6, abs=1e-13)


@pytest.mark.parametrize("rate", [1e-9, 1e-4, 0.5, 9.0, 60.0])
def test_with_one_weight_it_is_poisson_with_all_its_digits(rate: float) -> None:
    shared = np.arange(1, 120)
    found = tail_probability(
        pack_codes(np.ones(len(shared), np.int64), shared), np.array([0.0, rate])
    )
    assert found == pytest.approx(np.maximum(stats.poisson.sf(shared - 1, rate), 1e-300), rel=1e-9)


@pytest.mark.parametrize("activity", [1, 50, 4000])
def test_the_bound_for_large_sums_is_one_and_close(activity: int) -> None:
    rates = np.array([0.0, 0.2, 0.1, 0.05])
    shared = np.arange(1, 12_000, 7)
    mean = activity * (rates * np.arange(4)).sum()
    draws = np.random.default_rng(1).poisson(activity * rates[1:], (100_000, 3)) @ [1, 2, 3]
    found = tail_probability(pack_codes(np.full(len(shared), activity), shared), rates)
    measured = (draws[:, None] >= shared[::40]).mean(axis=0)
    assert (found[::40] >= measured - 4 * np.sqrt(measured / len(draws))).all()
    assert (np.diff(found) <= 1e-12).all()
    assert found[shared > 3 * mean + 200].max() < 1e-12
    assert found.min() > 0  # no table should say that chance can't be


def test_unshared_and_viral_items_weigh_nothing() -> None:
    sharers = np.arange(0, 400)
    weight = item_weights(sharers, 200)
    assert not weight[[0, 1, *range(201, 400)]].any()
    assert (np.diff(weight[2:201]) <= 0).all()
    assert weight[200] == 1
    assert weight[100] == 3  # half as many share it: a quarter of the chance, two bits
    assert item_weights(np.array([2, 2]), 2).tolist() == [1, 1]


@given(st.lists(st.floats(1e-9, 1), min_size=1, max_size=30), st.integers(0, 100))
def test_rates_are_those_of_benjamini_and_hochberg(p: list[float], more: int) -> None:
    values, pairs = np.unique(p, return_counts=True)
    rates = false_discovery_rates(values, pairs, len(p) + more)
    expected = stats.false_discovery_control([*p, *[1.0] * more])
    assert rates[np.searchsorted(values, p)] == pytest.approx(expected[: len(p)])
