"""The null by experiment: the same shares dealt to the same accounts at random, again and again."""

from dataclasses import replace

import numpy as np

from frametrace.matcher.match_settings import TieSettings
from frametrace.matcher.network.shares import Shares
from frametrace.matcher.network.ties import find_ties
from frametrace.work.progress import Progress, Silent

__all__ = ["shuffled", "ties_of_shuffled"]

ROUNDS = 20  # in each, about every account and item change partners; ties are gone after five


def shuffled(shares: Shares, seed: int, rounds: int = ROUNDS) -> Shares:
    """Deal the same items and times to other accounts; each keeps how many different ones it has.

    Random pairs of (account, item) swap their accounts where that makes no pair twice, all at once
    in each round. A round leads back with the same probability, so that in the end every such graph
    is as likely (the switching chain; Rao, Jana and Bandyopadhyay 1996).
    """
    rng = np.random.default_rng(seed)
    begins = shares.begins()
    item, account = shares.item[begins], shares.account[begins].copy()
    for _ in range(rounds):
        _switch(item, account, len(shares.items), rng)
    everybody = account[np.cumsum(begins) - 1]
    order = np.lexsort((shares.at, everybody, shares.item))
    return replace(shares, account=everybody[order], at=shares.at[order])


def _switch(item: np.ndarray, account: np.ndarray, items: int, rng: np.random.Generator) -> None:
    """Swap the accounts of random pairs of slots, unless any slot would be there twice.

    A swap is left out as well where its own slots are those that another one would make: only then
    does the way back have the same chances.
    """
    x, y = rng.permutation(len(item))[: len(item) // 2 * 2].reshape(2, -1)
    made = np.concatenate([account[y] * items + item[x], account[x] * items + item[y]])
    codes = np.concatenate([account * items + item, made])
    _, which, times = np.unique(codes, return_inverse=True, return_counts=True)
    once = times[which] == 1
    there, (made_x, made_y) = once[: len(item)], once[len(item) :].reshape(2, -1)
    swap = there[x] & there[y] & made_x & made_y
    x, y = x[swap], y[swap]
    account[x], account[y] = account[y], account[x].copy()


def ties_of_shuffled(
    shares: Shares,
    settings: TieSettings = TieSettings(),
    shuffles: int = 100,
    seed: int = 0,
    progress: Progress | None = None,
) -> np.ndarray:
    """How many ties are found in each of so many shuffles, (shuffles,) int64: all of them false.

    The check on p-values and false discovery rates: of n shuffles, at most about `fdr` · n should
    have any tie.
    """
    found = np.zeros(shuffles, np.int64)
    with (progress or Silent()).track("shuffles", shuffles) as advance:
        for at in range(shuffles):
            ties = find_ties(shuffled(shares, seed + at), settings).ties
            found[at] = np.count_nonzero(ties["q_value"].to_numpy() <= settings.fdr)
            advance(1)
    return found
