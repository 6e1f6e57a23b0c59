"""Pairs of accounts and what they share: a block of them, and those of it that are kept."""

from dataclasses import dataclass
from typing import Self

import numpy as np

from frametrace.matcher.network.null_model import MOST_ACTIVITY, MOST_WEIGHT, coded
from frametrace.matcher.network.shares import UNKNOWN
from frametrace.matcher.network.time_windows import NEVER, Slots, expanded

__all__ = ["Block", "Kept", "Plan"]


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
    """m pairs of accounts, and the items that they share within the chosen window.

    `a` and `b` (a < b), `codes` (what their chance depends on), `first` (when both had shared one
    of the items, or `UNKNOWN`) and `closest` (the least time between two shares, or `NEVER`; both
    in milliseconds) are (m,) int64; `shared` is (m, w) int32, how many items each shares within
    each window. `item` holds the items of the first pair, then those of the second, and so on.
    """

    a: np.ndarray
    b: np.ndarray
    codes: np.ndarray
    first: np.ndarray
    closest: np.ndarray
    shared: np.ndarray
    item: np.ndarray

    @classmethod
    def joined(cls, parts: list[Self], windows: int) -> Self:
        """All pairs of the parts, in their order."""
        none = np.empty(0, np.int64)
        empty = {"shared": np.empty((0, windows), np.int32), "item": np.empty(0, np.int32)}
        columns = {
            name: np.concatenate([empty.get(name, none), *(getattr(part, name) for part in parts)])
            for name in cls.__slots__
        }
        return cls(**columns)

    def take(self, order: np.ndarray, chosen: int) -> Self:
        """Some of the pairs, in another order."""
        size = self.shared[:, chosen].astype(np.int64)
        _, place = expanded((np.cumsum(size) - size)[order], size[order])
        rest = {n: getattr(self, n)[order] for n in self.__slots__ if n != "item"}
        return type(self)(**rest, item=self.item[place])


@dataclass(frozen=True, slots=True)
class Block:
    """Pairs of slots, ordered by their pairs of accounts; `start` is where each of these begins.

    `left`, `right`, `gap` (milliseconds) and `weight` are of pairs of slots, `a`, `b`, `activity`
    and `across` (whether on two platforms) of pairs of accounts; all int64 but the last.
    """

    start: np.ndarray
    left: np.ndarray
    right: np.ndarray
    gap: np.ndarray
    weight: np.ndarray
    a: np.ndarray
    b: np.ndarray
    activity: np.ndarray
    across: np.ndarray

    @classmethod
    def of(cls, slots: Slots, plan: Plan, left: np.ndarray, right: np.ndarray) -> Self:
        """Bring what the same two accounts share together."""
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
            a=a,
            b=b,
            activity=np.minimum(slots.activity[a] * slots.activity[b], MOST_ACTIVITY),
            across=plan.platform[a] != plan.platform[b],
        )

    def within(self, window: int) -> tuple[np.ndarray, np.ndarray]:
        """How many items each pair shares within a window, and the code of what they weigh."""
        near = self.gap <= window
        weight = np.add.reduceat(np.where(near, self.weight, 0), self.start)
        shared = np.add.reduceat(near.astype(np.int64), self.start)
        return shared, coded(self.activity, np.minimum(weight, MOST_WEIGHT))

    def kept(
        self, slots: Slots, plan: Plan, keep: np.ndarray, shared: np.ndarray, codes: np.ndarray
    ) -> Kept:
        """Some of the pairs, `keep` (m,) bool; `shared` is (m, w), `codes` those of the window."""
        size = np.diff(self.start, append=len(self.left))[keep]
        _, row = expanded(self.start[keep], size)
        row = row[self.gap[row] <= plan.windows[plan.chosen]]
        first, second = slots.first[self.left[row]], slots.first[self.right[row]]
        unknown = (first == UNKNOWN) | (second == UNKNOWN)
        number = shared[keep, plan.chosen]
        begin = np.cumsum(number) - number
        both = _least(np.where(unknown, NEVER, np.maximum(first, second)), begin)
        return Kept(
            a=self.a[keep],
            b=self.b[keep],
            codes=codes[keep],
            first=np.where(both == NEVER, UNKNOWN, both),
            closest=_least(self.gap[row], begin),
            shared=shared[keep].astype(np.int32),
            item=slots.item[self.left[row]].astype(np.int32),
        )


def _least(values: np.ndarray, start: np.ndarray) -> np.ndarray:
    """The least of each run of values; there may be no runs, but none is empty."""
    least: np.ndarray = np.minimum.reduceat(values, start) if len(start) else values
    return least
