"""The account network as files: tables to compute with, graphs to look at, how it was made."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

from frametrace.app.report.csv_tables import write_csv
from frametrace.app.report.network_graphs import write_gexf, write_graphml
from frametrace.app.report.output_folder import written
from frametrace.matcher.network import AccountNetwork

__all__ = ["FILES", "summary_of", "write_network"]

# In the order in which they take their places: a folder with the last two holds a whole network.
FILES = (
    *("ties.csv", "accounts.csv", "network.gexf", "network.graphml"),
    *("windows.csv", "network.json"),
)


def summary_of(network: AccountNetwork) -> dict[str, Any]:
    """What was found, in numbers."""
    windows = network.windows.to_pylist()
    (chosen,) = (row for row in windows if (row["seconds"] or 0) == network.settings.window)
    communities = network.accounts["community"].drop_null()
    return {
        "shares": network.shares,
        "accounts": network.sharing_accounts,
        "items": network.items,
        "pairs_tested": network.tests,
        "ties": chosen["ties"],
        "pairs_listed": network.ties.num_rows,
        "communities": len(communities.unique()),
        "largest_community": communities.to_pylist().count(0),
        "windows": windows,
        "settings": asdict(network.settings),
        "time_precision_seconds": network.precision,
        "most_accounts_of_an_item": network.most_sharers,
        "items_of_more": network.viral_items,
    }


def write_network(out: Path, network: AccountNetwork, about: Mapping[str, Any]) -> None:
    """Write everything into the folder `out`; `about` says what it was made from.

    Raises `CaseError` where it can't be written.
    """
    content = {**summary_of(network), **about, "version": version("frametrace")}
    with written(out, FILES) as folder:
        write_csv(folder / "ties.csv", network.ties)
        write_csv(folder / "accounts.csv", network.accounts)
        write_csv(folder / "windows.csv", network.windows)
        write_gexf(folder / "network.gexf", network)
        write_graphml(folder / "network.graphml", network)
        text = json.dumps(content, indent=1, ensure_ascii=False, sort_keys=True)
        (folder / "network.json").write_text(text + "\n", "utf-8")
