"""Nearest vectors: exact below a bound, above it with a recall that was measured."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from trying import examples

from frametrace.embed.signals.base import cosine_similarity
from frametrace.index.base import Manifest
from frametrace.index.distinct_codes import Codes
from frametrace.index.vectors import VectorIndex


def unit_vectors(count: int, width: int, seed: int) -> np.ndarray:
    """(count, width) float32 of unit length, clustered as real pictures are."""
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(max(count // 20, 1), width))
    vectors = centres[rng.integers(0, len(centres), count)] + rng.normal(size=(count, width))
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def collapsed(vectors: np.ndarray) -> Codes:
    items = np.random.default_rng(0).integers(0, 256, (len(vectors), 32), np.uint8)
    return Codes.collapse(vectors, items)


@examples(60)
@given(
    count=st.integers(0, 60),
    width=st.sampled_from([4, 33, 384]),
    limit=st.integers(1, 70),
    seed=st.integers(0, 2**32 - 1),
)
def test_the_exact_search_agrees_with_brute_force(
    count: int, width: int, limit: int, seed: int
) -> None:
    index = VectorIndex.of_codes(collapsed(unit_vectors(count, width, seed)))
    queries = unit_vectors(5, width, seed + 1)
    hits = index.search(queries, limit=limit)
    assert (index.technique, index.recall) == ("flat", 1.0)
    assert hits.value.dtype == np.float32
    limit = min(limit, count)
    assert hits.query.tolist() == np.repeat(np.arange(5), limit).tolist()
    truth = cosine_similarity(queries, index.codes.codes)
    best = np.sort(truth, axis=1)[:, ::-1][:, :limit]
    rows, values = hits.row.reshape(5, limit), hits.value.reshape(5, limit)
    np.testing.assert_allclose(values, best, atol=1e-5)
    np.testing.assert_allclose(values, np.take_along_axis(truth, rows, axis=1), atol=1e-5)
    assert all(len(set(row)) == limit for row in rows.tolist())


def test_the_graph_states_the_recall_that_it_really_has(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    codes = collapsed(unit_vectors(4000, 32, 1))
    exact = VectorIndex.of_codes(codes)
    monkeypatch.setattr("frametrace.index.vectors.EXACT_BELOW", 4000)
    index = VectorIndex.of_codes(codes)
    assert index.technique == "hnsw"
    queries = unit_vectors(300, 32, 2)
    truth, hits = exact.search(queries, limit=50), index.search(queries, limit=50)
    known = set(zip(truth.query.tolist(), truth.row.tolist(), strict=True))
    found = set(zip(hits.query.tolist(), hits.row.tolist(), strict=True))
    assert len(known & found) / len(known) == pytest.approx(index.recall, abs=0.03)
    assert index.recall > 0.9
    similarities = cosine_similarity(queries, codes.codes)[hits.query, hits.row]
    np.testing.assert_allclose(hits.value, similarities, atol=1e-5)

    index.save(tmp_path)
    assert index.files == (*VectorIndex.files, "hnsw.faiss")
    manifest = Manifest("clip", "made:1", "cosine", "hnsw", 32, 4000, 4000, index.recall, {})
    again = VectorIndex.load(codes, tmp_path, manifest).search(queries, limit=50)
    for name in ("query", "row", "value"):
        np.testing.assert_array_equal(getattr(again, name), getattr(hits, name))
