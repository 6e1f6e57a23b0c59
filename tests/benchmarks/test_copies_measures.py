"""The measures of the benchmark of copies, against their definitions worked out pair by pair."""

import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))

from copies.measures import Curve, share

pairs = st.lists(st.tuples(st.integers(-3, 3), st.booleans()), min_size=1, max_size=30)


def curve(ranked: list[tuple[int, bool]], missed: int) -> tuple[Curve, int]:
    similarity, true = (np.array(column) for column in zip(*ranked, strict=True))
    positives = int(true.sum()) + missed
    return Curve.of(similarity, true, positives), positives


@given(pairs, st.integers(0, 5))
def test_every_cut_counts_the_pairs_above_it(ranked: list[tuple[int, bool]], missed: int) -> None:
    found, positives = curve(ranked, missed)
    for cut in (-3.5, *range(-3, 4), 3.5):
        above = [true for similarity, true in ranked if similarity >= cut]
        recall, precision = found.down_to(cut)
        assert recall == pytest.approx(sum(above) / max(positives, 1))
        assert precision == pytest.approx(sum(above) / len(above) if above else 1)


@given(pairs, st.integers(0, 5), st.sampled_from([0.2, 0.5, 0.9, 1.0]))
def test_recall_is_the_most_at_that_precision(
    ranked: list[tuple[int, bool]], missed: int, precision: float
) -> None:
    found, _ = curve(ranked, missed)
    cuts = [found.down_to(cut) for cut in {similarity for similarity, _ in ranked}]
    recall, at = found.recall_at(precision)
    assert recall == max((recall for recall, exact in cuts if exact >= precision), default=0)
    if recall:
        assert found.down_to(at)[1] >= precision


@given(pairs, st.integers(0, 5))
def test_average_precision_is_the_mean_over_true_pairs(
    ranked: list[tuple[int, bool]], missed: int
) -> None:
    found, positives = curve(ranked, missed)
    each = [found.down_to(similarity)[1] for similarity, true in ranked if true]
    assert found.average_precision() == pytest.approx(sum(each) / max(positives, 1))


def test_a_perfect_ranking_has_everything() -> None:
    found = Curve.of(np.array([9, 8, 2, 1]), np.array([True, True, False, False]), 2)
    assert found.average_precision() == 1
    assert found.recall_at(0.99) == (1, 8)
    assert share(np.array([True, False])) == 0.5
    assert share(np.array([])) == 0
