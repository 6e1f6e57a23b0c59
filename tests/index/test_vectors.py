"""Nearest vectors: exact below a bound, above it with a recall that was measured."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from trying import examples

from frametrace.embed.signals.base import cosine_similarity
from frametrace.index.base import Hits, Manifest
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


def test_hits_do_not_depend_on_threads_or_on_how_many_queries_there_are() -> None:
    import faiss

    codes = collapsed(unit_vectors(3000, 384, 4))
    index, queries = VectorIndex.of_codes(codes), unit_vectors(1500, 384, 5)
    before = faiss.omp_get_max_threads()
    outcomes = set()
    try:
        for threads, batch in ((1, 1500), (2, 1500), (4, 1500), (2, 1000), (1, 100)):
            faiss.omp_set_num_threads(threads)
            parts = [
                index.search(queries[at : at + batch], limit=9) for at in range(0, 1500, batch)
            ]
            hits = Hits.concatenate(parts, np.float32)
            outcomes.add(hits.row.tobytes() + hits.value.tobytes())
    finally:
        faiss.omp_set_num_threads(before)
    assert len(outcomes) == 1


@examples(40)
@given(count=st.integers(1, 24), limit=st.integers(1, 10), seed=st.integers(0, 2**32 - 1))
def test_of_equally_similar_codes_the_first_ones_are_found(
    count: int, limit: int, seed: int
) -> None:
    """Codes with two of eight values: a query has at most three different similarities to them."""
    rng = np.random.default_rng(seed)
    pairs = np.array([[a, b] for a in range(8) for b in range(a)])
    vectors = np.zeros((count, 8), np.float32)
    np.put_along_axis(vectors, pairs[rng.permutation(len(pairs))[:count]], np.sqrt(0.5), axis=1)
    codes = collapsed(vectors)
    similarity = np.rint(2 * codes.codes @ codes.codes.T).astype(int)
    hits = VectorIndex.of_codes(codes).search(codes.codes, limit=limit)
    for query in range(len(codes)):
        expected = np.lexsort((np.arange(len(codes)), -similarity[query]))[:limit]
        assert hits.row[hits.query == query].tolist() == expected.tolist()
