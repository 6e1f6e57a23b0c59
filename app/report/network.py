"""The accounts that share photo groups as a graph for Gephi."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa

from frametrace.matcher.results import Results

__all__ = ["write_gexf"]

_DATE = re.compile(r' lastmodifieddate="[^"]*"')


def write_gexf(path: Path, results: Results) -> None:
    """Write accounts as nodes and ties as edges, in GEXF 1.2; weights are the groups shared.

    Which groups two accounts share stands in groups.csv.
    """
    import networkx

    graph: networkx.Graph[str] = networkx.Graph()
    accounts = {(row["platform"], row["account_id"]): row for row in results.accounts.to_pylist()}
    nodes: dict[tuple[str, str], str] = {}
    for tie in _rows(results.ties):
        ends = (tie["platform_a"], tie["account_id_a"]), (tie["platform_b"], tie["account_id_b"])
        for end in ends:
            if end not in nodes:
                nodes[end] = f"n{len(nodes)}"
                graph.add_node(nodes[end], **_attributes(accounts[end]))
        across = "one" if ends[0][0] == ends[1][0] else "across"
        a, b = (nodes[end] for end in ends)
        graph.add_edge(a, b, weight=tie["shared_groups"], platforms=across)
    lines = "\n".join(networkx.generate_gexf(graph))
    # The same case gives the same bytes on any day.
    path.write_text(_DATE.sub("", lines, count=1) + "\n", "utf-8")


def _rows(ties: pa.Table) -> Iterator[dict[str, Any]]:
    for batch in ties.drop_columns(["group_ids"]).to_batches(max_chunksize=10_000):
        yield from batch.to_pylist()


def _attributes(account: Mapping[str, Any]) -> dict[str, str | int]:
    return {
        "label": _legal(account["account_name"] or account["account_id"]),
        "platform": _legal(account["platform"]),
        "account_id": _legal(account["account_id"]),
        "account_kind": account["account_kind"],
        "posts": account["posts"],
        "photo_groups": account["photo_groups"],
    }


def _legal(text: str) -> str:
    """Text without the characters that XML 1.0 can't hold."""
    return "".join(
        c if c in "\t\n\r" or " " <= c <= "\ud7ff" or "\ue000" <= c <= "\ufffd" or c > "\uffff"
        else "\ufffd"
        for c in text
    )  # fmt: skip
