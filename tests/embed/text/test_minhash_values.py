"""MinHash values of keys: datasketch's, and estimates of the Jaccard similarity."""

from itertools import combinations, pairwise

import numpy as np
import pyarrow as pa
import pytest
from datasketch import MinHash
from hypothesis import given
from hypothesis import strategies as st
from trying import examples

from frametrace.embed.text.minhash_values import PERMUTATIONS, hashes_of, minhashes
from frametrace.embed.text.ngrams import grams, grams_of, jaccard

words = st.text(st.sampled_from("abcdefgh香港地铁"), min_size=30, max_size=400)


def minhash(key: str) -> np.ndarray:
    value: np.ndarray = minhashes(pa.array([key]))[0]
    return value


@given(st.lists(st.text(max_size=50), max_size=20))
def test_the_values_are_those_of_datasketch(keys: list[str]) -> None:
    column = pa.array(keys, pa.string())
    grams, begins = grams_of(column)
    values = minhashes(column)
    assert values.dtype == np.uint32
    assert values.shape == (len(keys), PERMUTATIONS)
    for at, value in enumerate(values):
        theirs = MinHash(PERMUTATIONS, seed=1, hashfunc=int, scheme="affine32")
        theirs.update_batch(hashes_of(grams[begins[at] : begins[at + 1]]).tolist())
        assert np.array_equal(value, theirs.hashvalues)


@given(
    st.lists(st.text(st.sampled_from("abc\0香港か\U00020000\U0010ffff"), max_size=12), max_size=9)
)
def test_grams_are_numbered_one_to_one(keys: list[str]) -> None:
    numbers, begins = grams_of(pa.array(keys, pa.string()))
    assert len(begins) == len(keys) + 1
    assert begins[0] == 0
    assert begins[-1] == len(numbers)
    assert (numbers >= 0).all()
    ours = [set(numbers[start:stop].tolist()) for start, stop in pairwise(begins.tolist())]
    theirs = list(map(grams, keys))
    assert list(map(len, ours)) == list(map(len, theirs))
    for a, b in combinations(range(len(keys)), 2):
        assert len(ours[a] & ours[b]) == len(theirs[a] & theirs[b])


@examples(200)
@given(words, st.data())
def test_the_share_of_equal_values_estimates_the_jaccard_similarity(text: str, data) -> None:
    changed = list(text)
    for at in data.draw(st.lists(st.integers(0, len(text) - 1), max_size=12)):
        changed[at] = "z"
    other = "".join(changed)
    exact = jaccard(text, other)
    assert exact == jaccard(other, text)
    estimate = (minhash(text) == minhash(other)).mean()
    # Five standard errors of 64 independent hash functions, and one value more.
    assert (
        abs(estimate - exact) <= 5 * np.sqrt(exact * (1 - exact) / PERMUTATIONS) + 1 / PERMUTATIONS
    )


@pytest.mark.parametrize("alphabet", ["abcdefghij", "的一是在不了有和人这港"])
def test_the_estimate_has_no_bias_and_the_stated_error(alphabet: str) -> None:
    rng = np.random.default_rng(1)
    letters = list(alphabet)
    texts = ["".join(rng.choice(letters, 120)) for _ in range(600)]
    others = [text[:100] + "".join(rng.choice(letters, 20)) for text in texts]
    same = minhashes(pa.array(texts)) == minhashes(pa.array(others))
    exact = [jaccard(text, other) for text, other in zip(texts, others, strict=True)]
    errors = same.mean(axis=1) - exact
    assert abs(np.mean(errors)) < 0.01
    assert np.std(errors) < 0.065
