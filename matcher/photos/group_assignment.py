"""Assigns each item to the medoid of its star, with the evidence that ties it there."""

from dataclasses import dataclass
from typing import Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from frametrace.embed.signals import SIGNALS, Metric
from frametrace.matcher.photos.match_graph import (
    NO_DISTANCE,
    Edges,
    EvidenceOf,
    by_local_features,
    number_of,
    ranked,
    signal_names,
)
from frametrace.matcher.photos.node_pairs import NodePairs
from frametrace.matcher.photos.star_clustering import StarClusters
from frametrace.matcher.result_schemas import EVIDENCE

__all__ = ["ASSIGNED", "LISTED", "SAME_BYTES", "Nodes", "assign", "with_evidence"]

SAME_BYTES = "sha256"  # the evidence of an item that is the medoid itself

# One row per item (a picture or a caption): the medoid of its star, and what ties it there.
ASSIGNED = pa.schema(
    [
        pa.field("sha256", pa.string(), nullable=False),
        pa.field("medoid_sha256", pa.string(), nullable=False),
        ("via_sha256", pa.string()),
        pa.field("signal", pa.string(), nullable=False),
        ("distance", pa.int32()),
        ("similarity", pa.float32()),
        *EVIDENCE,  # B is the item, A the item that it is tied to
    ]
)

# The same for pictures that are listed with a photo without being a copy of it: they contain it, or
# are a part of it.
LISTED = ASSIGNED.append(pa.field("relation", pa.string(), nullable=False))


@dataclass(frozen=True, slots=True)
class Nodes:
    """The n nodes of a graph, and their m items. Items of one node are equal and need no edges.

    `item` holds the items' digests and `node`, (m,) int64, their nodes. `name` holds the digest of
    the item that represents each node; `weight` is (n,) int64: how many posts carry one of a node's
    items. `same` is the signal by which a node's items are equal.
    """

    item: pa.StringArray
    node: np.ndarray
    name: pa.StringArray
    weight: np.ndarray
    same: str

    @classmethod
    def alone(cls, items: pa.StringArray, weight: np.ndarray, same: str) -> Self:
        """One node per item."""
        return cls(items, np.arange(len(items)), items, weight, same)


def assign(
    nodes: Nodes, edges: Edges, stars: StarClusters, seen_from: EvidenceOf | None = None
) -> pa.Table:
    """Assign each item to a medoid, in the schema `ASSIGNED`, ordered by medoid and item.

    An edge by the signal `same` holds for all items of a node. An edge by another signal was
    verified only for the item that represents the node; the node's other items are tied to that
    one. `seen_from` returns the evidence of edges by local features.
    """
    same, n = number_of(nodes.same), len(nodes.name)
    equal = 0 if SIGNALS[nodes.same].metric is Metric.HAMMING else NO_DISTANCE
    signal, similarity = np.full(n, same, np.int8), np.ones(n, np.float32)
    distance = np.full(n, equal, np.int32)
    tied = np.flatnonzero(stars.via != np.arange(n))
    edge = edges.between(tied, stars.via[tied])
    signal[tied], similarity[tied] = edges.signal[edge], edges.similarity[edge]
    distance[tied] = edges.distance[edge]

    is_name = pc.equal(nodes.item, nodes.name.take(pa.array(nodes.node)))
    order, is_name = _ordered(nodes, stars, is_name.to_numpy(zero_copy_only=False))
    node = nodes.node[order]
    medoid, via = stars.medoid[node], stars.via[node]
    unverified = ~is_name & (signal[node] != same)
    via = np.where(unverified, node, via)
    is_medoid = is_name & (node == medoid)
    distance = np.where(is_medoid, 0, np.where(unverified, equal, distance[node])).astype(np.int32)
    columns = [
        nodes.item.take(pa.array(order)),
        nodes.name.take(pa.array(medoid)),
        nodes.name.take(pa.array(via, mask=via == medoid)),
        pc.if_else(is_medoid, SAME_BYTES, signal_names(np.where(unverified, same, signal[node]))),
        pa.array(distance, mask=distance == NO_DISTANCE),
        pa.array(np.where(unverified, np.float32(1), similarity[node])),
    ]
    known = by_local_features(signal[node]) & ~unverified
    if seen_from is not None and known.any():
        columns += seen_from(via, node, known)
    else:
        columns += [pa.nulls(len(order), column.type) for column in EVIDENCE]
    return pa.Table.from_arrays(columns, schema=ASSIGNED)


def with_evidence(assigned: pa.Table, compared: NodePairs, names: pa.StringArray) -> pa.Table:
    """Add the evidence of copies by PDQ that were also compared by local features.

    `compared` numbers pictures by their positions in `names`.
    """
    tie = pc.coalesce(assigned["via_sha256"], assigned["medoid_sha256"]).combine_chunks()
    a, b = (
        pc.index_in(side, value_set=names).fill_null(0).to_numpy().astype(np.int64)
        for side in (tie, assigned["sha256"].combine_chunks())
    )
    known = compared.holds(a, b) & (a != b)
    if not known.any():
        return assigned
    for name, column in zip(EVIDENCE.names, compared.seen_from(a, b, known), strict=True):
        at = assigned.schema.get_field_index(name)
        filled = pc.if_else(pa.array(known), column, assigned[name].combine_chunks())
        assigned = assigned.set_column(at, assigned.schema.field(at), filled)
    return assigned


def _ordered(
    nodes: Nodes, stars: StarClusters, is_name: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The items in the order of their medoids and digests, and which of them represent a node."""
    rank = ranked(nodes.item)[1].astype(np.int64)
    of_node = np.empty(len(nodes.name), np.int64)
    of_node[nodes.node[is_name]] = rank[is_name]
    order = np.argsort(of_node[stars.medoid[nodes.node]] << 32 | rank)
    return order, is_name[order]
