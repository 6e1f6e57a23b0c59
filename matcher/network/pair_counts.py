"""Counting which items two accounts share, in blocks: pairs that tie nothing are never kept."""

from collections.abc import Callable, Iterator

import numpy as np

from frametrace.matcher.network.account_pairs import Block, Kept, Plan
from frametrace.matcher.network.null_model import tail
from frametrace.matcher.network.pair_histogram import LEAST_SHARED, Counted, Tally
from frametrace.matcher.network.time_windows import Slots, expanded

__all__ = ["LISTED", "count_pairs", "lists_everything", "most_sharers", "testable"]

_BLOCK = 2_000_000  # pairs of slots looked at together: some 300 MB
LISTED = 5_000  # pairs of slots; where there are no more, every pair of accounts is listed


def most_sharers(sharers: np.ndarray, most: int, budget: int) -> int:
    """The most accounts that an item may have: `most`, or fewer where pairs would be too many."""
    by_size = np.bincount(sharers[sharers <= most], minlength=most + 1)
    size = np.arange(most + 1)
    pairs = np.cumsum(by_size * (size * (size - 1) // 2))
    return max(int(np.searchsorted(pairs, budget, side="right")) - 1, 1)


def testable(activity: np.ndarray) -> int:
    """How many pairs of accounts could be tied: both share enough items."""
    able = int((activity >= LEAST_SHARED).sum())
    return able * (able - 1) // 2


def lists_everything(slots: Slots) -> bool:
    """Whether there is so little that every pair of accounts is listed, tied or not."""
    return int(slots.following.sum()) <= LISTED


def count_pairs(
    slots: Slots, plan: Plan, advance: Callable[[int], None]
) -> tuple[Kept, list[Counted]]:
    """Count the pairs of accounts within every window, and keep those that may be ties."""
    tallies = [Tally() for _ in plan.windows]
    everything = lists_everything(slots)
    kept: list[Kept] = []
    for left, right in _blocks(slots):
        block = Block.of(slots, plan, left, right)
        found = [block.within(window) for window in plan.windows]
        for tally, (number, codes) in zip(tallies, found, strict=True):
            tally.add(number, codes, block.across)
        number, codes = found[plan.chosen]
        keep = number > 0 if everything else _promising(number, codes, plan)
        shared = np.stack([number for number, _ in found], axis=1)
        kept.append(block.kept(slots, plan, keep, shared, codes))
        advance(len(left))
    return Kept.joined(kept, len(plan.windows)), [tally.counted() for tally in tallies]


def _blocks(slots: Slots) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Every pair of slots of one item; all those of an account with later ones lie together."""
    following = slots.following
    order = np.argsort(slots.account, kind="stable")
    order = order[following[order] > 0]
    # Of a slot with several shares each is looked up in the others.
    cost = np.cumsum((following * np.diff(slots.start))[order])
    last = np.flatnonzero(np.diff(slots.account[order], append=-1))
    begin, spent = 0, 0
    for end, total in zip((last + 1).tolist(), cost[last].tolist(), strict=True):
        if total - spent >= _BLOCK or end == len(order):
            part = order[begin:end]
            which, right = expanded(part + 1, following[part])
            yield part[which], right
            begin, spent = end, total


def _promising(shared: np.ndarray, codes: np.ndarray, plan: Plan) -> np.ndarray:
    """Which pairs have a chance that is not above the plan's limit."""
    keep = shared >= LEAST_SHARED
    at = np.flatnonzero(keep)
    different, row = np.unique(codes[at], return_inverse=True)
    chance = tail(different, plan.rates)
    keep[at] = chance[row] <= plan.limit * (1 + 1e-6)  # rounding differs between calls
    return keep
