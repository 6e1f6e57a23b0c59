"""The null model of co-sharing: chance rates, p-values of pairs, and false discovery rates.

The null model keeps each account's and each item's number of shares and randomises who shared what.
In such random graphs (the configuration model; Chung and Lu 2002) accounts a and b, with k_a and
k_b items of E shares in total, both share an item of d accounts at the rate k_a k_b d (d - 1) / E².
With a time window, d (d - 1) is the number of the item's ordered pairs of accounts within it:
shares keep their items and times; only the accounts are reassigned.

The test statistic is not the number of items that two accounts share but their rarity. An item
weighs 1 + ⌊2 log2(D / d)⌋, where D is the most accounts that an item may have to tie any: about
the bits by which its chance, proportional to d², is below that of an item of D accounts. Rare
coincidences are nearly independent, so the total weight that a pair shares is compound Poisson.
For counts this is the Poisson approximation of Saracco, Straka, Di Clemente, Gabrielli, Caldarelli
and Squartini (2017, "Inferring monopartite projections of bipartite networks"). The hypergeometric
test of statistically validated networks (Tumminello, Miccichè, Lillo, Piilo and Mantegna 2011)
treats all items as equally likely, and so gives viral ones too much weight.
"""

import numpy as np

__all__ = [
    "MAX_ACTIVITY",
    "MAX_WEIGHT",
    "false_discovery_rates",
    "item_weights",
    "pack_codes",
    "tail_probability",
]

# Activity and weight are packed into one number of 61 bits; larger values are clipped.
MAX_WEIGHT = 2**20 - 1  # total of the items that a pair shares
MAX_ACTIVITY = 2**41 - 1  # the product of two accounts' numbers of items

# Smaller p-values are reported as this: no text should say that chance is ruled out.
_MIN_P = 1e-300
# Above either, Chernoff's bound replaces the exact sum.
_MAX_EXACT_WEIGHT = 1023
_MAX_EXACT_RATE = 64.0  # items that a pair is expected to share by chance
_CHUNK = 512  # codes judged at a time
_TILTS = np.concatenate([[0.0], np.geomspace(1e-4, 8, 240)])


def item_weights(sharers: np.ndarray, max_accounts: int) -> np.ndarray:
    """The weight of each item, (i,) int64, from the number of accounts that share it, (i,) int64.

    0 where fewer than two or more than `max_accounts` share it: it ties no accounts.
    """
    ties = (sharers >= 2) & (sharers <= max_accounts)
    rarity = np.log2(max_accounts / np.where(ties, sharers, max_accounts))
    return np.where(ties, 1 + np.floor(2 * rarity), 0).astype(np.int64)


def pack_codes(activity: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Activity and weight, all that chance depends on, as one number, (n,) int64.

    `activity` (n,) int64 is the product of the two accounts' numbers of items, `weight` (n,) int64
    the total weight of the items they share.
    """
    codes: np.ndarray = activity * (MAX_WEIGHT + 1) + weight
    return codes


def tail_probability(codes: np.ndarray, rates: np.ndarray) -> np.ndarray:
    """The p-value of each code, (n,) float64: that chance gives a pair this weight or more.

    `codes` are (n,) int64 from `pack_codes`; `rates` (w,) are the rates at which a pair of activity
    1 shares an item of each weight. The value is exact for the compound Poisson distribution, but
    an upper bound (Chernoff) for weights above 1,023 or more than 64 expected items.
    """
    activity, weight = np.divmod(codes, MAX_WEIGHT + 1)
    activity, p = activity.astype(np.float64), np.ones(len(codes))
    exact = (weight <= _MAX_EXACT_WEIGHT) & (activity * rates.sum() <= _MAX_EXACT_RATE)
    order = np.lexsort((weight, activity))
    for rows, tail in ((order[exact[order]], _exact), (order[~exact[order]], _bound)):
        for start in range(0, len(rows), _CHUNK):
            at = rows[start : start + _CHUNK]
            p[at] = tail(activity[at], weight[at], rates)
    return np.clip(np.where(weight > 0, p, 1), _MIN_P, 1)


def _exact(activity: np.ndarray, weight: np.ndarray, rates: np.ndarray) -> np.ndarray:
    """The exact tail, by Panjer's recursion (1981): p(t) = activity / t · Σ w rates(w) p(t - w)."""
    distinct, row = np.unique(activity, return_inverse=True)
    width = len(rates) - 1
    spread = np.sqrt(distinct[-1] * (rates * np.arange(width + 1) ** 2).sum())
    top = int(weight.max() + 12 * width + 10 * spread)
    step = (np.arange(1, width + 1) * rates[1:])[::-1]
    terms = np.zeros((width + top + 1, len(distinct)))  # `width` zeros precede p(0)
    terms[width] = np.exp(-distinct * rates[1:].sum())
    for t in range(1, top + 1):
        terms[width + t] = distinct / t * (step @ terms[t : t + width])
    terms = terms[width:]
    # Small tails are summed from the top, because 1 - p would lose their digits; large ones, whose
    # terms may continue above the top, from below.
    above = np.cumsum(terms[::-1], axis=0)[::-1][weight, row]
    below = 1 - np.cumsum(terms, axis=0)[np.maximum(weight - 1, 0), row]
    tail: np.ndarray = np.where(below > 1e-3, below, above)
    return tail


def _bound(activity: np.ndarray, weight: np.ndarray, rates: np.ndarray) -> np.ndarray:
    """Chernoff's upper bound of the tail, the minimum over s of the exponential below.

    exp(activity · Σ rates(w) (e^(s w) - 1) - s · weight)
    """
    growth = np.expm1(_TILTS[:, None] * np.arange(len(rates))) @ rates
    exponents = activity[:, None] * growth - weight[:, None] * _TILTS
    bound: np.ndarray = np.exp(np.minimum(exponents.min(axis=1), 0))
    return bound


def false_discovery_rates(p: np.ndarray, pairs: np.ndarray, tests: float) -> np.ndarray:
    """The false discovery rate up to each p-value (Benjamini and Hochberg 1995), (n,) float64.

    `p` (n,) is ascending; `pairs` (n,) is how many pairs have each value; `tests` is the number of
    all pairs tested; those not in `pairs` have p = 1.
    """
    rates = np.minimum(p * tests / np.cumsum(pairs), 1)
    q_values: np.ndarray = np.minimum.accumulate(rates[::-1])[::-1]
    return q_values
