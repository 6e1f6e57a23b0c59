"""Finds the account network: which accounts share the same items more often than by chance."""

from frametrace.matcher.match_settings import ShareColumns
from frametrace.matcher.network.shares import RAW_SHARES, Shares
from frametrace.matcher.network.shares_from_case import SharedKind, case_ties, shares_in_case
from frametrace.matcher.network.shares_from_csv import SharesRead, read_shares
from frametrace.matcher.network.shuffled_ties import count_shuffled_ties, shuffle_shares
from frametrace.matcher.network.tie_tables import (
    NETWORK_ACCOUNTS,
    NETWORK_TIES,
    WINDOW_SECONDS,
    window_column,
)
from frametrace.matcher.network.ties import NETWORK_WINDOWS, AccountNetwork, find_ties

__all__ = [
    "NETWORK_ACCOUNTS",
    "NETWORK_TIES",
    "NETWORK_WINDOWS",
    "RAW_SHARES",
    "WINDOW_SECONDS",
    "AccountNetwork",
    "ShareColumns",
    "SharedKind",
    "Shares",
    "SharesRead",
    "case_ties",
    "count_shuffled_ties",
    "find_ties",
    "read_shares",
    "shares_in_case",
    "shuffle_shares",
    "window_column",
]
