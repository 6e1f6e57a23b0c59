"""Finds ties: pairs of accounts that share more, or rarer, items than chance explains.

A tie says that two accounts share items together more often than chance; it says nothing about why.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from frametrace.matcher.match_settings import TieSettings
from frametrace.matcher.network.account_pairs import AccountPairs, CountPlan
from frametrace.matcher.network.communities import account_communities
from frametrace.matcher.network.pair_counts import (
    MIN_SHARED_ITEMS,
    WindowCounts,
    count_pairs,
    item_account_limit,
    lists_all_pairs,
    testable_pairs,
)
from frametrace.matcher.network.shares import Shares, span_text
from frametrace.matcher.network.tie_p_values import (
    false_discovery_rates,
    item_weights,
    tail_probability,
)
from frametrace.matcher.network.tie_tables import WINDOW_SECONDS, ListedPairs
from frametrace.matcher.network.time_windows import NO_GAP, ShareSlots
from frametrace.work.progress import Progress, Silent

__all__ = ["NETWORK_WINDOWS", "AccountNetwork", "find_ties"]

_MAX_LISTED_ITEMS = 10_000_000  # of all listed pairs; the most significant pairs come first

# One row per window: the pairs of accounts that share an item within it, and the ties among them.
NETWORK_WINDOWS = pa.schema(
    [
        ("window", pa.string()),
        ("seconds", pa.int64()),  # null for no limit
        ("pairs", pa.int64()),
        ("pairs_2", pa.int64()),  # those that share two items or more
        ("pairs_3", pa.int64()),
        ("pairs_5", pa.int64()),
        ("pairs_across", pa.int64()),  # those of accounts on two platforms
        ("ties", pa.int64()),
        ("ties_across", pa.int64()),
    ]
)


@dataclass(frozen=True, slots=True)
class AccountNetwork:
    """The ties between accounts, and how much data they were found in.

    `ties` and `accounts` have the schemas of `frametrace.matcher.network.tie_tables`: the pairs
    whose false discovery rate is at most that of the settings and, where there are few pairs, all
    others that share an item. `windows` shows how the result depends on the time window; its
    numbers are null where a window is finer than the times. `tests` is how many pairs of accounts
    were tested. `viral_items` is how many items more than `most_sharers` accounts share; these tie
    no accounts. `precision` is that of the times in seconds, 0 if no share has a time.
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
) -> AccountNetwork:
    """Find which accounts are tied, and how the result depends on the time window.

    Raises `UsageError` if the window is finer than the times.
    """
    shares.check_window(settings.window)
    sharers = shares.sharers()
    account_limit = item_account_limit(sharers, settings.max_accounts, settings.max_pairs)
    slots, weight = ShareSlots.of(shares, account_limit), item_weights(sharers, account_limit)
    windows = [*sorted({*WINDOW_SECONDS, settings.window} - {0}), 0]
    usable = [w for w in windows if not w or 0 < shares.precision <= w]
    rates = [_chance_rates(slots, weight, window) for window in usable]
    tests, listed_window = testable_pairs(slots.activity), usable.index(settings.window)
    plan = CountPlan(
        item_weight=weight,
        platform=shares.platforms(),
        windows=tuple(window * 1000 or NO_GAP for window in usable),
        listed_window=listed_window,
        rates=rates[listed_window],
        max_p=_max_p(slots, weight, settings, tests),
    )
    with (progress or Silent()).track("pairs of shares", int(slots.following.sum())) as advance:
        pairs, counts = count_pairs(slots, plan, advance)
    tested = [
        _TestedWindow.of(window, rate, tests) for window, rate in zip(counts, rates, strict=True)
    ]
    listed = _listed(pairs, tested[listed_window], plan, settings.fdr, lists_all_pairs(slots))
    return AccountNetwork(
        ties=listed.ties(shares),
        accounts=listed.accounts(shares, slots.activity),
        windows=_windows(windows, dict(zip(usable, tested, strict=True)), settings.fdr),
        settings=settings,
        shares=len(shares.item),
        sharing_accounts=len(shares.accounts),
        items=len(shares.items),
        tests=tests,
        most_sharers=account_limit,
        viral_items=int((sharers > account_limit).sum()),
        precision=shares.precision,
    )


def _windows(windows: Sequence[int], tested: Mapping[int, "_TestedWindow"], fdr: float) -> pa.Table:
    rows = [
        {
            "window": span_text(window),
            "seconds": window or None,
            **(tested[window].row(fdr) if window in tested else {}),
        }
        for window in windows
    ]
    return pa.Table.from_pylist(rows, NETWORK_WINDOWS)


def _chance_rates(slots: ShareSlots, weight: np.ndarray, window: int) -> np.ndarray:
    """The rates at which a pair of activity 1 shares items of each weight within a window, (w,)."""
    total = max(int(slots.activity.sum()), 1)
    rates = np.bincount(weight, slots.meetings(window * 1000) / total**2, minlength=2)
    rates[0] = 0
    return rates


def _max_p(slots: ShareSlots, weight: np.ndarray, settings: TieSettings, tests: int) -> float:
    """The greatest p-value that a tie can have: if all pairs that share enough items were ties."""
    meetings = float(slots.meetings(settings.window * 1000)[weight > 0].sum())
    return settings.fdr * min(1.0, meetings / 2 / MIN_SHARED_ITEMS / max(tests, 1))


@dataclass(frozen=True, slots=True)
class _TestedWindow:
    """The counts of a window, with the p-value and the q-value of each of its codes, (u,)."""

    counts: WindowCounts
    p: np.ndarray
    q: np.ndarray

    @classmethod
    def of(cls, counts: WindowCounts, rates: np.ndarray, tests: int) -> "_TestedWindow":
        p = tail_probability(counts.codes, rates)
        order = np.argsort(p, kind="stable")
        q = np.empty(len(p))
        q[order] = false_discovery_rates(p[order], counts.pairs[order], tests)
        return cls(counts, p, q)

    def row(self, fdr: float) -> dict[str, int]:
        """The window's row in `NETWORK_WINDOWS`."""
        ties = self.q <= fdr
        return {
            "pairs": int(self.counts.sharing[1:].sum()),
            **{f"pairs_{n}": int(self.counts.sharing[n:].sum()) for n in (2, 3, 5)},
            "pairs_across": self.counts.sharing_across,
            "ties": int(self.counts.pairs[ties].sum()),
            "ties_across": int(self.counts.across[ties].sum()),
        }

    def p_and_q(self, pairs: AccountPairs, window: int) -> tuple[np.ndarray, np.ndarray]:
        """The p- and q-value of each pair, (m,); 1 where it shares too few items."""
        enough = pairs.shared[:, window] >= MIN_SHARED_ITEMS
        index = np.where(enough, np.searchsorted(self.counts.codes, pairs.codes), len(self.p))
        return np.append(self.p, 1)[index], np.append(self.q, 1)[index]


def _listed(
    pairs: AccountPairs, tested: _TestedWindow, plan: CountPlan, fdr: float, all_pairs: bool
) -> ListedPairs:
    """The pairs to list; communities are found over all ties, listed or not."""
    p, q = tested.p_and_q(pairs, plan.listed_window)
    shared = pairs.shared[:, plan.listed_window].astype(np.int64)
    tied = q <= fdr
    community = account_communities(pairs.a[tied], pairs.b[tied], shared[tied], len(plan.platform))
    order = np.flatnonzero(tied | all_pairs)
    order = order[np.lexsort((pairs.b[order], pairs.a[order], p[order]))]
    order = order[np.cumsum(shared[order]) <= _MAX_LISTED_ITEMS]
    order = order[np.argsort(-shared[order], kind="stable")]
    listed = pairs.take(order, plan.listed_window)
    return ListedPairs(listed, p[order], q[order], tied[order], community, plan)
