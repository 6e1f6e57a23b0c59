"""Counts the items that pairs of accounts share, in blocks; only pairs that may be ties are kept.

All pairs are counted per time window (`WindowCounts`), but never listed: there are too many.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from frametrace.index.ranges import expand_ranges
from frametrace.matcher.network.account_pairs import AccountPairs, CountPlan, PairBlock
from frametrace.matcher.network.tie_p_values import tail_probability
from frametrace.matcher.network.time_windows import ShareSlots
from frametrace.work.progress import Advance

__all__ = [
    "MAX_SLOT_PAIRS_TO_LIST_ALL",
    "MIN_SHARED_ITEMS",
    "WindowCounts",
    "count_pairs",
    "item_account_limit",
    "lists_all_pairs",
    "testable_pairs",
]

MIN_SHARED_ITEMS = 2  # a single shared item is a coincidence, however rare it is
_BLOCK = 2_000_000  # pairs of slots in memory at a time: some 300 MB
MAX_SLOT_PAIRS_TO_LIST_ALL = 5_000  # up to this, every pair of accounts is listed, tied or not


@dataclass(frozen=True, slots=True)
class WindowCounts:
    """How many pairs of accounts share items within one window.

    `sharing` (n + 1,): the number of pairs that share exactly 0 to n items. `sharing_across`: the
    number of pairs on two platforms that share any. For the pairs that share enough items, `codes`
    (u,) int64 are the distinct chance codes, ascending; `pairs` and `across` (u,) are the numbers
    of pairs, and of pairs on two platforms, with each code.
    """

    sharing: np.ndarray
    sharing_across: int
    codes: np.ndarray
    pairs: np.ndarray
    across: np.ndarray


@dataclass(slots=True)
class _WindowTally:
    """The counts of one window so far.

    Here the last bit of `codes` says whether the two accounts are on different platforms.
    """

    sharing: np.ndarray = field(default_factory=lambda: np.zeros(1, np.int64))
    sharing_across: int = 0
    codes: np.ndarray = field(default_factory=lambda: np.empty(0, np.int64))
    pairs: np.ndarray = field(default_factory=lambda: np.empty(0, np.int64))

    def add(self, shared: np.ndarray, codes: np.ndarray, across: np.ndarray) -> None:
        """Count more pairs: the items they share, their codes, whether on two platforms."""
        size = max(len(self.sharing), int(shared.max()) + 1)
        padded = np.pad(self.sharing, (0, size - len(self.sharing)))
        self.sharing = padded + np.bincount(shared, minlength=size)
        self.sharing_across += int(((shared > 0) & across).sum())
        enough = shared >= MIN_SHARED_ITEMS
        new_codes, new_pairs = np.unique((codes * 2 + across)[enough], return_counts=True)
        self.codes, index = np.unique(np.append(self.codes, new_codes), return_inverse=True)
        self.pairs = np.bincount(index, np.append(self.pairs, new_pairs), len(self.codes))

    def counts(self) -> WindowCounts:
        """The counts of everything that was added."""
        codes, index = np.unique(self.codes // 2, return_inverse=True)
        pairs, across = (
            np.bincount(index, number, len(codes)).astype(np.int64)
            for number in (self.pairs, self.pairs * (self.codes % 2))
        )
        return WindowCounts(self.sharing, self.sharing_across, codes, pairs, across)


def item_account_limit(sharers: np.ndarray, max_accounts: int, max_pairs: int) -> int:
    """The most accounts that an item may have: `max_accounts`, or fewer to stay in `max_pairs`."""
    by_size = np.bincount(sharers[sharers <= max_accounts], minlength=max_accounts + 1)
    size = np.arange(max_accounts + 1)
    pairs = np.cumsum(by_size * (size * (size - 1) // 2))
    return max(int(np.searchsorted(pairs, max_pairs, side="right")) - 1, 1)


def testable_pairs(activity: np.ndarray) -> int:
    """How many pairs of accounts could be tied: each of the two shares enough items."""
    accounts = int((activity >= MIN_SHARED_ITEMS).sum())
    return accounts * (accounts - 1) // 2


def lists_all_pairs(slots: ShareSlots) -> bool:
    """Whether there are so few pairs that all are listed, tied or not."""
    return int(slots.following.sum()) <= MAX_SLOT_PAIRS_TO_LIST_ALL


def count_pairs(
    slots: ShareSlots, plan: CountPlan, advance: Advance
) -> tuple[AccountPairs, list[WindowCounts]]:
    """Count the pairs of accounts within every window, and keep those that may be ties."""
    tallies = [_WindowTally() for _ in plan.windows]
    keep_all = lists_all_pairs(slots)
    kept: list[AccountPairs] = []
    for left, right in _blocks(slots):
        block = PairBlock.of(slots, plan, left, right)
        by_window = [block.within(window) for window in plan.windows]
        for tally, (shared, codes) in zip(tallies, by_window, strict=True):
            tally.add(shared, codes, block.across)
        shared, codes = by_window[plan.listed_window]
        keep = shared > 0 if keep_all else _may_be_ties(shared, codes, plan)
        all_shared = np.stack([shared for shared, _ in by_window], axis=1)
        kept.append(block.select(slots, plan, keep, all_shared, codes))
        advance(len(left))
    return AccountPairs.joined(kept, len(plan.windows)), [tally.counts() for tally in tallies]


def _blocks(slots: ShareSlots) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Every pair of slots of one item; one block holds all pairs of an account with later ones."""
    following = slots.following
    order = np.argsort(slots.account, kind="stable")
    order = order[following[order] > 0]
    # Each share of a slot is looked up in the slots that follow it.
    cost = np.cumsum((following * np.diff(slots.starts))[order])
    last = np.flatnonzero(np.diff(slots.account[order], append=-1))
    start, spent = 0, 0
    for end, total in zip((last + 1).tolist(), cost[last].tolist(), strict=True):
        if total - spent >= _BLOCK or end == len(order):
            part = order[start:end]
            which, right = expand_ranges(part + 1, following[part])
            yield part[which], right
            start, spent = end, total


def _may_be_ties(shared: np.ndarray, codes: np.ndarray, plan: CountPlan) -> np.ndarray:
    """Which pairs have a p-value of at most the plan's limit, (m,) bool."""
    keep = shared >= MIN_SHARED_ITEMS
    at = np.flatnonzero(keep)
    distinct, index = np.unique(codes[at], return_inverse=True)
    p = tail_probability(distinct, plan.rates)
    keep[at] = p[index] <= plan.max_p * (1 + 1e-6)  # rounding differs between calls
    return keep
