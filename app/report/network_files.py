"""Writes the account network: tables, graphs for Gephi (GEXF) and others (GraphML), a summary."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from frametrace.app.report.csv_tables import write_csv
from frametrace.app.report.output_folder import output_files
from frametrace.matcher.network import AccountNetwork
from frametrace.matcher.saved_results import Results
from frametrace.work.progress import Advance, Progress, Silent, uncounted

if TYPE_CHECKING:
    import networkx

__all__ = [
    "FILES",
    "MAX_EDGES",
    "TiesView",
    "significant",
    "summary_of",
    "ties_view",
    "write_gexf",
    "write_network",
]

# In the order in which they are moved: a folder with the last two holds a complete network.
FILES = (
    *("ties.csv", "accounts.csv", "network.gexf", "network.graphml"),
    *("windows.csv", "network.json"),
)
MAX_EDGES = 200_000  # of a graph, the most significant; viewers can't open more

_DATE = re.compile(r' lastmodifieddate="[^"]*"')
_MAX_TIES = 100  # on the page
_ACCOUNT_COLUMNS = ("platform_a", "account_id_a", "platform_b", "account_id_b")
_COMMUNITY_COLUMNS = ("community_a", "community_b")


def summary_of(network: AccountNetwork) -> dict[str, Any]:
    """The counts, windows and settings of a network, for network.json and the terminal."""
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
    """Write all files into the folder `out`; `about` describes the input.

    Raises `CaseError` if they can't be written.
    """
    content = {**summary_of(network), **about, "version": version("frametrace")}
    with output_files(out, FILES) as folder:
        write_csv(folder / "ties.csv", network.ties)
        write_csv(folder / "accounts.csv", network.accounts)
        write_csv(folder / "windows.csv", network.windows)
        write_gexf(folder / "network.gexf", network)
        _write_graphml(folder / "network.graphml", network)
        text = json.dumps(content, indent=1, ensure_ascii=False, sort_keys=True)
        (folder / "network.json").write_text(text + "\n", "utf-8")


def significant(ties: pa.Table, fdr: float) -> pa.Table:
    """The ties whose false discovery rate is at most `fdr`; none if the results have no rates."""
    return ties.filter(pc.less_equal(ties["q_value"], fdr).fill_null(False))


@dataclass(frozen=True, slots=True)
class TiesView:
    """What the page shows of the ties: each with its two accounts, the most significant first.

    `listed` counts all pairs in the results, `tied` those with a false discovery rate of at most
    `fdr`.
    """

    rows: Sequence[tuple[Mapping[str, Any], Mapping[str, Any], Mapping[str, Any]]]
    listed: int
    tied: int
    fdr: float


def ties_view(results: Results, fdr: float) -> TiesView:
    """The ties that the page shows."""
    by = [("q_value", "ascending"), ("p_value", "ascending"), ("shared_groups", "descending")]
    ids = [(name, "ascending") for name in _ACCOUNT_COLUMNS]
    first = results.ties.sort_by([*by, *ids]).slice(0, _MAX_TIES).to_pylist()
    ends = [[(t[f"platform_{x}"], t[f"account_id_{x}"]) for x in "ab"] for t in first]
    wanted = {end for both in ends for end in both}
    columns = ["platform", "account_id", "account_kind", "account_name", "case_name"]
    rows = results.accounts.select(columns).to_pylist()
    names = {key: row for row in rows if (key := (row["platform"], row["account_id"])) in wanted}
    shown = [(tie, names[a], names[b]) for tie, (a, b) in zip(first, ends, strict=True)]
    return TiesView(shown, results.ties.num_rows, significant(results.ties, fdr).num_rows, fdr)


def write_gexf(
    path: Path, network: Results | AccountNetwork, progress: Progress | None = None
) -> None:
    """Write accounts and ties in GEXF 1.2; the same input gives the same bytes."""
    import networkx

    ties = min(network.ties.num_rows, MAX_EDGES)
    with (progress or Silent()).track("ties in the graph", ties) as advance:
        graph = _graph(network, advance)
        lines = "\n".join(networkx.generate_gexf(graph))
        path.write_text(_DATE.sub("", lines, count=1) + "\n", "utf-8")


def _write_graphml(path: Path, network: Results | AccountNetwork) -> None:
    """Write accounts and ties in GraphML."""
    import networkx

    path.write_text("\n".join(networkx.generate_graphml(_graph(network))) + "\n", "utf-8")


def _graph(
    network: Results | AccountNetwork, advance: Advance = uncounted
) -> "networkx.Graph[str]":
    """Accounts as nodes and ties as edges, weighted by how many items they share.

    The items themselves are only in the tables: graph viewers read no lists.
    """
    import networkx

    graph: networkx.Graph[str] = networkx.Graph()
    rows = {(row["platform"], row["account_id"]): row for row in network.accounts.to_pylist()}
    nodes: dict[tuple[str, str], str] = {}
    for tie in _rows(network.ties):
        ends = (tie["platform_a"], tie["account_id_a"]), (tie["platform_b"], tie["account_id_b"])
        for end, name in zip(ends, _COMMUNITY_COLUMNS, strict=True):
            if end not in nodes:
                nodes[end] = f"n{len(nodes)}"
                about = {**rows[end], "community": tie[name]}
                about["label"] = rows[end]["account_name"] or rows[end]["account_id"]
                graph.add_node(nodes[end], **_attributes(about))
        about = {
            name: value
            for name, value in tie.items()
            if name not in (*_ACCOUNT_COLUMNS, *_COMMUNITY_COLUMNS)
        }
        about["platforms"] = "one" if ends[0][0] == ends[1][0] else "across"
        graph.add_edges_from([(nodes[ends[0]], nodes[ends[1]], _attributes(about))])
        advance(1)
    return graph


def _rows(ties: pa.Table) -> Iterator[dict[str, Any]]:
    """The ties with the number of shared items as their weight, in the table's order."""
    if ties.num_rows > MAX_EDGES:
        ties = ties.sort_by("q_value").slice(0, MAX_EDGES)
    names = {"shared_groups": "weight", "shared_items": "weight"}
    ties = ties.rename_columns([names.get(name, name) for name in ties.column_names])
    kept = [name for name in ties.column_names if name not in ("group_ids", "item_ids")]
    for batch in ties.select(kept).to_batches(max_chunksize=10_000):
        yield from batch.to_pylist()


def _attributes(row: Mapping[str, Any]) -> dict[str, str | int | float]:
    """The values of a row that aren't null, in types that both formats support."""
    return {name: _value(value) for name, value in row.items() if value is not None}


def _value(value: Any) -> str | int | float:
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds").replace("+00:00", "Z")
    return _legal(value) if isinstance(value, str) else value


def _legal(text: str) -> str:
    """The text without characters that XML 1.0 doesn't allow."""
    return "".join(
        c if c in "\t\n\r" or " " <= c <= "\ud7ff" or "\ue000" <= c <= "\ufffd" or c > "\uffff"
        else "\ufffd"
        for c in text
    )  # fmt: skip
