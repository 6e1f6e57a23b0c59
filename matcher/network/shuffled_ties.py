"""Permutation test of the ties: reassigns shares to accounts at random and counts false ties."""

from dataclasses import replace

import numpy as np

from frametrace.matcher.match_settings import TieSettings
from frametrace.matcher.network.shares import Shares
from frametrace.matcher.network.ties import find_ties
from frametrace.work.progress import Progress, Silent

__all__ = ["count_shuffled_ties", "shuffle_shares"]

_ROUNDS = 20  # in each, about every share changes its account; all ties are gone after five


def shuffle_shares(shares: Shares, seed: int, rounds: int = _ROUNDS) -> Shares:
    """Reassign the items and times to other accounts; each keeps its number of distinct items.

    In each round, random pairs of (account, item) swap their accounts all at once, except where
    that would make a pair twice. Rounds are reversible with equal probability, so that in the limit
    all such graphs are equally likely (the switching chain; Rao, Jana and Bandyopadhyay 1996).
    """
    rng = np.random.default_rng(seed)
    starts = shares.slot_starts()
    item, account = shares.item[starts], shares.account[starts].copy()
    for _ in range(rounds):
        _switch(item, account, len(shares.items), rng)
    of_share = account[np.cumsum(starts) - 1]
    order = np.lexsort((shares.at, of_share, shares.item))
    return replace(shares, account=of_share[order], at=shares.at[order])


def _switch(item: np.ndarray, account: np.ndarray, items: int, rng: np.random.Generator) -> None:
    """Swap the accounts of random pairs of slots, unless a slot would exist twice.

    A swap is also skipped where another swap would make one of its own slots: only then is the
    reverse step equally likely.
    """
    x, y = rng.permutation(len(item))[: len(item) // 2 * 2].reshape(2, -1)
    new = np.concatenate([account[y] * items + item[x], account[x] * items + item[y]])
    codes = np.concatenate([account * items + item, new])
    _, which, times = np.unique(codes, return_inverse=True, return_counts=True)
    unique = times[which] == 1
    old, (new_x, new_y) = unique[: len(item)], unique[len(item) :].reshape(2, -1)
    swap = old[x] & old[y] & new_x & new_y
    x, y = x[swap], y[swap]
    account[x], account[y] = account[y], account[x].copy()


def count_shuffled_ties(
    shares: Shares,
    settings: TieSettings = TieSettings(),
    shuffles: int = 100,
    seed: int = 0,
    progress: Progress | None = None,
) -> np.ndarray:
    """The number of ties found in each of `shuffles` shuffles, (shuffles,) int64: all are false.

    Checks p-values and false discovery rates: of n shuffles, at most about `fdr` · n should have
    any tie.
    """
    counts = np.zeros(shuffles, np.int64)
    with (progress or Silent()).track("shuffles", shuffles) as advance:
        for at in range(shuffles):
            ties = find_ties(shuffle_shares(shares, seed + at), settings).ties
            counts[at] = np.count_nonzero(ties["q_value"].to_numpy() <= settings.fdr)
            advance(1)
    return counts
