"""Holds pairs of accounts and the items that they share: in blocks while counting, then the kept.

The kept pairs are those that may be ties.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np

from frametrace.index.ranges import expand_ranges
from frametrace.matcher.network.shares import UNKNOWN_TIME
from frametrace.matcher.network.tie_p_values import MAX_ACTIVITY, MAX_WEIGHT, pack_codes
from frametrace.matcher.network.time_windows import NO_GAP, ShareSlots

__all__ = ["AccountPairs", "CountPlan", "PairBlock"]


@dataclass(frozen=True, slots=True)
class CountPlan:
    """The inputs of counting.

    `item_weight` (i,) int64 is the weight of each item, `platform` (a,) int64 the platform of each
    account. `windows` are in milliseconds, `NO_GAP` for no limit; `listed_window` is the index of
    the window whose ties are listed, and `rates` are the chance rates for that window. A pair with
    a p-value above `max_p` can't be a tie.
    """

    item_weight: np.ndarray
    platform: np.ndarray
    windows: tuple[int, ...]
    listed_window: int
    rates: np.ndarray
    max_p: float


@dataclass(frozen=True, slots=True)
class AccountPairs:
    """m pairs of accounts, and the items that they share within the listed window.

    All are (m,) int64: `a` and `b` (a < b); `codes`, what their chance depends on; `first_shared`,
    when both had shared one of the items, or `UNKNOWN_TIME`; `closest`, the least time between two
    shares, or `NO_GAP` (both in milliseconds). `shared` is (m, w) int32, the number of items shared
    within each window. `item` int32 holds the items of the first pair, then those of the second,
    and so on.
    """

    a: np.ndarray
    b: np.ndarray
    codes: np.ndarray
    first_shared: np.ndarray
    closest: np.ndarray
    shared: np.ndarray
    item: np.ndarray

    @classmethod
    def joined(cls, parts: list[Self], windows: int) -> Self:
        """All pairs of the parts, in order."""
        none = np.empty(0, np.int64)
        empty = {"shared": np.empty((0, windows), np.int32), "item": np.empty(0, np.int32)}
        columns = {
            name: np.concatenate([empty.get(name, none), *(getattr(part, name) for part in parts)])
            for name in cls.__slots__
        }
        return cls(**columns)

    def take(self, order: np.ndarray, window: int) -> Self:
        """The pairs at the indices `order`; `window` is the index of the listed window."""
        sizes = self.shared[:, window].astype(np.int64)
        _, position = expand_ranges((np.cumsum(sizes) - sizes)[order], sizes[order])
        columns = {n: getattr(self, n)[order] for n in self.__slots__ if n != "item"}
        return type(self)(**columns, item=self.item[position])


@dataclass(frozen=True, slots=True)
class PairBlock:
    """Pairs of slots, ordered by their pairs of accounts; each of those begins at one of `starts`.

    `left`, `right`, `gap` (milliseconds) and `weight` belong to pairs of slots; `a`, `b`,
    `activity` and `across` (whether on two platforms) to pairs of accounts. `across` is bool, all
    others int64.
    """

    starts: np.ndarray
    left: np.ndarray
    right: np.ndarray
    gap: np.ndarray
    weight: np.ndarray
    a: np.ndarray
    b: np.ndarray
    activity: np.ndarray
    across: np.ndarray

    @classmethod
    def of(cls, slots: ShareSlots, plan: CountPlan, left: np.ndarray, right: np.ndarray) -> Self:
        """Group pairs of slots by their two accounts."""
        a, b = slots.account[left], slots.account[right]
        order = np.argsort(a * len(slots.activity) + b, kind="stable")
        a, b, left, right = a[order], b[order], left[order], right[order]
        starts = np.flatnonzero((np.diff(a, prepend=-1) != 0) | (np.diff(b, prepend=-1) != 0))
        a, b = a[starts], b[starts]
        return cls(
            starts=starts,
            left=left,
            right=right,
            gap=slots.gaps(left, right),
            weight=plan.item_weight[slots.item[left]],
            a=a,
            b=b,
            activity=np.minimum(slots.activity[a] * slots.activity[b], MAX_ACTIVITY),
            across=plan.platform[a] != plan.platform[b],
        )

    def within(self, window: int) -> tuple[np.ndarray, np.ndarray]:
        """The number of items that each pair shares within a window, and its chance code."""
        near = self.gap <= window
        weight = np.add.reduceat(np.where(near, self.weight, 0), self.starts)
        shared = np.add.reduceat(near.astype(np.int64), self.starts)
        return shared, pack_codes(self.activity, np.minimum(weight, MAX_WEIGHT))

    def select(
        self,
        slots: ShareSlots,
        plan: CountPlan,
        keep: np.ndarray,
        shared: np.ndarray,
        codes: np.ndarray,
    ) -> AccountPairs:
        """The pairs with `keep` (m,) bool.

        `shared` is (m, w); `codes` (m,) are those of the listed window.
        """
        sizes = np.diff(self.starts, append=len(self.left))[keep]
        _, row = expand_ranges(self.starts[keep], sizes)
        row = row[self.gap[row] <= plan.windows[plan.listed_window]]
        first_left, first_right = slots.first[self.left[row]], slots.first[self.right[row]]
        undated = (first_left == UNKNOWN_TIME) | (first_right == UNKNOWN_TIME)
        counts = shared[keep, plan.listed_window]
        starts = np.cumsum(counts) - counts
        both = _run_minima(np.where(undated, NO_GAP, np.maximum(first_left, first_right)), starts)
        return AccountPairs(
            a=self.a[keep],
            b=self.b[keep],
            codes=codes[keep],
            first_shared=np.where(both == NO_GAP, UNKNOWN_TIME, both),
            closest=_run_minima(self.gap[row], starts),
            shared=shared[keep].astype(np.int32),
            item=slots.item[self.left[row]].astype(np.int32),
        )


def _run_minima(values: np.ndarray, starts: np.ndarray) -> np.ndarray:
    """The minimum of each run of values; there may be no runs, but none is empty."""
    minima: np.ndarray = np.minimum.reduceat(values, starts) if len(starts) else values
    return minima
