"""What was found as tables: the ties, and the accounts that have them."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from frametrace.matcher.network.account_pairs import Kept, Plan
from frametrace.matcher.network.shares import UNKNOWN, Shares
from frametrace.matcher.network.time_windows import NEVER

__all__ = ["NETWORK_ACCOUNTS", "NETWORK_TIES", "WINDOWS", "Listed", "within_name"]

WINDOWS = (60, 600, 3600, 86_400, 604_800, 0)  # seconds; 0: no limit

_TIME = pa.timestamp("us", tz="UTC")


def within_name(seconds: int) -> str:
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
        ("closest_seconds", pa.float64()),  # between two shares of one item
        ("community_a", pa.int64()),  # null where the account has no significant tie
        ("community_b", pa.int64()),
        *((within_name(seconds), pa.int64()) for seconds in WINDOWS if seconds),
    ]
)

# One row per account of a listed pair; communities in their order, then those that are in none.
NETWORK_ACCOUNTS = pa.schema(
    [
        pa.field("platform", pa.string(), nullable=False),
        pa.field("account_id", pa.string(), nullable=False),
        ("account_kind", pa.string()),
        ("account_name", pa.string()),
        ("items", pa.int64()),
        ("ties", pa.int64()),  # significant ones
        ("ties_across", pa.int64()),  # of them, to accounts of other platforms
        ("community", pa.int64()),
    ]
)


@dataclass(frozen=True, slots=True)
class Listed:
    """The m pairs that are listed, what was judged of them, and which community accounts are in.

    `p` and `q` are (m,); `tied` is (m,) bool; `community` is (a,) int64, -1 for none.
    """

    kept: Kept
    p: np.ndarray
    q: np.ndarray
    tied: np.ndarray
    community: np.ndarray
    plan: Plan

    def ties(self, shares: Shares) -> pa.Table:
        """In the schema `NETWORK_TIES`."""
        kept = self.kept
        number = kept.shared[:, self.plan.chosen]
        starts = np.append(0, np.cumsum(number, dtype=np.int64))
        items = shares.items.take(pa.array(kept.item))
        columns: list[pa.Array] = [
            *_names(shares, kept.a),
            *_names(shares, kept.b),
            number,
            pa.ListArray.from_arrays(pa.array(starts, pa.int32()), items),
            self.p,
            self.q,
            _known(1000 * kept.first, kept.first == UNKNOWN).cast(_TIME),
            _known(kept.closest / 1000, kept.closest == NEVER),
            *(self._communities(end) for end in (kept.a, kept.b)),
            *(self._within(1000 * seconds) for seconds in WINDOWS if seconds),
        ]
        arrays = [pa.array(column) for column in columns]
        return pa.Table.from_arrays(arrays, names=NETWORK_TIES.names).cast(NETWORK_TIES)

    def accounts(self, shares: Shares, activity: np.ndarray) -> pa.Table:
        """In the schema `NETWORK_ACCOUNTS`; `activity` is (a,), how many items each shares."""
        kept, size = self.kept, len(activity)
        platform = shares.platforms()
        across = platform[kept.a] != platform[kept.b]
        ties, ties_across = (
            np.bincount(np.concatenate([kept.a[which], kept.b[which]]), minlength=size)
            for which in (self.tied, self.tied & across)
        )
        listed = np.unique(np.concatenate([kept.a, kept.b]))
        last = np.where(self.community < 0, size, self.community)
        listed = listed[np.lexsort((listed, -ties[listed], last[listed]))]
        columns = [
            *shares.accounts.select(NETWORK_ACCOUNTS.names[:4]).take(pa.array(listed)).columns,
            *(pa.array(column[listed]) for column in (activity, ties, ties_across)),
            self._communities(listed),
        ]
        return pa.Table.from_arrays(columns, names=NETWORK_ACCOUNTS.names).cast(NETWORK_ACCOUNTS)

    def _communities(self, accounts: np.ndarray) -> pa.Array:
        found = self.community[accounts]
        return _known(found, found < 0)

    def _within(self, window: int) -> pa.Array:
        if window not in self.plan.windows:  # it is finer than the times
            return pa.nulls(len(self.p), pa.int64())
        return pa.array(self.kept.shared[:, self.plan.windows.index(window)])


def _names(shares: Shares, accounts: np.ndarray) -> list[pa.Array]:
    found = shares.accounts.take(pa.array(accounts))
    return [found[name].combine_chunks() for name in ("platform", "account_id")]


def _known(values: np.ndarray, unknown: np.ndarray) -> pa.Array:
    return pa.array(values, mask=unknown)
