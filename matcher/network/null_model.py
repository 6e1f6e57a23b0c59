"""How often chance ties two accounts: the null, its tail, and the false discovery rate.

The null keeps every account's and every item's number of shares and forgets who shared what. In
such random graphs (the configuration model; Chung and Lu 2002) accounts a and b, with k_a and k_b
items of E shares in all, both share an item of d accounts at the rate k_a k_b d (d - 1) / E². With
a time window, d (d - 1) is the number of the item's ordered pairs of accounts within it: shares
keep their items and times, only the accounts are dealt anew.

What is tested is not how many items two accounts share but how rare these are. An item weighs
1 + ⌊2 log2(D / d)⌋, where D is the most accounts that an item may have to tie anybody: about the
bits by which its chance, which goes with d², is below that of an item of D accounts. Rare
coincidences are nearly independent, so the weights that a pair has in common are compound Poisson.
For counts this is the Poisson approximation of Saracco, Straka, Di Clemente, Gabrielli, Caldarelli
and Squartini (2017, "Inferring monopartite projections of bipartite networks"). The hypergeometric
test of statistically validated networks (Tumminello, Miccichè, Lillo, Piilo and Mantegna 2011)
takes every item for equally likely, and so trusts viral ones too much.
"""

import numpy as np

__all__ = [
    "MOST_ACTIVITY",
    "MOST_WEIGHT",
    "coded",
    "decoded",
    "false_discovery_rates",
    "tail",
    "weights_of",
]

# What chance depends on is one number of 61 bits; more of either is as good as this.
MOST_WEIGHT = 2**20 - 1  # of the items that a pair shares, together
MOST_ACTIVITY = 2**41 - 1  # the product of two accounts' numbers of items

_LEAST = 1e-300  # a smaller p-value is given as this: no text should say that chance can't be
_EXACT_WEIGHT = 1023  # weights above are judged by Chernoff's bound instead of term by term, as are
_EXACT_RATE = 64.0  # pairs that share more items than these by chance
_CHUNK = 512
_ANGLES = np.concatenate([[0.0], np.geomspace(1e-4, 8, 240)])


def weights_of(sharers: np.ndarray, most: int) -> np.ndarray:
    """What each item weighs, (i,) int64, by its number of accounts, (i,) int64.

    0 where fewer than two or more than `most` share it: it ties nobody.
    """
    ties = (sharers >= 2) & (sharers <= most)
    rarity = np.log2(most / np.where(ties, sharers, most))
    return np.where(ties, 1 + np.floor(2 * rarity), 0).astype(np.int64)


def coded(activity: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """What chance depends on as one number, (n,) int64.

    `activity` is (n,) int64, the product of a pair's numbers of items, `weight` is (n,) int64, that
    of the items in common.
    """
    codes: np.ndarray = activity * (MOST_WEIGHT + 1) + weight
    return codes


def decoded(codes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The activity and the weight, both (n,) int64."""
    activity, weight = np.divmod(codes, MOST_WEIGHT + 1)
    return activity, weight


def tail(codes: np.ndarray, rates: np.ndarray) -> np.ndarray:
    """The probability, (n,) float64, that chance gives a pair items of its weight or more.

    `codes` are (n,) int64, as `coded` makes them; `rates` is (w,): at which rate a pair of activity
    1 shares an item of each weight. The value is exact for the compound Poisson distribution, but
    an upper bound (Chernoff) for weights above 1,023 and where chance gives more than 64 items.
    """
    activity, weight = decoded(codes)
    activity, found = activity.astype(np.float64), np.ones(len(codes))
    exact = (weight <= _EXACT_WEIGHT) & (activity * rates.sum() <= _EXACT_RATE)
    order = np.lexsort((weight, activity))
    for rows, judge in ((order[exact[order]], _exact), (order[~exact[order]], _bound)):
        for start in range(0, len(rows), _CHUNK):
            at = rows[start : start + _CHUNK]
            found[at] = judge(activity[at], weight[at], rates)
    return np.clip(np.where(weight > 0, found, 1), _LEAST, 1)


def _exact(activity: np.ndarray, weight: np.ndarray, rates: np.ndarray) -> np.ndarray:
    """By Panjer's recursion (1981): p(t) = activity / t · Σ w rates(w) p(t - w)."""
    distinct, row = np.unique(activity, return_inverse=True)
    width = len(rates) - 1
    spread = np.sqrt(distinct[-1] * (rates * np.arange(width + 1) ** 2).sum())
    top = int(weight.max() + 12 * width + 10 * spread)
    each = (np.arange(1, width + 1) * rates[1:])[::-1]
    terms = np.zeros((width + top + 1, len(distinct)))  # `width` zeros stand before p(0)
    terms[width] = np.exp(-distinct * rates[1:].sum())
    for t in range(1, top + 1):
        terms[width + t] = distinct / t * (each @ terms[t : t + width])
    terms = terms[width:]
    # From the top, because 1 - p loses the digits of small tails; but those of large ones, whose
    # terms may go on above the top, are taken from below.
    above = np.cumsum(terms[::-1], axis=0)[::-1][weight, row]
    below = 1 - np.cumsum(terms, axis=0)[np.maximum(weight - 1, 0), row]
    found: np.ndarray = np.where(below > 1e-3, below, above)
    return found


def _bound(activity: np.ndarray, weight: np.ndarray, rates: np.ndarray) -> np.ndarray:
    """By Chernoff: the least over s of exp(activity · Σ rates(w) (e^(s w) - 1) - s · weight)."""
    growth = np.expm1(_ANGLES[:, None] * np.arange(len(rates))) @ rates
    exponents = activity[:, None] * growth - weight[:, None] * _ANGLES
    bound: np.ndarray = np.exp(np.minimum(exponents.min(axis=1), 0))
    return bound


def false_discovery_rates(p: np.ndarray, pairs: np.ndarray, tests: float) -> np.ndarray:
    """The rate of false ties among all pairs up to each p-value (Benjamini and Hochberg 1995).

    `p` is (n,), ascending; `pairs` is (n,): how many have it; `tests` is the number of all pairs
    that were tested, of which those that are not listed have p = 1.
    """
    rates = np.minimum(p * tests / np.cumsum(pairs), 1)
    least: np.ndarray = np.minimum.accumulate(rates[::-1])[::-1]
    return least
