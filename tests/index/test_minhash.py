"""Candidate pairs of captions: nearly all that are similar, and never a clique."""

import random
from itertools import combinations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from frametrace.embed.signals.caption_key import CaptionKey
from frametrace.embed.text.minhash_values import PERMUTATIONS
from frametrace.embed.text.ngrams import jaccard, jaccards
from frametrace.index import minhash
from frametrace.index.distinct_codes import Codes
from frametrace.index.minhash import BANDS, MinHashIndex

_ROWS = PERMUTATIONS // BANDS


def index_of(codes: np.ndarray) -> tuple[MinHashIndex, np.ndarray]:
    """An index over codes, and the row of each."""
    items = np.zeros((len(codes), 32), np.uint8)
    items[:, -4:] = np.arange(len(codes), dtype=">u4").view(np.uint8).reshape(-1, 4)
    made = Codes.collapse(codes, items)
    row = np.empty(len(codes), np.int64)
    row[made.items[:, -4:].copy().view(">u4").ravel()] = np.repeat(
        np.arange(len(made)), np.diff(made.starts)
    )
    return MinHashIndex(made), row


def codes_of(keys: list[str]) -> np.ndarray:
    column = CaptionKey().compute(keys)["code"].combine_chunks()
    codes: np.ndarray = column.flatten().to_numpy().reshape(len(keys), PERMUTATIONS)
    return codes


def written_anew(key: str, changes: int, choose: random.Random) -> str:
    letters = list(key)
    for at in choose.sample(range(len(letters)), changes):
        letters[at] = choose.choice("abcdefghijklmnopqrstuvwxyz")
    return "".join(letters)


def test_pairs_become_candidates_as_often_as_the_formula_says() -> None:
    choose = random.Random(1)
    keys = ["".join(choose.choices("abcdefghijklmnopqrstuvwxyz", k=120)) for _ in range(1500)]
    others = [written_anew(key, 1 + at % 30, choose) for at, key in enumerate(keys)]
    index, row = index_of(codes_of([*keys, *others]))
    hits = index.candidates()
    estimates = dict(
        zip(zip(hits.query.tolist(), hits.row.tolist(), strict=True), hits.value, strict=True)
    )
    # Some differ so little that all 64 values agree: they are one code.
    estimates |= {(at, at): np.float32(1) for at in range(len(index.codes))}
    pairs = [
        tuple(sorted(pair)) for pair in zip(row[:1500].tolist(), row[1500:].tolist(), strict=True)
    ]
    similarity = np.array([jaccard(x, y) for x, y in zip(keys, others, strict=True)])
    was_found = np.array([pair in estimates for pair in pairs])
    expected = 1 - (1 - similarity**_ROWS) ** BANDS

    alike = similarity >= 0.8
    assert alike.sum() > 100
    assert was_found[alike].mean() >= 0.995
    middling = (similarity > 0.3) & (similarity < 0.6)
    assert middling.sum() > 300
    assert was_found[middling].mean() == pytest.approx(expected[middling].mean(), abs=0.06)

    errors = [
        estimates[pair] - truth
        for pair, truth in zip(pairs, similarity, strict=True)
        if pair in estimates
    ]
    assert np.sqrt(np.mean(np.square(errors))) < 0.07  # 64 values: 0.05 at 0.8, 0.0625 at 0.5


def test_a_value_that_many_share_connects_them_and_makes_no_clique() -> None:
    rng = np.random.default_rng(2)
    codes = rng.integers(0, 2**32, (3000, PERMUTATIONS), np.uint32)
    codes[:, _ROWS : 2 * _ROWS] = 7
    hits = MinHashIndex(index_of(codes)[0].codes).candidates()
    assert len(hits) <= 17 * len(codes)
    graph = coo_matrix((np.ones(len(hits)), (hits.query, hits.row)), (3000, 3000))
    assert connected_components(graph, directed=False)[0] == 1
    assert (hits.query < hits.row).all()
    key = hits.query * 3000 + hits.row
    assert (np.diff(key) > 0).all()


def listed(codes: np.ndarray) -> set[tuple[int, int]]:
    """The pairs of rows by definition: with the first of a bucket, and with the next sixteen."""
    found = set()
    for start in range(0, PERMUTATIONS, _ROWS):
        buckets: dict[bytes, list[int]] = {}
        for row, code in enumerate(codes):
            buckets.setdefault(code[start : start + _ROWS].tobytes(), []).append(row)
        for rows in buckets.values():
            found |= {
                (rows[a], rows[b])
                for a, b in combinations(range(len(rows)), 2)
                if a == 0 or b - a <= 16
            }
    return found


@given(st.integers(0, 2**32 - 1), st.integers(0, 120), st.integers(1, 6))
def test_pairs_are_those_of_the_definition(seed: int, count: int, values: int) -> None:
    rng = np.random.default_rng(seed)
    codes = rng.integers(0, values, (count, PERMUTATIONS), np.uint32)
    codes[rng.random(codes.shape) < 0.1] += 7
    index, _ = index_of(codes)
    hits = index.candidates()
    assert set(zip(hits.query.tolist(), hits.row.tolist(), strict=True)) == listed(
        index.codes.codes
    )
    agree = (index.codes.codes[hits.query] == index.codes.codes[hits.row]).mean(axis=1)
    assert hits.value.dtype == np.float32
    assert np.array_equal(hits.value, agree.astype(np.float32))
    for least in (0.2, 0.8):
        some, kept = index.candidates(least), hits.where(hits.value >= least)
        for ours, theirs in ((some.query, kept.query), (some.row, kept.row)):
            assert np.array_equal(ours, theirs)


def test_pairs_are_the_same_block_by_block(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(4)
    index, _ = index_of(rng.integers(0, 3, (500, PERMUTATIONS), np.uint32))
    whole = index.candidates()
    monkeypatch.setattr(minhash, "_ROWS", 7)
    monkeypatch.setattr(minhash, "_PAIRS", 11)
    parts = index.candidates()
    assert np.array_equal(whole.query, parts.query)
    assert np.array_equal(whole.row, parts.row)
    assert np.array_equal(whole.value, parts.value)


@pytest.mark.parametrize("count", [0, 1, 2, 50])
def test_equal_codes_are_one_and_make_no_pair(count: int) -> None:
    index, _ = index_of(codes_of(["all say the very same words"] * count))
    assert len(index.codes) == min(count, 1)
    assert len(index.candidates()) == 0
    assert len(index.search(codes_of(["all say the very same words"]))) == min(count, 1)


@given(
    st.integers(0, 2**32 - 1), st.sampled_from(["abcdefghijklmnop", "的一是在不了有和人这香港地铁"])
)
def test_candidates_include_all_that_brute_force_finds_similar(seed: int, alphabet: str) -> None:
    """None of some 2,000 pairs of 0.8 or more is missed, of which the formula allows 0.02 %."""
    choose = random.Random(seed)
    first = ["".join(choose.choices(alphabet, k=choose.randint(20, 90))) for _ in range(12)]
    keys = [*first, *(key[choose.randint(0, 3) :] for key in first for _ in range(3))]
    keys += [written_anew(key, 1, choose) for key in first]
    keys = [*dict.fromkeys(keys)]
    index, row = index_of(codes_of(keys))
    hits = index.candidates()
    found = set(zip(hits.query.tolist(), hits.row.tolist(), strict=True))
    a, b = np.triu_indices(len(keys), 1)
    for x, y, alike in zip(a, b, jaccards(pa.array(keys), a, b), strict=True):
        assert alike == jaccard(keys[x], keys[y])
        pair = (min(row[x], row[y]), max(row[x], row[y]))
        assert alike < 0.8 or row[x] == row[y] or pair in found


def test_a_search_finds_all_that_share_a_band() -> None:
    rng = np.random.default_rng(3)
    codes = rng.integers(0, 4, (400, PERMUTATIONS), np.uint32)
    index, _ = index_of(codes)
    queries = codes[:5] ^ (rng.random((5, PERMUTATIONS)) < 0.3)
    hits = index.search(queries)
    agree = queries[:, None] == index.codes.codes[None]
    bands = agree.reshape(5, 400, BANDS, _ROWS).all(axis=3).any(axis=2)
    assert set(zip(hits.query.tolist(), hits.row.tolist(), strict=True)) == {
        (q, r) for q, r in np.argwhere(bands).tolist()
    }
    np.testing.assert_allclose(hits.value, agree.mean(axis=2)[hits.query, hits.row], atol=1e-6)
    for query in range(5):
        assert (np.diff(hits.value[hits.query == query]) <= 0).all()
