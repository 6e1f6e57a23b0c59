"""Ties between accounts that share more, or rarer, items than chance explains."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from frametrace.matcher.network.account_pairs import Kept, Plan
from frametrace.matcher.network.communities import communities
from frametrace.matcher.network.null_model import false_discovery_rates, tail, weights_of
from frametrace.matcher.network.pair_counts import (
    count_pairs,
    lists_everything,
    most_sharers,
    testable,
)
from frametrace.matcher.network.pair_histogram import LEAST_SHARED, Counted
from frametrace.matcher.network.shares import Shares, span_text
from frametrace.matcher.network.tie_tables import WINDOWS, Listed
from frametrace.matcher.network.time_windows import NEVER, Slots
from frametrace.matcher.settings import TieSettings
from frametrace.work.progress import Progress, Silent

__all__ = ["NETWORK_WINDOWS", "Network", "find_ties"]

_MOST_LISTED = 10_000_000  # items of listed pairs; of more ties, the most significant are listed

# One row per window: pairs of accounts that share an item within it, and those that are ties.
NETWORK_WINDOWS = pa.schema(
    [
        ("window", pa.string()),
        ("seconds", pa.int64()),  # null for no limit
        ("pairs", pa.int64()),
        ("pairs_2", pa.int64()),  # of them, those that share two items or more
        ("pairs_3", pa.int64()),
        ("pairs_5", pa.int64()),
        ("pairs_across", pa.int64()),  # of accounts of two platforms
        ("ties", pa.int64()),
        ("ties_across", pa.int64()),
    ]
)


@dataclass(frozen=True, slots=True)
class Network:
    """What was found, and in what it was found.

    `ties` and `accounts` have the schemas of `frametrace.matcher.network.tie_tables`: the pairs
    whose false discovery rate is at most that of the settings and, where there is little to list,
    all other pairs that share an item as well. `windows` says how much depends on the window; its
    numbers are null where a window is finer than the times. `tests` is how many pairs of accounts
    were tested. Items of more than `most_sharers` accounts, `viral_items` of them, tie nobody.
    `precision` is that of the times in seconds, 0 where there is none.
    """

    ties: pa.Table
    accounts: pa.Table
    windows: pa.Table
    settings: TieSettings
    shares: int
    sharing_accounts: int
    items: int
    tests: int
    most_sharers: int
    viral_items: int
    precision: int


def find_ties(
    shares: Shares, settings: TieSettings = TieSettings(), progress: Progress | None = None
) -> Network:
    """Find which accounts are tied, and how the answer depends on the time window.

    Raises `UsageError` where the window is finer than the times.
    """
    shares.check_window(settings.window)
    sharers = shares.sharers()
    most = most_sharers(sharers, settings.max_accounts, settings.max_pairs)
    slots, weight = Slots.of(shares, most), weights_of(sharers, most)
    windows = [*sorted({*WINDOWS, settings.window} - {0}), 0]
    usable = [w for w in windows if not w or 0 < shares.precision <= w]
    rates = [_rates(slots, weight, window) for window in usable]
    tests, chosen = testable(slots.activity), usable.index(settings.window)
    plan = Plan(
        weight=weight,
        platform=shares.platforms(),
        windows=tuple(window * 1000 or NEVER for window in usable),
        chosen=chosen,
        rates=rates[chosen],
        limit=_limit(slots, weight, settings, tests),
    )
    with (progress or Silent()).track("pairs of shares", int(slots.following.sum())) as advance:
        kept, counted = count_pairs(slots, plan, advance)
    judged = [_Judged.of(count, rate, tests) for count, rate in zip(counted, rates, strict=True)]
    listed = _listed(kept, judged[chosen], plan, settings.fdr, lists_everything(slots))
    return Network(
        ties=listed.ties(shares),
        accounts=listed.accounts(shares, slots.activity),
        windows=_windows(windows, dict(zip(usable, judged, strict=True)), settings.fdr),
        settings=settings,
        shares=len(shares.item),
        sharing_accounts=len(shares.accounts),
        items=len(shares.items),
        tests=tests,
        most_sharers=most,
        viral_items=int((sharers > most).sum()),
        precision=shares.precision,
    )


def _windows(windows: Sequence[int], judged: Mapping[int, "_Judged"], fdr: float) -> pa.Table:
    rows = [
        {
            "window": span_text(window),
            "seconds": window or None,
            **(judged[window].row(fdr) if window in judged else {}),
        }
        for window in windows
    ]
    return pa.Table.from_pylist(rows, NETWORK_WINDOWS)


def _rates(slots: Slots, weight: np.ndarray, window: int) -> np.ndarray:
    """At which rate a pair of activity 1 shares an item of each weight within a window."""
    total = max(int(slots.activity.sum()), 1)
    rates = np.bincount(weight, slots.meetings(window * 1000) / total**2, minlength=2)
    rates[0] = 0
    return rates


def _limit(slots: Slots, weight: np.ndarray, settings: TieSettings, tests: int) -> float:
    """The greatest p-value that a tie can have: all pairs that share two items would be ties."""
    meetings = float(slots.meetings(settings.window * 1000)[weight > 0].sum())
    return settings.fdr * min(1.0, meetings / 2 / LEAST_SHARED / max(tests, 1))


@dataclass(frozen=True, slots=True)
class _Judged:
    """How a window's pairs were counted, and their p-values and false discovery rates, (u,)."""

    counted: Counted
    p: np.ndarray
    q: np.ndarray

    @classmethod
    def of(cls, counted: Counted, rates: np.ndarray, tests: int) -> "_Judged":
        p = tail(counted.codes, rates)
        order = np.argsort(p, kind="stable")
        q = np.empty(len(p))
        q[order] = false_discovery_rates(p[order], counted.pairs[order], tests)
        return cls(counted, p, q)

    def row(self, fdr: float) -> dict[str, int]:
        """The window's line in the table of windows."""
        ties = self.q <= fdr
        return {
            "pairs": int(self.counted.sharing[1:].sum()),
            **{f"pairs_{n}": int(self.counted.sharing[n:].sum()) for n in (2, 3, 5)},
            "pairs_across": self.counted.sharing_across,
            "ties": int(self.counted.pairs[ties].sum()),
            "ties_across": int(self.counted.across[ties].sum()),
        }

    def of_pairs(self, kept: Kept, chosen: int) -> tuple[np.ndarray, np.ndarray]:
        """The p-value and the rate of each kept pair; 1 where it shares too few items."""
        enough = kept.shared[:, chosen] >= LEAST_SHARED
        at = np.where(enough, np.searchsorted(self.counted.codes, kept.codes), len(self.p))
        return np.append(self.p, 1)[at], np.append(self.q, 1)[at]


def _listed(kept: Kept, judged: _Judged, plan: Plan, fdr: float, everything: bool) -> Listed:
    """What to list of the kept pairs; communities are found over all ties, listed or not."""
    p, q = judged.of_pairs(kept, plan.chosen)
    number = kept.shared[:, plan.chosen].astype(np.int64)
    tied = q <= fdr
    found = communities(kept.a[tied], kept.b[tied], number[tied], len(plan.platform))
    order = np.flatnonzero(tied | everything)
    order = order[np.lexsort((kept.b[order], kept.a[order], p[order]))]
    order = order[np.cumsum(number[order]) <= _MOST_LISTED]
    order = order[np.argsort(-number[order], kind="stable")]
    return Listed(kept.take(order, plan.chosen), p[order], q[order], tied[order], found, plan)
