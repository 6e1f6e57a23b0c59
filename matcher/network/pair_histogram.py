"""How many pairs of accounts share how much, without a list of them."""

from dataclasses import dataclass, field

import numpy as np

__all__ = ["LEAST_SHARED", "Counted", "Tally"]

LEAST_SHARED = 2  # items; one that two accounts share is a coincidence, however rare it is


@dataclass(frozen=True, slots=True)
class Counted:
    """How many pairs of accounts share items within one window.

    `sharing` is (n + 1,): how many pairs share just so many items; `sharing_across` counts those on
    two platforms that share any. Of those that share enough, `codes` are the different ones of what
    their chance depends on, (u,) int64, ordered, and `pairs` and `across` say how many pairs, and
    pairs on two platforms, have them.
    """

    sharing: np.ndarray
    sharing_across: int
    codes: np.ndarray
    pairs: np.ndarray
    across: np.ndarray


@dataclass(slots=True)
class Tally:
    """What is known of one window so far; the last bit of `codes` says whether on two platforms."""

    sharing: np.ndarray = field(default_factory=lambda: np.zeros(1, np.int64))
    sharing_across: int = 0
    codes: np.ndarray = field(default_factory=lambda: np.empty(0, np.int64))
    pairs: np.ndarray = field(default_factory=lambda: np.empty(0, np.int64))

    def add(self, shared: np.ndarray, codes: np.ndarray, across: np.ndarray) -> None:
        """Count more pairs of accounts: what they share, its code, whether on two platforms."""
        size = max(len(self.sharing), int(shared.max()) + 1)
        known = np.pad(self.sharing, (0, size - len(self.sharing)))
        self.sharing = known + np.bincount(shared, minlength=size)
        self.sharing_across += int(((shared > 0) & across).sum())
        enough = shared >= LEAST_SHARED
        found, pairs = np.unique((codes * 2 + across)[enough], return_counts=True)
        self.codes, place = np.unique(np.append(self.codes, found), return_inverse=True)
        self.pairs = np.bincount(place, np.append(self.pairs, pairs), len(self.codes))

    def counted(self) -> Counted:
        """Everything that was counted."""
        codes, place = np.unique(self.codes // 2, return_inverse=True)
        pairs, across = (
            np.bincount(place, number, len(codes)).astype(np.int64)
            for number in (self.pairs, self.pairs * (self.codes % 2))
        )
        return Counted(self.sharing, self.sharing_across, codes, pairs, across)
