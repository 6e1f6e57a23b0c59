"""Each account's shares of one item as one slot, and how close in time two slots come."""

from dataclasses import dataclass
from typing import Self

import numpy as np

from frametrace.matcher.network.shares import UNKNOWN, Shares

__all__ = ["NEVER", "Slots", "expanded"]

NEVER = np.iinfo(np.int64).max  # between shares of which one has no time


@dataclass(frozen=True, slots=True)
class Slots:
    """n slots, different pairs of item and account, ordered so.

    `item`, `account` and `first` (the earliest share, in milliseconds, or `UNKNOWN`) are (n,)
    int64; slot i holds the shares `start[i]` to `start[i + 1]` of `at`. `line` is (s,) int64, each
    share's slot and the rank of its time among the `times` different ones, as one number. `sharers`
    is how many accounts share each item, `activity` how many of the counted items each account has.
    """

    item: np.ndarray
    account: np.ndarray
    first: np.ndarray
    start: np.ndarray
    at: np.ndarray
    line: np.ndarray
    times: int
    sharers: np.ndarray
    activity: np.ndarray

    @classmethod
    def of(cls, shares: Shares, most: int) -> Self:
        """The slots of the items that at most `most` accounts share; the others are left out."""
        begins = shares.begins()
        sharers = shares.sharers()
        counted = sharers[shares.item] <= most
        begins = begins[counted]
        begin = np.flatnonzero(begins)
        item, account, at = shares.item[counted], shares.account[counted], shares.at[counted]
        times, rank = np.unique(at, return_inverse=True)
        return cls(
            item=item[begin],
            account=account[begin],
            first=at[begin],
            start=np.append(begin, len(item)),
            at=at,
            line=(np.cumsum(begins) - 1) * len(times) + rank,
            times=len(times),
            sharers=sharers,
            activity=np.bincount(account[begin], minlength=len(shares.accounts)),
        )

    @property
    def following(self) -> np.ndarray:
        """How many slots of the same item stand after each, (n,) int64."""
        ends = np.searchsorted(self.item, self.item, side="right")
        return ends - np.arange(len(self.item)) - 1

    def gaps(self, left: np.ndarray, right: np.ndarray) -> np.ndarray:
        """The least time between a share of the one and of the other slot, (m,), milliseconds."""
        known = (self.first[left] != UNKNOWN) & (self.first[right] != UNKNOWN)
        found = np.where(known, np.abs(self.first[left] - self.first[right]), NEVER)
        sizes = np.diff(self.start)
        several = np.flatnonzero(known & ((sizes[left] > 1) | (sizes[right] > 1)))
        if len(several):
            found[several] = self._nearest(left[several], right[several])
        return found

    def _nearest(self, left: np.ndarray, right: np.ndarray) -> np.ndarray:
        """For each share in a left slot, look up its place among those of the right slot."""
        pair, share = expanded(self.start[left], np.diff(self.start)[left])
        target = right[pair]
        place = np.searchsorted(self.line, target * self.times + self.line[share] % self.times)
        after = np.minimum(place, self.start[target + 1] - 1)
        before = np.maximum(place - 1, self.start[target])
        gap = np.minimum(
            np.abs(self.at[after] - self.at[share]), np.abs(self.at[before] - self.at[share])
        )
        least: np.ndarray = np.minimum.reduceat(gap, np.flatnonzero(np.diff(pair, prepend=-1)))
        return least

    def meetings(self, window: int) -> np.ndarray:
        """How many ordered pairs of accounts share each item within a window, (i,) int64.

        `window` is in milliseconds; 0 is no limit. Where accounts share an item again and again,
        each of their meetings counts, up to all pairs of accounts: that is never too few.
        """
        every: np.ndarray = self.sharers * (self.sharers - 1)
        if not window:
            return every
        slot = np.repeat(np.arange(len(self.item)), np.diff(self.start))
        dated = self.at != UNKNOWN
        slot, at = slot[dated], self.at[dated]
        item = self.item[slot]
        order = np.lexsort((at, item))
        met = _within(item[order], at[order], window, len(every))
        alone = _within(slot, at, window, len(self.item))
        own = np.bincount(self.item, alone, minlength=len(every)).astype(np.int64)
        meetings: np.ndarray = np.minimum(2 * (met - own), every)
        return meetings


def expanded(start: np.ndarray, count: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """`count[i]` consecutive numbers from `start[i]` for each i: which i, and the numbers."""
    which = np.repeat(np.arange(len(count)), count)
    begins = np.cumsum(count) - count
    return which, np.arange(len(which)) - begins[which] + start[which]


def _within(group: np.ndarray, at: np.ndarray, window: int, groups: int) -> np.ndarray:
    """How many pairs of times of a group lie within a window, by group; ordered by both.

    One line of time holds all groups: a gap longer than the window is as good as one a bit longer.
    """
    step = np.minimum(np.diff(at, prepend=0), window + 1)
    step[np.diff(group, prepend=-1) != 0] = window + 1
    line = np.cumsum(step)
    pairs = np.searchsorted(line, line + window, side="right") - np.arange(len(line)) - 1
    return np.bincount(group, pairs, minlength=groups).astype(np.int64)
