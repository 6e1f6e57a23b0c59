"""From stars to where each item belongs, and by what evidence."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from frametrace.matcher.edges import NO_DISTANCE, Edges
from frametrace.matcher.stars import Stars

__all__ = ["PLACES", "Nodes", "place"]

SAME_BYTES = "sha256"  # the evidence of an item that is the medoid itself

# One row per item (a picture or a caption): the medoid of its star and what ties it there.
PLACES = pa.schema(
    [
        pa.field("sha256", pa.string(), nullable=False),
        pa.field("medoid_sha256", pa.string(), nullable=False),
        ("via_sha256", pa.string()),
        pa.field("signal", pa.string(), nullable=False),
        ("distance", pa.int32()),
        ("similarity", pa.float32()),
    ]
)


@dataclass(frozen=True, slots=True)
class Nodes:
    """n nodes of a graph and their items: equal ones, which need no edges between them.

    `item` is (m,) object, digests; `node` is (m,) int64, their nodes; `name` is (n,) object, the
    digest that stands for each node; `weight` is (n,): how many posts carry one of its items.
    `same` is the signal that tells a node's items to be equal.
    """

    item: np.ndarray
    node: np.ndarray
    name: np.ndarray
    weight: np.ndarray
    same: str


def place(nodes: Nodes, edges: Edges, stars: Stars) -> pa.Table:
    """Where each item belongs, in the schema `PLACES`, ordered by medoid and item."""
    n = len(nodes.name)
    signal = np.full(n, nodes.same, object)
    similarity = np.ones(n, np.float32)
    distance = np.zeros(n, np.int32)
    tied = np.flatnonzero(stars.via != np.arange(n))
    edge = edges.between(tied, stars.via[tied])
    signal[tied], similarity[tied] = edges.signal[edge], edges.similarity[edge]
    distance[tied] = edges.distance[edge]

    node = nodes.node
    medoid = nodes.name[stars.medoid[node]]
    via = np.where(stars.via[node] != stars.medoid[node], nodes.name[stars.via[node]], None)
    itself = nodes.item == medoid
    by = np.where(itself, SAME_BYTES, signal[node])
    order = np.lexsort((nodes.item.astype(str), medoid.astype(str)))
    columns = [
        pa.array(nodes.item, pa.string()),
        pa.array(medoid, pa.string()),
        pa.array(via, pa.string()),
        pa.array(by, pa.string()),
        pa.array(distance[node], mask=distance[node] == NO_DISTANCE),
        pa.array(similarity[node]),
    ]
    return pa.Table.from_arrays(columns, schema=PLACES).take(pa.array(order))
