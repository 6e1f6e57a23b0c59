"""Finds communities of accounts (Leiden): accounts tied to each other more than to the rest."""

import numpy as np

from frametrace.matcher.leiden_communities import leiden_communities

__all__ = ["account_communities"]


def account_communities(
    a: np.ndarray, b: np.ndarray, shared: np.ndarray, accounts: int
) -> np.ndarray:
    """The community of each account, (accounts,) int64, from 0, the largest first; -1 for none.

    Found by Leiden over the ties `a`–`b`, weighted by the number of items they share. Of equally
    large communities, the one with the first account comes first.
    """
    community = np.full(accounts, -1, np.int64)
    tied, ends = np.unique(np.concatenate([a, b]), return_inverse=True)
    if not len(tied):
        return community
    from scipy.sparse import csr_matrix

    ends = ends.reshape(2, -1)
    both_ways = np.concatenate([ends, ends[::-1]], axis=1)
    size = len(tied)
    graph = csr_matrix((np.tile(shared, 2).astype(np.float64), both_ways), shape=(size, size))
    labels = leiden_communities(graph)
    _, first, label, sizes = np.unique(
        labels, return_index=True, return_inverse=True, return_counts=True
    )
    rank = np.empty(len(sizes), np.int64)
    rank[np.lexsort((first, -sizes))] = np.arange(len(sizes))
    community[tied] = rank[label]
    return community
