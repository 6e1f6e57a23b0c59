"""Captions in several languages: each pair of languages has a background, and neighbours."""

import hashlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from making import make_case, put_codes

from frametrace.case.store import Case
from frametrace.matcher.framing.calibration import Backgrounds, Prior
from frametrace.matcher.framing.distinct_contents import NONE
from frametrace.matcher.framing.text.text_languages import Languages
from frametrace.matcher.framing.vector_similarity import (
    MIN_VECTOR_RARITY,
    ItemVectors,
    angular_nearness,
)
from frametrace.matcher.saved_results import Results

PRIOR = Prior(0.075, 0.032)
ENGLISH = [
    f"The station was burned again and nobody says who paid for it, case {at}" for at in range(60)
]
CHINESE = [f"车站又被烧了，没有人说是谁付的钱，案件{at}" for at in range(60)]
RUSSIAN = [
    f"Станцию снова сожгли, и никто не говорит, кто за это заплатил, дело {at}" for at in range(5)
]


def unit(vectors: np.ndarray) -> np.ndarray:
    scaled: np.ndarray = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return scaled.astype(np.float32)


def with_vectors(folder: Path, texts: list[str], vectors: np.ndarray) -> Case:
    case = make_case(folder, [{"text": text} for text in texts])
    codes = {hashlib.sha256(t.encode()).hexdigest(): v for t, v in zip(texts, vectors, strict=True)}
    return put_codes(case, "caption", codes)


def test_languages_with_few_texts_are_measured_together() -> None:
    languages = Languages.of([*ENGLISH, *CHINESE, *RUSSIAN])
    assert languages.codes == ("", "en", "zh")
    assert languages.numbers.tolist() == [1] * 60 + [2] * 60 + [0] * 5
    more = languages.with_added([CHINESE[0], RUSSIAN[0], "12345"])
    assert more.numbers.tolist() == [*languages.numbers.tolist(), 2, 0, 0]


def test_a_rarity_means_the_same_within_and_across_languages() -> None:
    """Unrelated texts of the second language look more alike than those of the first."""
    rng = np.random.default_rng(3)
    location = np.array([[0.05, 0.08], [0.08, 0.14]])
    language = np.repeat([0, 1], 400)

    def compare(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        drawn: np.ndarray = rng.logistic(location[language[a], language[b]], 0.032)
        return drawn

    found = Backgrounds.measure(language, 2, compare, PRIOR)
    np.testing.assert_allclose(found.location, location, atol=0.01)
    for i, j in ((0, 0), (0, 1), (1, 0), (1, 1)):
        rarity = found.between(i, j).rarity(rng.logistic(location[i, j], 0.032, 200_000))
        assert 0.6 < np.mean(rarity >= 2) * 100 < 1.6


def test_a_language_without_texts_has_the_background_of_the_prior() -> None:
    found = Backgrounds.measure(
        np.zeros(300, np.int64), 3, lambda a, _: np.full(len(a), 0.2), PRIOR
    )
    np.testing.assert_allclose(found.location[1:, 1:], PRIOR.location, atol=0.01)
    assert found.location[0, 0] > 0.15


@pytest.mark.parametrize("count", [1, 3])
def test_the_nearest_in_each_language_are_those_of_brute_force(tmp_path: Path, count: int) -> None:
    texts = [*ENGLISH, *CHINESE]
    rng = np.random.default_rng(5)
    vectors = unit(rng.normal(size=(120, 16)) + 0.4)
    vectors[7] = vectors[3]
    case = with_vectors(tmp_path, texts, vectors)
    digests = pa.array([hashlib.sha256(text.encode()).hexdigest() for text in texts])
    language = np.repeat([1, 2], 60)
    items = ItemVectors.of(case, "caption", digests, PRIOR, language)
    assert items is not None
    found = {
        tuple(sorted(pair))
        for pair in zip(*(s.tolist() for s in items.nearest(count)), strict=True)
    }
    expected = {(3, 7)}
    nearness = angular_nearness(vectors @ vectors.T)
    distinct = np.delete(np.arange(120), 7)
    for a in distinct:
        for number in (1, 2):
            others = distinct[(language[distinct] == number) & (distinct != a)]
            # A text of the language itself is among its nearest.
            others = others[np.argsort(-nearness[a, others])[: count + (language[a] != number)]]
            rarity = items.backgrounds.between(language[a], number).rarity(nearness[a, others])
            expected |= {
                (min(a, b), max(a, b)) for b in others[rarity >= MIN_VECTOR_RARITY].tolist()
            }
    assert found == expected
    assert (items.row != NONE).all()


def test_one_message_in_two_languages_is_one_framing_however_many_say_it_in_one(
    tmp_path: Path, matched: Callable[..., Results]
) -> None:
    """Texts are nearer to those in their own language, of which there are many."""
    rng = np.random.default_rng(1)
    message, english, chinese = np.linalg.qr(rng.normal(size=(64, 64)))[0][:3]
    noise = 0.02 * rng.normal(size=(120, 64))
    own = np.repeat([english, chinese], 60, axis=0)
    vectors = unit(0.95 * message + 0.25 * own + noise)
    unrelated = unit(rng.normal(size=(60, 64)))
    subjects = [f"Everyday remark number {at}, about nothing in particular" for at in range(60)]
    texts = [*ENGLISH, *CHINESE, *subjects]
    case = with_vectors(tmp_path, texts, np.concatenate([vectors, unrelated]))
    results = matched(case)
    groups: dict[str, set[str]] = {}
    for row in results.members.to_pylist():
        if row["kind"] == "framing":
            groups.setdefault(row["group_id"], set()).add(row["post_id"])
    english_posts, chinese_posts = ({f"p{at + 60 * n}" for at in range(60)} for n in (0, 1))
    both = [group for group in groups.values() if group & english_posts and group & chinese_posts]
    assert len(set().union(*both) & (english_posts | chinese_posts)) > 100
