"""Nearest neighbours among vectors of unit length, by inner product in FAISS.

Below 100,000 vectors the search is exact. Above, a graph (HNSW; Malkov and Yashunin 2016) answers
much faster and misses some neighbours: how many it finds is measured when it is built, against the
exact search, and stands in the index's manifest. Threads build it together, so that two builds over
the same vectors may miss different ones.
"""

from pathlib import Path
from typing import Any

import numpy as np

from frametrace.index.codes import Codes
from frametrace.index.hits import Hits

__all__ = ["EXACT_BELOW", "DenseIndex"]

EXACT_BELOW = 100_000
_LINKS = 32  # HNSW's M
_BUILD_WIDTH = 80  # efConstruction
_SEARCH_WIDTH = 128  # efSearch
_SAMPLE = 200  # queries that measure the recall
_SAMPLE_LIMIT = 50  # neighbours; as many as matching asks for
_FILE = "hnsw.faiss"


class DenseIndex:
    """The most similar vectors; `recall` is 1.0 where the search is exact."""

    def __init__(self, codes: Codes, graph: Any = None, recall: float = 1.0) -> None:
        self.codes = codes
        self.recall = recall
        self._graph = graph
        self._flat: Any = None

    @property
    def technique(self) -> str:
        """`flat`, which is exact, or `hnsw`."""
        return "hnsw" if self._graph is not None else "flat"

    @classmethod
    def build(cls, codes: Codes) -> "DenseIndex":
        """Build over (u, d) float32 vectors of unit length."""
        exact = cls(codes)
        if len(codes) < EXACT_BELOW:
            return exact
        import faiss

        graph = faiss.IndexHNSWFlat(codes.codes.shape[1], _LINKS, faiss.METRIC_INNER_PRODUCT)
        graph.hnsw.efConstruction, graph.hnsw.efSearch = _BUILD_WIDTH, _SEARCH_WIDTH
        graph.add(np.ascontiguousarray(codes.codes))
        approximate = cls(codes, graph)
        sample = np.random.default_rng(0).choice(len(codes), min(_SAMPLE, len(codes)), False)
        queries = np.ascontiguousarray(codes.codes[np.sort(sample)])
        truth = exact.search(queries, _SAMPLE_LIMIT)
        found = approximate.search(queries, _SAMPLE_LIMIT)
        known = set(zip(truth.query.tolist(), truth.row.tolist(), strict=True))
        hit = known & set(zip(found.query.tolist(), found.row.tolist(), strict=True))
        approximate.recall = len(hit) / len(known)
        return approximate

    def save(self, folder: Path) -> list[str]:
        """Write what can't be read off the codes; returns the files' names."""
        if self._graph is None:
            return []
        import faiss

        writer: Any = getattr(faiss, "PyCallbackIOWriter")  # noqa: B009  its stubs lack it
        with (folder / _FILE).open("wb") as file:  # FAISS itself doesn't notice a full disk
            faiss.write_index(self._graph, writer(file.write))
        return [_FILE]

    @classmethod
    def load(cls, codes: Codes, folder: Path, technique: str, recall: float) -> "DenseIndex":
        """Open what `save` wrote beside the codes; raises RuntimeError where it can't be read."""
        if technique == "flat":
            return cls(codes)
        import faiss

        graph: Any = faiss.read_index(str(folder / _FILE))
        if (graph.ntotal, graph.d) != codes.codes.shape:
            raise RuntimeError(f"{_FILE} holds {graph.ntotal} vectors of {graph.d} values")
        graph.hnsw.efSearch = _SEARCH_WIDTH
        return cls(codes, graph, recall)

    def search(self, queries: np.ndarray, limit: int) -> Hits:
        """The `limit` most similar codes of each (m, d) query, best first."""
        if not len(self.codes):
            return Hits.concatenate([], np.float32)
        limit = min(limit, len(self.codes))
        similarities, rows = self._searcher().search(np.ascontiguousarray(queries), limit)
        query = np.repeat(np.arange(len(queries)), limit)
        hits = Hits(query, rows.ravel(), similarities.ravel())
        return hits.where(hits.row >= 0)

    def _searcher(self) -> Any:
        if self._graph is not None:
            return self._graph
        if self._flat is None:
            import faiss

            self._flat = faiss.IndexFlatIP(self.codes.codes.shape[1])
            self._flat.add(np.ascontiguousarray(self.codes.codes))
        return self._flat
