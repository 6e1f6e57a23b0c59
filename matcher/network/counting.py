"""Counting which items two accounts share, in blocks: pairs that tie nothing are never kept."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np

from frametrace.matcher.network.chance import tail
from frametrace.matcher.network.shares import UNKNOWN
from frametrace.matcher.network.slots import Slots, expanded
from frametrace.posts.errors import UsageError

__all__ = [
    "LEAST_SHARED",
    "Counted",
    "Kept",
    "Plan",
    "count_pairs",
    "lists_everything",
    "most_sharers",
    "testable",
]

_BLOCK = 2_000_000  # pairs of slots looked at together: some 300 MB
_LISTED = 5_000  # pairs of slots; where there are no more, every pair of accounts is listed
# What chance depends on is one number of 61 bits; more of either is as good as this.
_MOST_SUM = 2**20 - 1  # of shared weights
_MOST_ACTIVITY = 2**41 - 1  # a product of two accounts' numbers of items
_MOST_KEPT = 30_000_000  # pairs of accounts and items: some 2 GB

LEAST_SHARED = 2  # items; one that two accounts share is a coincidence, however rare it is


@dataclass(frozen=True, slots=True)
class Plan:
    """What is counted: `weight` is (i,) int64, that of each item; `platform` is (a,) int64.

    `windows` are in milliseconds, `NEVER` for no limit, and `chosen` is the place of the one whose
    ties are listed; `rates` are those of its chance. A tie with a p-value above `limit` is none.
    """

    weight: np.ndarray
    platform: np.ndarray
    windows: tuple[int, ...]
    chosen: int
    rates: np.ndarray
    limit: float


@dataclass(frozen=True, slots=True)
class Kept:
    """m pairs of accounts that are listed, ordered, and the r items that they share.

    `a` and `b` are (m,) int64, a < b; `shared`, `activity` and `weight` are (m,), of the chosen
    window. Of the items, `pair`, `item`, `gap` (milliseconds) and `both` (when both had shared it,
    or `UNKNOWN`) are (r,) int64, ordered by pair and item.
    """

    a: np.ndarray
    b: np.ndarray
    shared: np.ndarray
    activity: np.ndarray
    weight: np.ndarray
    pair: np.ndarray
    item: np.ndarray
    gap: np.ndarray
    both: np.ndarray

    @property
    def codes(self) -> np.ndarray:
        """Activity and weight as one number, (m,) int64."""
        return _code(self.activity, self.weight)

    def only(self, which: np.ndarray) -> "Kept":
        """Some of the pairs; `which` is (m,) bool."""
        rows = which[self.pair]
        of_items = ("pair", "item", "gap", "both")
        columns = {
            name: getattr(self, name)[rows if name in of_items else which]
            for name in Kept.__slots__
        }
        columns["pair"] = (np.cumsum(which) - 1)[columns["pair"]]
        return Kept(**columns)


@dataclass(frozen=True, slots=True)
class Counted:
    """How many pairs of accounts share items within one window.

    `sharing` is (n + 1,): how many pairs share just so many items; `sharing_across` counts those on
    two platforms that share any. Of those that share enough, `codes` are the different activities
    and weights as one number, (u,) int64, ordered, and `pairs` and `across` say how many pairs, and
    pairs on two platforms, have them.
    """

    sharing: np.ndarray
    sharing_across: int
    codes: np.ndarray
    pairs: np.ndarray
    across: np.ndarray

    @property
    def activity(self) -> np.ndarray:
        """What `tail` asks for, (u,) int64."""
        activity: np.ndarray = self.codes // (_MOST_SUM + 1)
        return activity

    @property
    def weight(self) -> np.ndarray:
        """What `tail` asks for, (u,) int64."""
        weight: np.ndarray = self.codes % (_MOST_SUM + 1)
        return weight


def _code(activity: np.ndarray, weight: np.ndarray) -> np.ndarray:
    code: np.ndarray = activity * (_MOST_SUM + 1) + weight
    return code


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


def count_pairs(
    slots: Slots, plan: Plan, advance: Callable[[int], None]
) -> tuple[Kept, list[Counted]]:
    """Count the pairs of accounts within every window, and keep those that may be ties.

    Raises `UsageError` where there are more than memory should hold.
    """
    tallies = [_Tally(window) for window in plan.windows]
    everything = lists_everything(slots)
    kept: list[Kept] = []
    rows = 0
    for left, right in _blocks(slots):
        block = _Block.of(slots, plan, left, right)
        for at, tally in enumerate(tallies):
            shared, weight = block.within(tally.window)
            tally.add(block, shared, weight)
            if at == plan.chosen:
                keep = shared > 0 if everything else _promising(block, shared, weight, plan)
                kept.append(block.kept(slots, keep, shared, weight))
        rows += len(kept[-1].pair)
        if rows > _MOST_KEPT:
            raise UsageError(
                f"more than {_MOST_KEPT:,} shared items tie accounts: too many to list. Count only "
                "rarer items, with a lower --max-accounts"
            )
        advance(len(left))
    return _joined(kept), [tally.counted() for tally in tallies]


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


@dataclass(frozen=True, slots=True)
class _Block:
    """Pairs of slots ordered by their pairs of accounts; `start` is where each of these begins."""

    start: np.ndarray
    left: np.ndarray
    right: np.ndarray
    gap: np.ndarray
    weight: np.ndarray
    activity: np.ndarray
    across: np.ndarray

    @classmethod
    def of(cls, slots: Slots, plan: Plan, left: np.ndarray, right: np.ndarray) -> "_Block":
        a, b = slots.account[left], slots.account[right]
        order = np.argsort(a * len(slots.activity) + b, kind="stable")
        a, b, left, right = a[order], b[order], left[order], right[order]
        start = np.flatnonzero((np.diff(a, prepend=-1) != 0) | (np.diff(b, prepend=-1) != 0))
        a, b = a[start], b[start]
        return cls(
            start=start,
            left=left,
            right=right,
            gap=slots.gaps(left, right),
            weight=plan.weight[slots.item[left]],
            activity=np.minimum(slots.activity[a] * slots.activity[b], _MOST_ACTIVITY),
            across=plan.platform[a] != plan.platform[b],
        )

    def within(self, window: int) -> tuple[np.ndarray, np.ndarray]:
        """How many items each pair shares within a window, and what they weigh together."""
        near = self.gap <= window
        weight = np.add.reduceat(np.where(near, self.weight, 0), self.start)
        return np.add.reduceat(near.astype(np.int64), self.start), np.minimum(weight, _MOST_SUM)

    def kept(self, slots: Slots, keep: np.ndarray, shared: np.ndarray, weight: np.ndarray) -> Kept:
        """Some of the pairs with everything about them."""
        size = np.diff(self.start, append=len(self.left))[keep]
        pair, row = expanded(self.start[keep], size)
        left, right = self.left[row], self.right[row]
        first, second = slots.first[left], slots.first[right]
        unknown = (first == UNKNOWN) | (second == UNKNOWN)
        begin = self.start[keep]
        return Kept(
            a=slots.account[self.left[begin]],
            b=slots.account[self.right[begin]],
            shared=shared[keep],
            activity=self.activity[keep],
            weight=weight[keep],
            pair=pair,
            item=slots.item[left],
            gap=self.gap[row],
            both=np.where(unknown, UNKNOWN, np.maximum(first, second)),
        )


def _promising(block: _Block, shared: np.ndarray, weight: np.ndarray, plan: Plan) -> np.ndarray:
    """Which pairs have a chance that is not above the plan's limit."""
    keep = shared >= LEAST_SHARED
    at = np.flatnonzero(keep)
    code, row = np.unique(_code(block.activity[at], weight[at]), return_inverse=True)
    chance = tail(code // (_MOST_SUM + 1), code % (_MOST_SUM + 1), plan.rates)
    keep[at] = chance[row] <= plan.limit * (1 + 1e-6)  # rounding differs between calls
    return keep


def lists_everything(slots: Slots) -> bool:
    """Whether there is so little that every pair of accounts is listed, tied or not."""
    return int(slots.following.sum()) <= _LISTED


@dataclass(slots=True)
class _Tally:
    """What is known of one window so far; `codes` are (activity, weight, across) as one number."""

    window: int
    sharing: np.ndarray = field(default_factory=lambda: np.zeros(1, np.int64))
    across: int = 0
    codes: np.ndarray = field(default_factory=lambda: np.empty(0, np.int64))
    pairs: np.ndarray = field(default_factory=lambda: np.empty(0, np.int64))

    def add(self, block: _Block, shared: np.ndarray, weight: np.ndarray) -> None:
        size = max(len(self.sharing), int(shared.max()) + 1)
        self.sharing = np.bincount(shared, minlength=size) + np.pad(
            self.sharing, (0, size - len(self.sharing))
        )
        self.across += int(((shared > 0) & block.across).sum())
        enough = shared >= LEAST_SHARED
        code = _code(block.activity, weight) * 2 + block.across
        codes, pairs = np.unique(code[enough], return_counts=True)
        self.codes, place = np.unique(np.append(self.codes, codes), return_inverse=True)
        self.pairs = np.bincount(place, np.append(self.pairs, pairs), len(self.codes))

    def counted(self) -> Counted:
        rest, across = np.divmod(self.codes, 2)
        codes, place = np.unique(rest, return_inverse=True)
        pairs, pairs_across = (
            np.bincount(place, number, len(codes)).astype(np.int64)
            for number in (self.pairs, self.pairs * across)
        )
        return Counted(self.sharing, self.across, codes, pairs, pairs_across)


def _joined(parts: list[Kept]) -> Kept:
    begin = np.cumsum([0, *(len(part.a) for part in parts)])
    columns = {
        name: np.concatenate([np.empty(0, np.int64), *(getattr(part, name) for part in parts)])
        for name in Kept.__slots__
    }
    sizes = [len(part.pair) for part in parts]
    columns["pair"] = columns["pair"] + np.repeat(begin[:-1], sizes)
    return Kept(**columns)
