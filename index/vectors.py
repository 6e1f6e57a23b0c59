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
_SPARE = 16  # codes that are proposed beyond the limit
_ERROR = 1e-5  # of FAISS's similarities; up to 6e-7 was measured with 384 values
_PAIRS = 1 << 13  # compared at a time; 50 MB with 384 values
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
        """The most similar codes of each (m, d) query, best first; of equals, the first code.

        The last bits of FAISS's similarities depend on the number of threads, and on how many
        queries there are. So FAISS only proposes codes, some more than the limit. Their
        similarities are computed again, from sums in float64, and these decide.
        """
        n = len(self.codes)
        if not n or not len(queries):
            return Hits.concatenate([], np.float32)
        limit = min(limit or n, n)
        proposed = min(limit + _SPARE, n)
        similarities, rows = self._searcher().search(np.ascontiguousarray(queries), proposed)
        parts = []
        for start in range(0, len(queries), max(_PAIRS // proposed, 1)):
            part = slice(start, start + max(_PAIRS // proposed, 1))
            # FAISS returns the row -1 where it has too few.
            keep = rows[part] >= 0
            keep &= similarities[part] >= (-np.inf if bound is None else bound - _ERROR)
            query, at = np.nonzero(keep)
            found = self._compared(queries, start + query, rows[part][query, at])
            parts.append(_best(found, limit, bound))
        return Hits.concatenate(parts, np.float32)

    def _compared(self, queries: np.ndarray, query: np.ndarray, row: np.ndarray) -> Hits:
        """Pairs of a query and a code with their similarity."""
        a, b = queries[query].astype(np.float64), self.codes.codes[row].astype(np.float64)
        return Hits(query, row, np.einsum("ij,ij->i", a, b).astype(np.float32))

    def _searcher(self) -> Any:
        if self._graph is not None:
            return self._graph
        if self._flat is None:
            import faiss

            self._flat = faiss.IndexFlatIP(self.codes.codes.shape[1])
            self._flat.add(np.ascontiguousarray(self.codes.codes))
        return self._flat


def _best(hits: Hits, limit: int, bound: float | None) -> Hits:
    """The hits of each query, best first, as many as the limit and the bound allow."""
    order = np.lexsort((hits.row, -hits.value, hits.query))
    query, value = hits.query[order], hits.value[order]
    keep = np.arange(len(order)) - np.searchsorted(query, query) < limit
    if bound is not None:
        keep &= value >= bound
    return Hits(query[keep], hits.row[order[keep]], value[keep])
