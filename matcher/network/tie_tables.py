"""Builds the tables of the account network: the ties, and the accounts that have them."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from frametrace.matcher.network.account_pairs import AccountPairs, CountPlan
from frametrace.matcher.network.shares import UNKNOWN_TIME, Shares
from frametrace.matcher.network.time_windows import NO_GAP

__all__ = ["NETWORK_ACCOUNTS", "NETWORK_TIES", "WINDOW_SECONDS", "ListedPairs", "window_column"]

WINDOW_SECONDS = (60, 600, 3600, 86_400, 604_800, 0)  # seconds; 0: no limit

_TIME = pa.timestamp("us", tz="UTC")


def window_column(seconds: int) -> str:
    """The column of ties that counts the items shared within a window."""
    return f"within_{seconds}_s"


# One row per pair of accounts; a < b by (platform, account_id); most shared items first.
NETWORK_TIES = pa.schema(
    [
        pa.field("platform_a", pa.string(), nullable=False),
        pa.field("account_id_a", pa.string(), nullable=False),
        pa.field("platform_b", pa.string(), nullable=False),
        pa.field("account_id_b", pa.string(), nullable=False),
        ("shared_items", pa.int64()),  # within the window
        ("item_ids", pa.list_(pa.string())),
        ("p_value", pa.float64()),
        ("q_value", pa.float64()),
        ("first_shared_at", _TIME),  # when both had shared one of the items
        ("closest_seconds", pa.float64()),  # least time between two shares of one item
        ("community_a", pa.int64()),  # null where the account has no significant tie
        ("community_b", pa.int64()),
        *((window_column(seconds), pa.int64()) for seconds in WINDOW_SECONDS if seconds),
    ]
)

# One row per account of a listed pair, by community; accounts in no community come last.
NETWORK_ACCOUNTS = pa.schema(
    [
        pa.field("platform", pa.string(), nullable=False),
        pa.field("account_id", pa.string(), nullable=False),
        ("account_kind", pa.string()),
        ("account_name", pa.string()),
        ("items", pa.int64()),
        ("ties", pa.int64()),  # significant ones only
        ("ties_across", pa.int64()),  # of these, ties to accounts on other platforms
        ("community", pa.int64()),
    ]
)


@dataclass(frozen=True, slots=True)
class ListedPairs:
    """The m pairs that are listed, their p- and q-values, and the communities of all accounts.

    `p` and `q` are (m,); `tied` is (m,) bool; `community` is (a,) int64, -1 for none.
    """

    pairs: AccountPairs
    p: np.ndarray
    q: np.ndarray
    tied: np.ndarray
    community: np.ndarray
    plan: CountPlan

    def ties(self, shares: Shares) -> pa.Table:
        """The pairs in the schema `NETWORK_TIES`."""
        pairs = self.pairs
        counts = pairs.shared[:, self.plan.listed_window]
        starts = np.append(0, np.cumsum(counts, dtype=np.int64))
        items = shares.items.take(pa.array(pairs.item))
        first_shared = pa.array(1000 * pairs.first_shared, mask=pairs.first_shared == UNKNOWN_TIME)
        columns: list[pa.Array] = [
            *_account_keys(shares, pairs.a),
            *_account_keys(shares, pairs.b),
            counts,
            pa.ListArray.from_arrays(pa.array(starts, pa.int32()), items),
            self.p,
            self.q,
            first_shared.cast(_TIME),
            pa.array(pairs.closest / 1000, mask=pairs.closest == NO_GAP),
            *(self._communities(end) for end in (pairs.a, pairs.b)),
            *(self._shared_within(1000 * seconds) for seconds in WINDOW_SECONDS if seconds),
        ]
        arrays = [pa.array(column) for column in columns]
        return pa.Table.from_arrays(arrays, names=NETWORK_TIES.names).cast(NETWORK_TIES)

    def accounts(self, shares: Shares, activity: np.ndarray) -> pa.Table:
        """The accounts of the pairs in the schema `NETWORK_ACCOUNTS`.

        `activity` is (a,), how many items each account shares.
        """
        pairs, size = self.pairs, len(activity)
        platform = shares.platforms()
        across = platform[pairs.a] != platform[pairs.b]
        ties, ties_across = (
            np.bincount(np.concatenate([pairs.a[which], pairs.b[which]]), minlength=size)
            for which in (self.tied, self.tied & across)
        )
        listed = np.unique(np.concatenate([pairs.a, pairs.b]))
        community = np.where(self.community < 0, size, self.community)
        listed = listed[np.lexsort((listed, -ties[listed], community[listed]))]
        columns = [
            *shares.accounts.select(NETWORK_ACCOUNTS.names[:4]).take(pa.array(listed)).columns,
            *(pa.array(column[listed]) for column in (activity, ties, ties_across)),
            self._communities(listed),
        ]
        return pa.Table.from_arrays(columns, names=NETWORK_ACCOUNTS.names).cast(NETWORK_ACCOUNTS)

    def _communities(self, accounts: np.ndarray) -> pa.Array:
        community = self.community[accounts]
        return pa.array(community, mask=community < 0)

    def _shared_within(self, window: int) -> pa.Array:
        if window not in self.plan.windows:  # the window is finer than the times
            return pa.nulls(len(self.p), pa.int64())
        return pa.array(self.pairs.shared[:, self.plan.windows.index(window)])


def _account_keys(shares: Shares, accounts: np.ndarray) -> list[pa.Array]:
    rows = shares.accounts.take(pa.array(accounts))
    return [rows[name].combine_chunks() for name in ("platform", "account_id")]
