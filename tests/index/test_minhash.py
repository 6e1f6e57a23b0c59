"""Candidate pairs of captions: nearly all that are alike, and never a clique."""

import random

import numpy as np
import pytest
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from frametrace.embed.signals.caption_key import PERMUTATIONS, CaptionKey, jaccard
from frametrace.index.codes import Codes
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
    hits = index.pairs()
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
    hits = MinHashIndex(index_of(codes)[0].codes).pairs()
    assert len(hits) <= 17 * len(codes)
    graph = coo_matrix((np.ones(len(hits)), (hits.query, hits.row)), (3000, 3000))
    assert connected_components(graph, directed=False)[0] == 1
    assert (hits.query < hits.row).all()
    key = hits.query * 3000 + hits.row
    assert (np.diff(key) > 0).all()


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
