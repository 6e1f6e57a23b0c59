"""Builds the shares: which account shared which item, and when. Ties come from this graph."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Self

import numpy as np
import pyarrow as pa

from frametrace.case.views import query_over
from frametrace.posts.errors import UsageError
from frametrace.posts.model import Precision

__all__ = ["RAW_SHARES", "UNKNOWN_TIME", "Shares", "span_text"]

UNKNOWN_TIME = np.iinfo(np.int64).min  # a share without a time
_PRECISION_SECONDS = {Precision.SECOND: 1, Precision.MINUTE: 60, Precision.DAY: 86_400}

# Distinct times from which their precision is inferred: five are all whole minutes by chance with a
# probability of 60⁻⁵.
_MIN_TIMES = 5

# The input of `Shares`: one row per share, in any order; duplicates are allowed.
RAW_SHARES = pa.schema(
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

# A share without a time is dropped where the same account shared the item at a known time.
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
    """s distinct shares, ordered by item, account and time.

    `item` and `account` are (s,) int64, rows of `items` and `accounts`, which are sorted; `at` is
    (s,) int64, milliseconds since 1970 or `UNKNOWN_TIME`. `precision` is that of the times in
    seconds, 0 where no share has a time.
    """

    item: np.ndarray
    account: np.ndarray
    at: np.ndarray
    accounts: pa.Table
    items: pa.StringArray
    precision: int

    @classmethod
    def of(cls, raw: pa.Table, precisions: Collection[Precision] = ()) -> Self:
        """Build shares from rows in the schema `RAW_SHARES`; `precisions` are declared for times.

        Times that are all whole minutes, or days, are not more precise than that, whatever was
        declared.
        """
        with query_over(raw=raw) as connection:
            accounts = connection.sql(_ACCOUNTS).to_arrow_table()
            connection.register("accounts", accounts)
            items = connection.sql("SELECT DISTINCT item FROM raw ORDER BY item").to_arrow_table()
            connection.register("items", items)
            shares = connection.sql(_SHARES).to_arrow_table()
        at = shares["moment"].fill_null(UNKNOWN_TIME).to_numpy()
        declared = [
            _PRECISION_SECONDS[precision]
            for precision in precisions
            if precision in _PRECISION_SECONDS
        ]
        return cls(
            item=shares["item"].to_numpy(),
            account=shares["account"].to_numpy(),
            at=at,
            accounts=accounts,
            items=items["item"].combine_chunks(),
            precision=max([_observed_precision(at), *declared])
            if (at != UNKNOWN_TIME).any()
            else 0,
        )

    def slot_starts(self) -> np.ndarray:
        """Which shares are the first of their item and account, (s,) bool."""
        item, account = (np.diff(codes, prepend=-1) for codes in (self.item, self.account))
        starts: np.ndarray = (item != 0) | (account != 0)
        return starts

    def sharers(self) -> np.ndarray:
        """How many accounts share each item, (i,) int64."""
        return np.bincount(self.item[self.slot_starts()], minlength=len(self.items))

    def platforms(self) -> np.ndarray:
        """Which platform each account is on, as a number, (a,) int64."""
        column = self.accounts["platform"].combine_chunks().dictionary_encode()
        number: np.ndarray = column.indices.to_numpy().astype(np.int64)
        return number

    def check_window(self, seconds: int) -> None:
        """Check that the times are precise enough for a window; 0 is no window.

        Raises `UsageError` with the shortest window that these times allow.
        """
        if not seconds or 0 < self.precision <= seconds:
            return
        if not self.precision:
            raise UsageError(
                f"a window of {span_text(seconds)} needs times, but no share has one; leave the "
                "window out to count shares at any time"
            )
        raise UsageError(
            f"a window of {span_text(seconds)} is finer than these times, which are known only to "
            f"the {span_text(self.precision).removeprefix('1 ')}; the shortest window is "
            f"{self.precision} seconds"
        )


def span_text(seconds: int) -> str:
    """A time span as text: `1 minute`, `36 hours`; `no limit` for 0."""
    if not seconds:
        return "no limit"
    units = (("day", 86_400), ("hour", 3600), ("minute", 60), ("second", 1))
    unit, length = next(unit for unit in units if seconds % unit[1] == 0)
    count = seconds // length
    return f"{count:,} {unit}{'' if count == 1 else 's'}"


def _observed_precision(at: np.ndarray) -> int:
    """The precision that the values of the times suggest, in seconds."""
    times = np.unique(at[at != UNKNOWN_TIME])
    if len(times) >= _MIN_TIMES:
        for precision in (Precision.DAY, Precision.MINUTE):
            if not (times % (1000 * _PRECISION_SECONDS[precision])).any():
                return _PRECISION_SECONDS[precision]
    return 1
