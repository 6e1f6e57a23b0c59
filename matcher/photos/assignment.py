"""From stars to where each item belongs, and by what evidence."""

from dataclasses import dataclass
from typing import Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from frametrace.embed.signals import SIGNALS, Metric
from frametrace.matcher.photos.edges import (
    NO_DISTANCE,
    Edges,
    EvidenceOf,
    number_of,
    ranked,
    signal_names,
    verified,
)
from frametrace.matcher.photos.star_clustering import Stars
from frametrace.matcher.pictures.verified_pairs import Sightings
from frametrace.matcher.results import EVIDENCE

__all__ = ["LISTED", "PLACES", "SAME_BYTES", "Nodes", "place", "with_evidence"]

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
        *EVIDENCE,  # B is the item, A what it is tied to
    ]
)

# The same of what is listed with a photo without being a copy of it: one that contains it or is a
# part of it.
LISTED = PLACES.append(pa.field("relation", pa.string(), nullable=False))


@dataclass(frozen=True, slots=True)
class Nodes:
    """n nodes of a graph and their items: equal ones, which need no edges between them.

    `item` holds m digests, `node` is (m,) int64, their nodes; `name` holds the n digests that stand
    for the nodes; `weight` is (n,) int64: how many posts carry one of a node's items. `same` is the
    signal that tells a node's items to be equal.
    """

    item: pa.StringArray
    node: np.ndarray
    name: pa.StringArray
    weight: np.ndarray
    same: str

    @classmethod
    def alone(cls, items: pa.StringArray, weight: np.ndarray, same: str) -> Self:
        """Every item as a node of its own."""
        return cls(items, np.arange(len(items)), items, weight, same)


def place(
    nodes: Nodes, edges: Edges, stars: Stars, seen_from: EvidenceOf | None = None
) -> pa.Table:
    """Where each item belongs, in the schema `PLACES`, ordered by medoid and item.

    What the signal `same` says of a node holds for all its items. Another signal has judged only
    the item that stands for the node; the others are tied in through that one. `seen_from` gives
    the evidence of edges by local features.
    """
    same, n = number_of(nodes.same), len(nodes.name)
    none = 0 if SIGNALS[nodes.same].metric is Metric.HAMMING else NO_DISTANCE
    signal, similarity = np.full(n, same, np.int8), np.ones(n, np.float32)
    distance = np.full(n, none, np.int32)
    tied = np.flatnonzero(stars.via != np.arange(n))
    edge = edges.between(tied, stars.via[tied])
    signal[tied], similarity[tied] = edges.signal[edge], edges.similarity[edge]
    distance[tied] = edges.distance[edge]

    is_name = pc.equal(nodes.item, nodes.name.take(pa.array(nodes.node)))
    order, is_name = _ordered(nodes, stars, is_name.to_numpy(zero_copy_only=False))
    node = nodes.node[order]
    medoid, through = stars.medoid[node], stars.via[node]
    unjudged = ~is_name & (signal[node] != same)
    through = np.where(unjudged, node, through)
    is_medoid = is_name & (node == medoid)
    distance = np.where(is_medoid, 0, np.where(unjudged, none, distance[node])).astype(np.int32)
    columns = [
        nodes.item.take(pa.array(order)),
        nodes.name.take(pa.array(medoid)),
        nodes.name.take(pa.array(through, mask=through == medoid)),
        pc.if_else(is_medoid, SAME_BYTES, signal_names(np.where(unjudged, same, signal[node]))),
        pa.array(distance, mask=distance == NO_DISTANCE),
        pa.array(np.where(unjudged, np.float32(1), similarity[node])),
    ]
    known = verified(signal[node]) & ~unjudged
    if seen_from is not None and known.any():
        columns += seen_from(through, node, known)
    else:
        columns += [pa.nulls(len(order), column.type) for column in EVIDENCE]
    return pa.Table.from_arrays(columns, schema=PLACES)


def with_evidence(places: pa.Table, compared: Sightings, names: pa.StringArray) -> pa.Table:
    """Where copies by PDQ were compared with what ties them, what was found stands there as well.

    `compared` pairs are of pictures by their numbers among `names`.
    """
    tie = pc.coalesce(places["via_sha256"], places["medoid_sha256"]).combine_chunks()
    a, b = (
        pc.index_in(side, value_set=names).fill_null(0).to_numpy().astype(np.int64)
        for side in (tie, places["sha256"].combine_chunks())
    )
    known = compared.holds(a, b) & (a != b)
    if not known.any():
        return places
    for name, column in zip(EVIDENCE.names, compared.seen_from(a, b, known), strict=True):
        at = places.schema.get_field_index(name)
        filled = pc.if_else(pa.array(known), column, places[name].combine_chunks())
        places = places.set_column(at, places.schema.field(at), filled)
    return places


def _ordered(nodes: Nodes, stars: Stars, is_name: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The items in the order of their medoids and digests, and which of them stand for a node."""
    rank = ranked(nodes.item)[1].astype(np.int64)
    of_node = np.empty(len(nodes.name), np.int64)
    of_node[nodes.node[is_name]] = rank[is_name]
    order = np.argsort(of_node[stars.medoid[nodes.node]] << 32 | rank)
    return order, is_name[order]
