"""Edges: pairs of nodes with evidence, and the matches table that is made of them."""

import hashlib
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from frametrace.matcher.photos.match_graph import Edges
from frametrace.matcher.result_schemas import MATCHES, ORDER_OF_MATCHES, Relation


def names(n: int) -> pa.StringArray:
    """Digests, in no order."""
    return pa.array([hashlib.sha256(str(at).encode()).hexdigest() for at in range(n)], pa.string())


@dataclass(frozen=True)
class Drawn:
    """Pairs with a hash's distance, and some of them with a similarity as well."""

    n: int
    distance: dict[tuple[int, int], int]
    similarity: dict[tuple[int, int], float]

    def edges(self) -> Edges:
        rng = np.random.default_rng(self.n)
        parts = []
        for values in (self.distance, self.similarity):
            pairs = np.array(list(values), np.int64).reshape(-1, 2)
            turned = rng.random(len(pairs)) < 0.5
            pairs[turned] = pairs[turned, ::-1]
            value = np.array(list(values.values()))
            if values is self.distance:
                parts.append(Edges.of_distances(*pairs.T, "pdq", value.astype(np.uint8), 256))
            else:
                parts.append(Edges.of_similarities(*pairs.T, "clip", value))
        return Edges.concatenate(parts)

    def rows(self) -> list[tuple[int, int, str, int | None, float]]:
        """By pair, then the most similar first."""
        rows = [(*pair, "pdq", d, 1 - d / 256) for pair, d in self.distance.items()]
        more = [(*pair, "clip", None, s) for pair, s in self.similarity.items()]
        return sorted(rows + more, key=lambda row: (row[:2], -row[4]))


@st.composite
def drawn(draw: st.DrawFn) -> Drawn:
    n = draw(st.integers(2, 12))
    pairs = st.tuples(st.integers(0, n - 1), st.integers(0, n - 1)).filter(lambda p: p[0] < p[1])
    distances = draw(st.dictionaries(pairs, st.integers(0, 31), max_size=20))
    similarities = draw(st.dictionaries(pairs, st.sampled_from([0.75, 0.95]), max_size=20))
    return Drawn(n, distances, similarities)


@given(drawn())
def test_edges_keep_what_they_are_given_in_order(case: Drawn) -> None:
    edges, rows = case.edges(), case.rows()
    assert list(zip(edges.a.tolist(), edges.b.tolist(), strict=True)) == [r[:2] for r in rows]
    assert edges.distance.tolist() == [-1 if row[3] is None else row[3] for row in rows]
    assert edges.similarity.tolist() == [np.float32(row[4]) for row in rows]
    strongest = {row[:2]: row[4] for row in reversed(rows)}
    graph = np.zeros((case.n, case.n), np.float32)
    for (a, b), similarity in strongest.items():
        graph[a, b] = graph[b, a] = similarity
    assert np.array_equal(edges.graph(case.n).toarray(), graph)
    asked = np.array(list(strongest), np.int64).reshape(-1, 2)
    found = edges.between(asked[:, 1], asked[:, 0])
    assert edges.similarity[found].tolist() == list(map(np.float32, strongest.values()))


@given(drawn())
def test_matches_are_the_edges_ordered_by_digest(case: Drawn) -> None:
    digests = names(case.n).to_pylist()
    table = case.edges().matches(names(case.n), Relation.COPY)
    assert table.schema == MATCHES
    rows = [tuple(row.values())[:6] for row in table.to_pylist()]
    expected = [
        (*sorted((digests[a], digests[b])), "copy", signal, distance, np.float32(similarity))
        for a, b, signal, distance, similarity in case.rows()
    ]
    assert rows == sorted(expected, key=lambda row: row[:4])
    assert table.column(6).null_count == len(rows)


def test_many_matches_come_in_batches_that_are_in_order() -> None:
    n, rng = 1000, np.random.default_rng(5)
    a, b = np.triu_indices(n, 1)
    edges = Edges.of_distances(a, b, "pdq", rng.integers(0, 32, len(a)).astype(np.uint8), 256)
    batches = list(edges.batches(names(n), Relation.COPY))
    assert len(batches) > 1
    assert max(batch.nbytes for batch in batches) < 64 * 2**20
    table = pa.Table.from_batches(batches)
    assert table.num_rows == len(a)
    assert table.equals(table.sort_by(ORDER_OF_MATCHES))
    assert table["distance"].to_numpy().sum() == edges.distance.sum(dtype=np.int64)
