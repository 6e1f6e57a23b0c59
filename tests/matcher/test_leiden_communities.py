"""Communities by Leiden: planted ones are found; random numbers drawn elsewhere don't matter."""

import ctypes
import sys

import numpy as np
import pytest
from scipy.sparse import coo_matrix, csr_matrix
from scipy.sparse.csgraph import connected_components
from sknetwork.clustering import Leiden

from frametrace.matcher.leiden_communities import leiden_communities


def graph_of(a: np.ndarray, b: np.ndarray, weight: np.ndarray, n: int) -> csr_matrix:
    both_ways = np.append(a, b), np.append(b, a)
    return coo_matrix((np.append(weight, weight), both_ways), (n, n), np.float32).tocsr()


def planted(n: int, communities: int, mixed: float, seed: int) -> tuple[csr_matrix, np.ndarray]:
    """A random graph of 8 edges a node, of which `mixed` ignore the planted communities."""
    rng = np.random.default_rng(seed)
    a = rng.integers(0, n, 8 * n)
    b = np.where(
        rng.random(8 * n) < mixed,
        rng.integers(0, n, 8 * n),
        rng.integers(0, n // communities, 8 * n) * communities + a % communities,
    )
    other = a != b
    weight = rng.uniform(5, 12, len(a))
    return graph_of(a[other], b[other], weight[other], n), np.arange(n) % communities


def same_partition(a: np.ndarray, b: np.ndarray) -> bool:
    pairs = len(np.unique(np.stack([a, b]), axis=1).T)
    return pairs == len(np.unique(a)) == len(np.unique(b))


@pytest.mark.parametrize("seed", range(3))
def test_planted_communities_are_found(seed: int) -> None:
    graph, community = planted(400, 8, 0.1, seed)
    assert same_partition(leiden_communities(graph), community)


def test_a_graph_without_edges_has_a_community_for_each_node() -> None:
    assert leiden_communities(csr_matrix((4, 4), dtype=np.float32)).tolist() == [0, 1, 2, 3]
    assert leiden_communities(csr_matrix((0, 0), dtype=np.float32)).tolist() == []


@pytest.mark.parametrize("seed", range(3))
def test_communities_are_connected_and_the_largest_comes_first(seed: int) -> None:
    graph, _ = planted(300, 10, 0.6, seed)
    community = leiden_communities(graph)
    sizes = np.bincount(community)
    assert (np.diff(sizes) <= 0).all()
    for number in range(len(sizes)):
        members = community == number
        assert connected_components(graph[members][:, members], directed=False)[0] == 1


@pytest.mark.skipif(sys.platform == "win32", reason="the C library has no name there")
def test_random_numbers_drawn_elsewhere_do_not_change_the_communities() -> None:
    """With half of the edges at random, scikit-network's own refinement gives other communities."""
    libc = ctypes.CDLL(None)
    graph, _ = planted(300, 10, 0.5, seed=0)
    ours, theirs = set(), set()
    for seed in range(8):
        libc.srand(seed)
        ours.add(leiden_communities(graph).tobytes())
        libc.srand(seed)
        theirs.add(Leiden(random_state=0).fit_predict(graph).tobytes())
    assert len(ours) == 1
    assert len(theirs) > 1
