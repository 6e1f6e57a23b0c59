"""Measures how close in time accounts share items: the gaps between their shares, and windows."""

from dataclasses import dataclass
from typing import Self

import numpy as np

from frametrace.index.ranges import expand_ranges
from frametrace.matcher.network.shares import UNKNOWN_TIME, Shares

__all__ = ["NO_GAP", "ShareSlots"]

NO_GAP = np.iinfo(np.int64).max  # the gap (in milliseconds) if one of two shares has no time


@dataclass(frozen=True, slots=True)
class ShareSlots:
    """n slots, one for each pair of an item and an account that shared it, in that order.

    `item`, `account` and `first` (the earliest share in milliseconds, or `UNKNOWN_TIME`) are (n,)
    int64; the times of slot i are `at[starts[i]:starts[i + 1]]`. `keys` (s,) int64 combines each
    share's slot and the rank of its time among the `times` distinct ones into one number.
    `sharers` (i,) is how many accounts share each item, `activity` (a,) how many of the counted
    items each account shares.
    """

    item: np.ndarray
    account: np.ndarray
    first: np.ndarray
    starts: np.ndarray
    at: np.ndarray
    keys: np.ndarray
    times: int
    sharers: np.ndarray
    activity: np.ndarray

    @classmethod
    def of(cls, shares: Shares, max_accounts: int) -> Self:
        """The slots of all items that at most `max_accounts` accounts share."""
        begins = shares.slot_starts()
        sharers = shares.sharers()
        counted = sharers[shares.item] <= max_accounts
        begins = begins[counted]
        starts = np.flatnonzero(begins)
        item, account, at = shares.item[counted], shares.account[counted], shares.at[counted]
        times, rank = np.unique(at, return_inverse=True)
        return cls(
            item=item[starts],
            account=account[starts],
            first=at[starts],
            starts=np.append(starts, len(item)),
            at=at,
            keys=(np.cumsum(begins) - 1) * len(times) + rank,
            times=len(times),
            sharers=sharers,
            activity=np.bincount(account[starts], minlength=len(shares.accounts)),
        )

    @property
    def following(self) -> np.ndarray:
        """How many slots of the same item follow each, (n,) int64."""
        ends = np.searchsorted(self.item, self.item, side="right")
        return ends - np.arange(len(self.item)) - 1

    def gaps(self, left: np.ndarray, right: np.ndarray) -> np.ndarray:
        """The least time between a share of each left and right slot, (m,) int64 milliseconds."""
        dated = (self.first[left] != UNKNOWN_TIME) & (self.first[right] != UNKNOWN_TIME)
        gaps = np.where(dated, np.abs(self.first[left] - self.first[right]), NO_GAP)
        sizes = np.diff(self.starts)
        repeated = np.flatnonzero(dated & ((sizes[left] > 1) | (sizes[right] > 1)))
        if len(repeated):
            gaps[repeated] = self._nearest(left[repeated], right[repeated])
        return gaps

    def _nearest(self, left: np.ndarray, right: np.ndarray) -> np.ndarray:
        """The same for slots of several shares, by binary search of each in the other slot."""
        pair, share = expand_ranges(self.starts[left], np.diff(self.starts)[left])
        target = right[pair]
        position = np.searchsorted(self.keys, target * self.times + self.keys[share] % self.times)
        after = np.minimum(position, self.starts[target + 1] - 1)
        before = np.maximum(position - 1, self.starts[target])
        gap = np.minimum(
            np.abs(self.at[after] - self.at[share]), np.abs(self.at[before] - self.at[share])
        )
        nearest: np.ndarray = np.minimum.reduceat(gap, np.flatnonzero(np.diff(pair, prepend=-1)))
        return nearest

    def meetings(self, window: int) -> np.ndarray:
        """How many ordered pairs of accounts share each item within a window, (i,) int64.

        `window` is in milliseconds; 0 is no limit. Where accounts share an item repeatedly, each
        coincidence counts, up to the number of all pairs: the result is an upper bound.
        """
        all_pairs: np.ndarray = self.sharers * (self.sharers - 1)
        if not window:
            return all_pairs
        slot = np.repeat(np.arange(len(self.item)), np.diff(self.starts))
        dated = self.at != UNKNOWN_TIME
        slot, at = slot[dated], self.at[dated]
        item = self.item[slot]
        order = np.lexsort((at, item))
        near = _pairs_within(item[order], at[order], window, len(all_pairs))
        own_by_slot = _pairs_within(slot, at, window, len(self.item))
        own = np.bincount(self.item, own_by_slot, minlength=len(all_pairs)).astype(np.int64)
        meetings: np.ndarray = np.minimum(2 * (near - own), all_pairs)
        return meetings


def _pairs_within(group: np.ndarray, at: np.ndarray, window: int, groups: int) -> np.ndarray:
    """How many pairs of times of each group lie within a window; the input is sorted by both.

    All groups are laid on one time line, with every gap longer than the window cut to just above
    it, so that no pair spans two groups.
    """
    step = np.minimum(np.diff(at, prepend=0), window + 1)
    step[np.diff(group, prepend=-1) != 0] = window + 1
    line = np.cumsum(step)
    pairs = np.searchsorted(line, line + window, side="right") - np.arange(len(line)) - 1
    return np.bincount(group, pairs, minlength=groups).astype(np.int64)
