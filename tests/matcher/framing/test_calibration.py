"""Backgrounds: similarities are calibrated to rarity."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from frametrace.matcher.framing.calibration import MAX_RARITY, Background, Prior

_PRIOR = Prior(0.1, 0.06)


def vectors(count: int, related: float, seed: int = 0) -> np.ndarray:
    """Vectors of unit length, a part of which are nearly equal."""
    rng = np.random.default_rng(seed)
    found = rng.normal(size=(count, 64))
    found[: int(count * related)] = found[:1] + 0.3 * rng.normal(size=(int(count * related), 64))
    unit: np.ndarray = found / np.linalg.norm(found, axis=1, keepdims=True)
    return unit


def measured(found: np.ndarray, prior: Prior = _PRIOR) -> Background:
    return Background.measure(
        len(found), lambda a, b: np.einsum("ij,ij->i", found[a], found[b]), prior
    )


def test_rarity_says_how_many_unrelated_pairs_are_as_similar() -> None:
    """If similarities are logistic, as is assumed, a rarity of one is a factor of ten."""
    rng = np.random.default_rng(1)
    sample = rng.logistic(0.2, 0.07, 2_000_000)
    rarity = Background(0.2, 0.07).rarity(sample)
    for minimum in (1, 2, 3, 4):
        assert 0.7 < np.mean(rarity >= minimum) * 10**minimum < 1.3


def test_a_case_of_which_a_third_is_related_has_the_background_of_the_rest() -> None:
    alone, mixed = measured(vectors(600, 0)), measured(vectors(600, 0.5))
    assert abs(alone.location - mixed.location) < alone.scale
    assert mixed.rarity(np.array([0.9]))[0] > 3.5


def test_if_all_posts_are_related_the_background_does_not_follow_them() -> None:
    """A collection of one campaign's posts has no others to compare them with."""
    found = measured(vectors(300, 1.0))
    assert found.rarity(np.array([0.9]))[0] > 3.5


def test_for_an_unknown_model_the_case_gives_the_location_of_unrelated_texts() -> None:
    """Under some models any two texts have a cosine similarity of 0.75."""
    rng = np.random.default_rng(2)
    common = rng.normal(size=64)
    found = 1.7 * common / np.linalg.norm(common) + rng.normal(size=(300, 64)) / 8
    found /= np.linalg.norm(found, axis=1, keepdims=True)
    background = measured(found, Prior(0.1, 0.06, known=False))
    usual = np.median(found @ found.T)
    assert usual > 0.6
    assert background.rarity(np.array([usual]))[0] < 0.5


def test_few_items_have_the_background_of_the_prior() -> None:
    for count in (0, 1, 2, 3):
        found = measured(vectors(count, 0))
        assert abs(found.location - _PRIOR.location) < _PRIOR.scale / 2
        assert abs(found.scale - _PRIOR.scale) < _PRIOR.scale / 2


def test_constant_similarities_have_the_minimum_scale() -> None:
    found = Background.measure(500, lambda a, b: np.zeros(len(a)), _PRIOR)
    assert found.scale == 0.8 * _PRIOR.scale


@given(st.floats(-1, 1), st.floats(0, 1), st.floats(0.01, 0.5))
def test_rarity_rises_with_similarity_and_is_bounded(
    similarity: float, more: float, scale: float
) -> None:
    background = Background(0.2, scale)
    low, high = background.rarity(np.array([similarity, similarity + more]))
    assert 0 <= low <= high <= MAX_RARITY
