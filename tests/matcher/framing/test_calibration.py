"""Backgrounds: a similarity becomes the number of decades by which it is rare."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from frametrace.matcher.framing.calibration import MAX_RARITY, Background, Prior

_FLOOR = Prior(0.1, 0.06)


def vectors(count: int, related: float, seed: int = 0) -> np.ndarray:
    """Vectors of unit length, of which a part is nearly one and the same."""
    rng = np.random.default_rng(seed)
    found = rng.normal(size=(count, 64))
    found[: int(count * related)] = found[:1] + 0.3 * rng.normal(size=(int(count * related), 64))
    unit: np.ndarray = found / np.linalg.norm(found, axis=1, keepdims=True)
    return unit


def measured(found: np.ndarray, floor: Prior = _FLOOR) -> Background:
    return Background.measure(
        len(found), lambda a, b: np.einsum("ij,ij->i", found[a], found[b]), floor
    )


def test_decades_tell_how_many_unrelated_pairs_are_as_alike() -> None:
    """For similarities that are logistic, as is assumed, a decade is a factor of ten."""
    rng = np.random.default_rng(1)
    sample = rng.logistic(0.2, 0.07, 2_000_000)
    decades = Background(0.2, 0.07).rarity(sample)
    for least in (1, 2, 3, 4):
        assert 0.7 < np.mean(decades >= least) * 10**least < 1.3


def test_a_case_of_which_a_third_is_related_has_the_background_of_the_rest() -> None:
    alone, mixed = measured(vectors(600, 0)), measured(vectors(600, 0.5))
    assert abs(alone.location - mixed.location) < alone.scale
    assert mixed.rarity(np.array([0.9]))[0] > 3.5


def test_where_all_posts_are_related_the_background_does_not_follow_them() -> None:
    """Somebody who collects the posts of one campaign has no others to compare them with."""
    found = measured(vectors(300, 1.0))
    assert found.rarity(np.array([0.9]))[0] > 3.5


def test_of_a_model_that_is_not_known_the_case_tells_where_unrelated_texts_lie() -> None:
    """Some models put any two texts at a cosine of 0.75."""
    rng = np.random.default_rng(2)
    common = rng.normal(size=64)
    found = 1.7 * common / np.linalg.norm(common) + rng.normal(size=(300, 64)) / 8
    found /= np.linalg.norm(found, axis=1, keepdims=True)
    background = measured(found, Prior(0.1, 0.06, known=False))
    usual = np.median(found @ found.T)
    assert usual > 0.6
    assert background.rarity(np.array([usual]))[0] < 0.5


def test_few_items_have_the_background_that_is_known_beforehand() -> None:
    for count in (0, 1, 2, 3):
        found = measured(vectors(count, 0))
        assert abs(found.location - _FLOOR.location) < _FLOOR.scale / 2
        assert abs(found.scale - _FLOOR.scale) < _FLOOR.scale / 2


def test_similarities_that_never_vary_have_a_scale_all_the_same() -> None:
    found = Background.measure(500, lambda a, b: np.zeros(len(a)), _FLOOR)
    assert found.scale == 0.8 * _FLOOR.scale


@given(st.floats(-1, 1), st.floats(0, 1), st.floats(0.01, 0.5))
def test_decades_rise_with_similarity_and_are_bounded(
    similarity: float, more: float, scale: float
) -> None:
    background = Background(0.2, scale)
    low, high = background.rarity(np.array([similarity, similarity + more]))
    assert 0 <= low <= high <= MAX_RARITY
