"""Prints the account network: what was counted, the ties, and how they depend on the window."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from frametrace.app.library_results import Network
from frametrace.app.output.console_output import moment_text, print_line, print_table, print_text
from frametrace.app.report.network_files import summary_of

__all__ = ["print_network"]

_MAX_TIES = 10  # in the table
_MAX_SKIPPED = 3  # rows; network.json lists more
_COUNT_COLUMNS = {
    "pairs": "pairs",
    "pairs_2": "sharing 2",
    "pairs_3": "sharing 3",
    "pairs_5": "sharing 5",
    "ties": "ties",
    "pairs_across": "pairs across platforms",
    "ties_across": "ties across platforms",
}
_TIE_COLUMNS = {
    "platform_a": "platform",
    "account_id_a": "account",
    "platform_b": "platform",
    "account_id_b": "account",
    "shared_items": "shared",
    "q_value": "false discovery rate",
    "first_shared_at": "first (UTC)",
}


def print_network(network: Network, out: Path) -> None:
    """Print what a network was computed from, its ties by window, and the folder it is in."""
    summary = summary_of(network.computed)
    _print_input(network)
    _print_ties(network, summary)
    if any(window["pairs"] is None for window in summary["windows"]):
        print_line("note", "Windows finer than the precision of the times are not counted (-).")
    print_text()
    print_table(["within", *_COUNT_COLUMNS.values()], list(map(_window_cells, summary["windows"])))
    print_text()
    if ties := network.computed.ties.select(list(_TIE_COLUMNS)).slice(0, _MAX_TIES).to_pylist():
        print_table(list(_TIE_COLUMNS.values()), list(map(_tie_cells, ties)))
        print_text()
    print_line("written", out)


def _print_input(network: Network) -> None:
    computed, about = network.computed, network.about
    if "table" in about:
        print_line(
            "read",
            f"{about['rows']:,} rows; {about['rows_without_item']:,} without an item, "
            f"{about['rows_unreadable']:,} can't be read",
        )
        for line in about["skipped"][:_MAX_SKIPPED]:
            print_line("skipped", line)
    print_line(
        "shares",
        f"{computed.shares:,} of {computed.items:,} items by "
        f"{computed.sharing_accounts:,} accounts",
    )
    if computed.viral_items:
        print_line(
            "note",
            f"Items that more than {computed.most_sharers:,} accounts share tie nobody: "
            f"{computed.viral_items:,}",
        )


def _print_ties(network: Network, summary: Mapping[str, Any]) -> None:
    computed = network.computed
    print_line(
        "ties",
        f"{summary['ties']:,} of {computed.tests:,} pairs of accounts share more than "
        f"chance explains (false discovery rate: {computed.settings.fdr:g})",
    )
    if summary["ties"] > summary["pairs_listed"]:
        print_line("note", f"The {summary['pairs_listed']:,} most significant are listed.")
    print_line("note", "A tie is evidence of co-sharing, not a verdict on anybody.")
    print_line("groups", f"{summary['communities']:,} communities of tied accounts")
    if by_chance := network.about.get("ties_after_shuffling"):
        print_line(
            "shuffled",
            f"{len(by_chance):,} times: {sum(map(bool, by_chance)):,} shuffles made ties, "
            f"{sum(by_chance):,} in total, {max(by_chance):,} at most",
        )


def _window_cells(window: Mapping[str, Any]) -> list[str]:
    counts = [window[name] for name in _COUNT_COLUMNS]
    return [window["window"], *("-" if count is None else f"{count:,}" for count in counts)]


def _tie_cells(tie: Mapping[str, Any]) -> list[object]:
    *others, q_value, first_shared_at = tie.values()
    return [*others, f"{q_value:.1e}", moment_text(first_shared_at)]
