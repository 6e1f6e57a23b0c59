"""Stars: groups without chains, on any graph."""

from dataclasses import dataclass
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import block_diag, coo_matrix, csr_matrix
from trying import examples

from frametrace.matcher.photos.star_clustering import StarClusters, star_clusters


@dataclass(frozen=True)
class Drawn:
    """A graph with what `stars` takes beside it."""

    graph: csr_matrix
    weight: np.ndarray
    direct: bool
    first: np.ndarray

    def cut(self) -> StarClusters:
        return star_clusters(self.graph, self.weight, direct=self.direct, first=self.first)


def symmetric(n: int, a: np.ndarray, b: np.ndarray, similarity: np.ndarray) -> csr_matrix:
    half = coo_matrix((similarity.astype(np.float32), (a, b)), shape=(n, n))
    return (half + half.T).tocsr()


@st.composite
def drawn(draw: st.DrawFn, ties: bool = True) -> Drawn:
    """Graphs from none to dense; with `ties`, many nodes are equal in what decides."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n = draw(st.integers(0, 30))
    edge = np.triu(rng.random((n, n)) < draw(st.sampled_from([0.0, 0.05, 0.1, 0.3, 1.0])), 1)
    edge |= draw(st.booleans()) * np.eye(n, k=1, dtype=bool)  # a chain through all
    a, b = np.nonzero(edge)
    similarity = rng.choice([0.8, 0.9, 1.0], len(a)) if ties else rng.uniform(0.75, 1, len(a))
    weight = rng.integers(0, 3, n) if ties else rng.permutation(n) + 1
    first = np.flatnonzero(rng.random(n) < draw(st.sampled_from([0.0, 0.1])))
    return Drawn(symmetric(n, a, b, similarity), weight, draw(st.booleans()), first)


def inside(case: Drawn) -> np.ndarray:
    """The similarities as a full matrix; 0 where there is no edge."""
    dense = case.graph.toarray()
    return dense


@examples(300)
@given(drawn())
def test_every_member_is_tied_to_its_medoid_directly_or_through_one_member(case: Drawn) -> None:
    found, similarity = case.cut(), inside(case)
    nodes = np.arange(len(case.weight))
    assert (found.medoid[found.medoid] == found.medoid).all()
    assert (found.via[found.medoid] == found.medoid).all()
    medoids = set(found.medoid.tolist())
    for node, medoid, via in zip(nodes, found.medoid, found.via, strict=True):
        if node in medoids:
            assert medoid == node
            continue
        assert via != node
        assert similarity[node, via] > 0
        assert found.medoid[via] == medoid
        # One recorded step: what ties a member in is the medoid or tied to it directly.
        assert found.via[via] == medoid
        assert via == medoid or not case.direct
        # No member could have been tied in more strongly.
        near = [other for other in medoids if similarity[node, other] > 0]
        if near:
            assert via == medoid
            assert similarity[node, medoid] == max(similarity[node, other] for other in near)


@examples(150)
@given(drawn())
def test_medoids_are_those_of_the_plain_greedy_rule(case: Drawn) -> None:
    """The rule as one would write it without regard to time: the most central node, again."""
    similarity = np.rint(inside(case) * 2**24).astype(np.int64)
    tied = similarity > 0
    left = tied.any(axis=1)
    medoids = {*np.flatnonzero(~left).tolist(), *case.first.tolist()}
    centers = case.first
    while left.any():
        covered = tied[centers].any(axis=0) & left
        if not case.direct:
            covered |= tied[covered].any(axis=0)
        covered[centers] = True
        left &= ~covered
        central = 2**24 * case.weight + similarity @ np.where(left, case.weight, 0)
        centers = np.array([np.argmax(np.where(left, central, -1))])
        medoids.update(centers[left[centers]].tolist())
    assert set(case.cut().medoid.tolist()) == medoids


@given(drawn(ties=False), st.randoms(use_true_random=False))
def test_the_order_of_nodes_and_edges_changes_nothing(case: Drawn, random: Random) -> None:
    order = list(range(len(case.weight)))
    random.shuffle(order)
    place = np.argsort(order)
    edges = case.graph.tocoo()
    shuffled = list(range(edges.nnz))
    random.shuffle(shuffled)
    moved = coo_matrix(
        (edges.data[shuffled], (place[edges.row[shuffled]], place[edges.col[shuffled]])),
        shape=edges.shape,
    )
    weight, first_moved = case.weight[order], place[case.first]
    again = star_clusters(moved.tocsr(), weight, direct=case.direct, first=first_moved)
    first = case.cut()
    assert again.medoid.tolist() == place[first.medoid[order]].tolist()
    assert again.via.tolist() == place[first.via[order]].tolist()


@pytest.mark.parametrize("direct", [False, True])
def test_ten_thousand_copies_of_a_graph_are_cut_like_the_one(direct: bool) -> None:
    """More edges than are worked on at a time."""
    rng = np.random.default_rng(3)
    n, copies = 40, 10_000
    a, b = np.nonzero(np.triu(rng.random((n, n)) < 0.6, 1))
    one = symmetric(n, a, b, rng.choice([0.8, 0.9], len(a)))
    assert one.nnz * copies > 2**23
    weight = rng.integers(1, 4, n)
    first = np.array([7])
    part = star_clusters(one, weight, direct=direct, first=first)
    many = star_clusters(
        block_diag([one] * copies, "csr"),
        np.tile(weight, copies),
        direct=direct,
        first=(first + n * np.arange(copies)[:, None]).ravel(),
    )
    at = n * np.arange(copies)[:, None]
    assert part.medoid[7] == 7
    assert np.array_equal(many.medoid, (at + part.medoid).ravel())
    assert np.array_equal(many.via, (at + part.via).ravel())


def test_a_long_chain_is_split() -> None:
    chain = symmetric(25, np.arange(24), np.arange(1, 25), np.full(24, 0.9))
    for direct, steps in ((False, 2), (True, 1)):
        found = star_clusters(chain, np.ones(25, int), direct=direct)
        assert abs(np.arange(25) - found.medoid).max() == steps
        assert len(set(found.medoid.tolist())) >= 25 / (2 * steps + 1)


def test_the_node_with_most_posts_stands_for_its_star() -> None:
    # All are alike to the second; but the first is what nearly everybody posts.
    graph = symmetric(4, np.array([0, 1, 1]), np.array([1, 2, 3]), np.array([0.8, 0.8, 0.8]))
    found = star_clusters(graph, np.array([100, 1, 1, 1]))
    assert found.medoid.tolist() == [0, 0, 0, 0]
    assert found.via.tolist() == [0, 0, 1, 1]
