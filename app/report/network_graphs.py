"""Accounts and their ties: on the page, and as graphs for Gephi (GEXF) and others (GraphML)."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from frametrace.matcher.network import AccountNetwork
from frametrace.matcher.saved_results import Results

if TYPE_CHECKING:
    import networkx

__all__ = ["MOST_EDGES", "TiesView", "significant", "ties_view", "write_gexf", "write_graphml"]

MOST_EDGES = 200_000  # of a graph; the most significant ones. Viewers open no more

_DATE = re.compile(r' lastmodifieddate="[^"]*"')
_MOST_SHOWN = 100  # on the page
_OF_ENDS = ("platform_a", "account_id_a", "platform_b", "account_id_b")
_OF_NODES = ("community_a", "community_b")


def significant(ties: pa.Table, fdr: float) -> pa.Table:
    """The ties whose false discovery rate is at most `fdr`; none of results without rates."""
    return ties.filter(pc.less_equal(ties["q_value"], fdr).fill_null(False))


@dataclass(frozen=True, slots=True)
class TiesView:
    """The ties as the page shows them: each with its two accounts, the least likely first.

    `listed` counts all in the results, `tied` those with a false discovery rate of at most `fdr`.
    """

    rows: Sequence[tuple[Mapping[str, Any], Mapping[str, Any], Mapping[str, Any]]]
    listed: int
    tied: int
    fdr: float


def ties_view(results: Results, fdr: float) -> TiesView:
    """The ties that the page shows."""
    by = [("q_value", "ascending"), ("p_value", "ascending"), ("shared_groups", "descending")]
    ids = [(name, "ascending") for name in _OF_ENDS]
    first = results.ties.sort_by([*by, *ids]).slice(0, _MOST_SHOWN).to_pylist()
    ends = [[(t[f"platform_{x}"], t[f"account_id_{x}"]) for x in "ab"] for t in first]
    wanted = {end for both in ends for end in both}
    columns = ["platform", "account_id", "account_kind", "account_name", "case_name"]
    rows = results.accounts.select(columns).to_pylist()
    names = {key: row for row in rows if (key := (row["platform"], row["account_id"])) in wanted}
    shown = [(tie, names[a], names[b]) for tie, (a, b) in zip(first, ends, strict=True)]
    return TiesView(shown, results.ties.num_rows, significant(results.ties, fdr).num_rows, fdr)


def write_gexf(path: Path, found: Results | AccountNetwork) -> None:
    """Write accounts and ties in GEXF 1.2; the same ones give the same bytes on any day."""
    import networkx

    lines = "\n".join(networkx.generate_gexf(_graph(found)))
    path.write_text(_DATE.sub("", lines, count=1) + "\n", "utf-8")


def write_graphml(path: Path, found: Results | AccountNetwork) -> None:
    """Write accounts and ties in GraphML."""
    import networkx

    path.write_text("\n".join(networkx.generate_graphml(_graph(found))) + "\n", "utf-8")


def _graph(found: Results | AccountNetwork) -> "networkx.Graph[str]":
    """Accounts as nodes and ties as edges, weighted by how much they share.

    What they share stands in the tables: no viewer reads lists.
    """
    import networkx

    graph: networkx.Graph[str] = networkx.Graph()
    rows = {(row["platform"], row["account_id"]): row for row in found.accounts.to_pylist()}
    nodes: dict[tuple[str, str], str] = {}
    for tie in _rows(found.ties):
        ends = (tie["platform_a"], tie["account_id_a"]), (tie["platform_b"], tie["account_id_b"])
        for end, name in zip(ends, _OF_NODES, strict=True):
            if end not in nodes:
                nodes[end] = f"n{len(nodes)}"
                about = {**rows[end], "community": tie[name]}
                about["label"] = rows[end]["account_name"] or rows[end]["account_id"]
                graph.add_node(nodes[end], **_attributes(about))
        about = {name: value for name, value in tie.items() if name not in (*_OF_ENDS, *_OF_NODES)}
        about["platforms"] = "one" if ends[0][0] == ends[1][0] else "across"
        graph.add_edges_from([(nodes[ends[0]], nodes[ends[1]], _attributes(about))])
    return graph


def _rows(ties: pa.Table) -> Iterator[dict[str, Any]]:
    """The ties with the number of what is shared as their weight, in the table's order."""
    if ties.num_rows > MOST_EDGES:
        ties = ties.sort_by("q_value").slice(0, MOST_EDGES)
    names = {"shared_groups": "weight", "shared_items": "weight"}
    ties = ties.rename_columns([names.get(name, name) for name in ties.column_names])
    kept = [name for name in ties.column_names if name not in ("group_ids", "item_ids")]
    for batch in ties.select(kept).to_batches(max_chunksize=10_000):
        yield from batch.to_pylist()


def _attributes(row: Mapping[str, Any]) -> dict[str, str | int | float]:
    """What is known, in values that both formats hold."""
    return {name: _value(value) for name, value in row.items() if value is not None}


def _value(value: Any) -> str | int | float:
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds").replace("+00:00", "Z")
    return _legal(value) if isinstance(value, str) else value


def _legal(text: str) -> str:
    """Text without the characters that XML 1.0 can't hold."""
    return "".join(
        c if c in "\t\n\r" or " " <= c <= "\ud7ff" or "\ue000" <= c <= "\ufffd" or c > "\uffff"
        else "\ufffd"
        for c in text
    )  # fmt: skip
