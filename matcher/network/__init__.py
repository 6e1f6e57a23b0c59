"""The account network: who shares the same things more often than chance explains."""

from frametrace.matcher.network.permutation import shuffled, ties_of_shuffled
from frametrace.matcher.network.shares import RAW, Shares
from frametrace.matcher.network.shares_from_case import By, shares_in, ties_of
from frametrace.matcher.network.shares_from_csv import Columns, TableRead, read_table
from frametrace.matcher.network.tie_tables import (
    NETWORK_ACCOUNTS,
    NETWORK_TIES,
    WINDOWS,
    within_name,
)
from frametrace.matcher.network.ties import NETWORK_WINDOWS, Network, find_ties

__all__ = [
    "NETWORK_ACCOUNTS",
    "NETWORK_TIES",
    "NETWORK_WINDOWS",
    "RAW",
    "WINDOWS",
    "By",
    "Columns",
    "Network",
    "Shares",
    "TableRead",
    "find_ties",
    "read_table",
    "shares_in",
    "shuffled",
    "ties_of",
    "ties_of_shuffled",
    "within_name",
]
