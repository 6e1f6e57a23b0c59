"""What was found as tables: the ties, and the accounts that have them."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from frametrace.matcher.network.counting import Kept
from frametrace.matcher.network.shares import UNKNOWN, Shares
from frametrace.matcher.network.slots import NEVER, expanded

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

    `p` and `q` are (m,); `tied` is (m,) bool; `community` is (a,) int64, -1 for none. `window` is
    in milliseconds, `NEVER` for no limit: items that a pair shared farther apart don't count.
    """

    kept: Kept
    p: np.ndarray
    q: np.ndarray
    tied: np.ndarray
    community: np.ndarray
    window: int

    def ties(self, shares: Shares) -> pa.Table:
        """In the schema `NETWORK_TIES`."""
        kept = self.kept
        order = np.lexsort((kept.b, kept.a, self.p, -kept.shared))
        near = np.flatnonzero(kept.gap <= self.window)
        begin = np.searchsorted(kept.pair[near], order)
        _, place = expanded(begin, kept.shared[order])
        row = near[place]
        both = kept.both[row]
        starts = np.append(0, np.cumsum(kept.shared[order]))
        a, b = kept.a[order], kept.b[order]
        columns: list[pa.Array] = [
            *_names(shares, a),
            *_names(shares, b),
            kept.shared[order],
            pa.ListArray.from_arrays(
                pa.array(starts, pa.int32()), shares.items.take(pa.array(kept.item[row]))
            ),
            self.p[order],
            self.q[order],
            _least(np.where(both == UNKNOWN, NEVER, both), starts, 1000, _TIME),
            _least(kept.gap[row], starts, 0.001, pa.float64()),
            *(self._communities(end) for end in (a, b)),
        ]
        for seconds in filter(None, WINDOWS):
            within = np.bincount(kept.pair, kept.gap <= 1000 * seconds, len(order))
            known = 0 < shares.precision <= seconds
            columns.append(
                pa.array(within[order].astype(np.int64), mask=np.full(len(order), not known))
            )
        return pa.Table.from_arrays(
            [pa.array(column) for column in columns], names=NETWORK_TIES.names
        ).cast(NETWORK_TIES)

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
        return pa.array(found, mask=found < 0)


def _names(shares: Shares, accounts: np.ndarray) -> list[pa.Array]:
    found = shares.accounts.take(pa.array(accounts))
    return [found[name].combine_chunks() for name in ("platform", "account_id")]


def _least(values: np.ndarray, starts: np.ndarray, unit: float, kind: pa.DataType) -> pa.Array:
    """The least of each run of values, times a unit; null where all are `NEVER`."""
    if not len(values):
        return pa.nulls(0, kind)
    least = np.minimum.reduceat(values, starts[:-1])
    never = least == NEVER
    scaled = np.where(never, 0, least) * unit
    return pa.array(scaled, mask=never).cast(kind)
