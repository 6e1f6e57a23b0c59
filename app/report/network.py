"""The accounts that share photo groups as a graph for Gephi."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from frametrace.matcher.results import Results

__all__ = ["write_gexf"]

_DATE = re.compile(r' lastmodifieddate="[^"]*"')


def write_gexf(path: Path, results: Results) -> None:
    """Write accounts as nodes and ties as edges, in GEXF 1.2; weights are the groups shared."""
    import networkx

    graph: networkx.Graph[str] = networkx.Graph()
    tied = {end for tie in results.ties.to_pylist() for end in _ends(tie)}
    for account in results.accounts.to_pylist():
        key = (account["platform"], account["account_id"])
        if key in tied:
            graph.add_node(
                _node(*key),
                label=_legal(account["account_name"] or account["account_id"]),
                platform=_legal(account["platform"]),
                account_kind=account["account_kind"],
                posts=account["posts"],
                photo_groups=account["photo_groups"],
            )
    for tie in results.ties.to_pylist():
        a, b = _ends(tie)
        groups = " ".join(tie["group_ids"])
        graph.add_edge(
            _node(*a), _node(*b), weight=tie["shared_groups"],
            platforms="one" if a[0] == b[0] else "across", group_ids=groups,
        )  # fmt: skip
    lines = "\n".join(networkx.generate_gexf(graph))
    # The same case gives the same bytes on any day.
    path.write_text(_DATE.sub("", lines, count=1) + "\n", "utf-8")


def _ends(tie: Mapping[str, Any]) -> tuple[tuple[str, str], tuple[str, str]]:
    return (
        (tie["platform_a"], tie["account_id_a"]),
        (tie["platform_b"], tie["account_id_b"]),
    )


def _node(platform: str, account_id: str) -> str:
    return _legal(f"{platform}/{account_id}")


def _legal(text: str) -> str:
    """Text without the characters that XML 1.0 can't hold."""
    return "".join(
        c if c in "\t\n\r" or " " <= c <= "\ud7ff" or "\ue000" <= c <= "\ufffd" or c > "\uffff"
        else "\ufffd"
        for c in text
    )  # fmt: skip
