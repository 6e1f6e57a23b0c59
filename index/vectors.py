"""Finds the nearest neighbours of vectors by cosine similarity, with FAISS.

Below 100,000 vectors the search is exact. Above, a graph (HNSW; Malkov and Yashunin 2016) is much
faster and misses some neighbours. Its recall is measured against the exact search when it is built
and recorded in the index's manifest. Several threads build it, so that two builds over the same
vectors may miss different neighbours.
"""

from pathlib import Path
from typing import Any, Self

import numpy as np

from frametrace.index.base import CodeIndex, Hits, Manifest
from frametrace.index.distinct_codes import Codes

__all__ = ["EXACT_BELOW", "VectorIndex"]

EXACT_BELOW = 100_000  # vectors
_LINKS = 32  # HNSW's M
_BUILD_WIDTH = 80  # efConstruction
_SEARCH_WIDTH = 128  # efSearch
_SAMPLE = 200  # queries to measure the recall with
_SAMPLE_LIMIT = 50  # neighbours of each; the number that matching uses
_FILE = "hnsw.faiss"


class VectorIndex(CodeIndex):
    """Vectors of unit length, searched exactly or by an HNSW graph."""

    def __init__(self, codes: Codes, graph: Any = None, recall: float = 1.0) -> None:
        super().__init__(codes)
        self.recall = recall
        self._graph = graph
        self._flat: Any = None
        self.technique = "flat" if graph is None else "hnsw"
        if graph is not None:
            self.files = (*self.files, _FILE)

    @classmethod
    def of_codes(cls, codes: Codes) -> Self:
        """An index over (u, d) float32 vectors of unit length."""
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
        expected, actual = (
            set(zip(hits.query.tolist(), hits.row.tolist(), strict=True))
            for hits in (
                index.search(queries, limit=_SAMPLE_LIMIT) for index in (exact, approximate)
            )
        )
        approximate.recall = len(expected & actual) / len(expected)
        return approximate

    def save(self, folder: Path) -> None:
        """Write the graph, if there is one."""
        if self._graph is None:
            return
        import faiss

        writer: Any = getattr(faiss, "PyCallbackIOWriter")  # noqa: B009  its stubs lack it
        with (folder / _FILE).open("wb") as file:  # FAISS itself doesn't notice a full disk
            faiss.write_index(self._graph, writer(file.write))

    @classmethod
    def load(cls, codes: Codes, folder: Path, manifest: Manifest) -> Self:
        """Open what `save` wrote beside the codes; raises RuntimeError if it can't be read."""
        if manifest.technique == "flat":
            return cls(codes)
        import faiss

        graph: Any = faiss.read_index(str(folder / _FILE))
        if (graph.ntotal, graph.d) != codes.codes.shape:
            raise RuntimeError(f"{_FILE} holds {graph.ntotal} vectors of {graph.d} values")
        graph.hnsw.efSearch = _SEARCH_WIDTH
        return cls(codes, graph, manifest.recall)

    def search(self, queries: np.ndarray, bound: float | None = None, limit: int = 0) -> Hits:
        """The most similar codes of each (m, d) query, best first."""
        if not len(self.codes):
            return Hits.concatenate([], np.float32)
        limit = min(limit or len(self.codes), len(self.codes))
        similarities, rows = self._searcher().search(np.ascontiguousarray(queries), limit)
        query = np.repeat(np.arange(len(queries)), limit)
        hits = Hits(query, rows.ravel(), similarities.ravel())
        is_hit = hits.row >= 0  # FAISS returns -1 where it has too few
        return hits.where(is_hit if bound is None else is_hit & (hits.value >= bound))

    def _searcher(self) -> Any:
        if self._graph is not None:
            return self._graph
        if self._flat is None:
            import faiss

            self._flat = faiss.IndexFlatIP(self.codes.codes.shape[1])
            self._flat.add(np.ascontiguousarray(self.codes.codes))
        return self._flat
