"""Who shared what and when: the bipartite graph that ties are found in."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Self

import numpy as np
import pyarrow as pa

from frametrace.case.views import query_over
from frametrace.posts.errors import UsageError
from frametrace.posts.model import Precision

__all__ = ["RAW", "SECONDS", "UNKNOWN", "Shares", "span_text"]

UNKNOWN = np.iinfo(np.int64).min  # a share without a time
SECONDS = {Precision.SECOND: 1, Precision.MINUTE: 60, Precision.DAY: 86_400}

_ENOUGH = 5  # different times; that so many are whole minutes by chance has a probability of 60⁻⁵

# What shares are made of: one row per share, in any order, any number of times.
RAW = pa.schema(
    [
        pa.field("platform", pa.string(), nullable=False),
        pa.field("account_id", pa.string(), nullable=False),
        ("account_kind", pa.string()),
        ("account_name", pa.string()),
        pa.field("item", pa.string(), nullable=False),
        ("moment", pa.int64()),  # milliseconds since 1970
    ]
)

_ACCOUNTS = """
SELECT platform, account_id, min(account_kind) AS account_kind, min(account_name) AS account_name
FROM raw GROUP BY platform, account_id ORDER BY platform, account_id
"""

# A share without a time says nothing where the same account shared the item at a known one.
_SHARES = """
WITH who AS (
    SELECT platform, account_id, row_number() OVER (ORDER BY platform, account_id) - 1 AS account
    FROM accounts
),
what AS (SELECT item AS name, row_number() OVER (ORDER BY item) - 1 AS item FROM items),
shares AS (
    SELECT DISTINCT what.item, account, moment
    FROM raw JOIN who USING (platform, account_id) JOIN what ON what.name = raw.item
)
SELECT * FROM shares
QUALIFY moment IS NOT NULL OR max(moment) OVER (PARTITION BY item, account) IS NULL
ORDER BY item, account, moment
"""


@dataclass(frozen=True, slots=True)
class Shares:
    """s different shares, ordered by item, account and time.

    `item` and `account` are (s,) int64, rows of `items` and `accounts`, which are sorted; `at` is
    (s,) int64, milliseconds since 1970 or `UNKNOWN`. `precision` is how finely the times are known,
    in seconds; 0 where there is none.
    """

    item: np.ndarray
    account: np.ndarray
    at: np.ndarray
    accounts: pa.Table
    items: pa.StringArray
    precision: int

    @classmethod
    def of(cls, raw: pa.Table, precisions: Collection[Precision] = ()) -> Self:
        """Make shares of rows in the schema `RAW`; `precisions` are those of their times.

        Times that are all whole minutes, or days, are known no better, whatever was said of them.
        """
        with query_over(raw=raw) as connection:
            accounts = connection.sql(_ACCOUNTS).to_arrow_table()
            connection.register("accounts", accounts)
            items = connection.sql("SELECT DISTINCT item FROM raw ORDER BY item").to_arrow_table()
            connection.register("items", items)
            shares = connection.sql(_SHARES).to_arrow_table()
        at = shares["moment"].fill_null(UNKNOWN).to_numpy()
        said = [SECONDS[precision] for precision in precisions if precision in SECONDS]
        return cls(
            item=shares["item"].to_numpy(),
            account=shares["account"].to_numpy(),
            at=at,
            accounts=accounts,
            items=items["item"].combine_chunks(),
            precision=max([_seen_precision(at), *said]) if (at != UNKNOWN).any() else 0,
        )

    def begins(self) -> np.ndarray:
        """Which shares are the first ones of their account and item, (s,) bool."""
        item, account = (np.diff(codes, prepend=-1) for codes in (self.item, self.account))
        begins: np.ndarray = (item != 0) | (account != 0)
        return begins

    def sharers(self) -> np.ndarray:
        """How many accounts share each item, (i,) int64."""
        return np.bincount(self.item[self.begins()], minlength=len(self.items))

    def platforms(self) -> np.ndarray:
        """Which platform each account is on, as a number, (a,) int64."""
        column = self.accounts["platform"].combine_chunks().dictionary_encode()
        number: np.ndarray = column.indices.to_numpy().astype(np.int64)
        return number

    def check_window(self, seconds: int) -> None:
        """Refuse a window that is finer than the times; 0 is none.

        Raises `UsageError` with the least that these times support.
        """
        if not seconds or 0 < self.precision <= seconds:
            return
        if not self.precision:
            raise UsageError(
                f"a window of {span_text(seconds)} needs times, but no share has one; leave the "
                "window out to count shares at any time"
            )
        raise UsageError(
            f"a window of {span_text(seconds)} is finer than these times, which are known to the "
            f"{span_text(self.precision).removeprefix('1 ')} only; the least window is "
            f"{self.precision} seconds"
        )


def span_text(seconds: int) -> str:
    """`1 minute`, `36 hours`; `no limit` for 0."""
    if not seconds:
        return "no limit"
    units = (("day", 86_400), ("hour", 3600), ("minute", 60), ("second", 1))
    unit, length = next(found for found in units if seconds % found[1] == 0)
    count = seconds // length
    return f"{count:,} {unit}{'' if count == 1 else 's'}"


def _seen_precision(at: np.ndarray) -> int:
    """The precision that the times themselves show, in seconds."""
    times = np.unique(at[at != UNKNOWN])
    if len(times) >= _ENOUGH:
        for precision in (Precision.DAY, Precision.MINUTE):
            if not (times % (1000 * SECONDS[precision])).any():
                return SECONDS[precision]
    return 1
