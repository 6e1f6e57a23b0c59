"""Holds verified pairs of pictures as pairs of graph nodes, with the evidence of each."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from frametrace.embed.signals.local import Local
from frametrace.matcher.photos.match_graph import Edges, pair_keys
from frametrace.matcher.pictures.verified_pair_table import (
    cells_of,
    inverted_evidence,
    positions_in,
)
from frametrace.matcher.result_schemas import EVIDENCE, MATCHES, Relation

__all__ = ["NodePairs"]


@dataclass(frozen=True, slots=True)
class NodePairs:
    """m pairs of nodes a < b (int32), ordered, and their m rows in the schema `PAIRS`.

    `origin` is (m,) int32: a or b, the node that is picture A in the row's evidence.
    """

    a: np.ndarray
    b: np.ndarray
    origin: np.ndarray
    rows: pa.Table

    @classmethod
    def of(cls, pairs: pa.Table, names: pa.StringArray) -> Self:
        """Pairs of pictures as pairs of nodes: picture `names[i]` is node i."""
        x, y = (side.astype(np.int32) for side in positions_in(pairs, names))
        a, b = np.minimum(x, y), np.maximum(x, y)
        order = np.argsort(pair_keys(a, b))
        return cls(a[order], b[order], x[order], pairs.take(pa.array(order)).combine_chunks())

    def __len__(self) -> int:
        return len(self.a)

    def where(self, relation: Relation) -> Self:
        """The pairs of one relation."""
        kept = np.flatnonzero(pc.equal(self.rows["relation"], str(relation)).to_numpy())
        rows = self.rows.take(pa.array(kept)).combine_chunks()
        return type(self)(self.a[kept], self.b[kept], self.origin[kept], rows)

    def of_nodes(self, numbers: np.ndarray) -> Self:
        """The pairs of some pictures, renumbered: picture `numbers[i]` becomes node i.

        `numbers` are ascending.
        """
        sides = self.a, self.b, self.origin
        if not len(self):
            return self
        kept = np.isin(self.a, numbers) & np.isin(self.b, numbers)
        a, b, origin = (np.searchsorted(numbers, side[kept]).astype(np.int32) for side in sides)
        rows = self.rows.filter(pa.array(kept)).combine_chunks()
        return type(self)(a, b, origin, rows)

    def edges(self) -> Edges:
        """The pairs as edges."""
        return Edges.of_similarities(self.a, self.b, Local.name, self.rows["similarity"].to_numpy())

    def contained(self) -> tuple[np.ndarray, np.ndarray]:
        """The inner and the outer node of pairs in which one picture contains the other."""
        starts_inside = self.rows["part_a"].to_numpy() >= self.rows["part_b"].to_numpy()
        others = np.where(self.origin == self.a, self.b, self.a)
        inner = np.where(starts_inside, self.origin, others)
        return inner, np.where(starts_inside, others, self.origin)

    def matches(self, relation: Relation) -> Iterator[pa.RecordBatch]:
        """The pairs of one relation as rows of the matches table, ordered."""
        rows = self.where(relation).rows
        rows = rows.sort_by([("sha256_a", "ascending"), ("sha256_b", "ascending")])
        signal, distance = pa.repeat(Local.name, len(rows)), pa.nulls(len(rows), pa.int32())
        rows = rows.append_column("signal", signal).append_column("distance", distance)
        yield from rows.select(MATCHES.names).cast(MATCHES).to_batches()

    def evidence(self, a: np.ndarray, b: np.ndarray, known: np.ndarray) -> list[pa.Array]:
        """The stored evidence of pairs of nodes, as columns `EVIDENCE`; null unless `known`."""
        return _columns(self.rows, self._at(a, b, known), known)

    def seen_from(self, a: np.ndarray, b: np.ndarray, known: np.ndarray) -> list[pa.Array]:
        """The evidence from node `a` to node `b`; what is stored from b to a is inverted."""
        at, inverted = self._at(a, b, known), np.flatnonzero(known)
        inverted = inverted[self.origin[at[inverted]] != a[inverted]]
        stored = self.rows.select(EVIDENCE.names)
        both = pa.concat_tables([stored, self._inverted(at[inverted])])
        at[inverted] = len(self) + np.arange(len(inverted))
        return _columns(both, at, known)

    def similarity(self, a: np.ndarray, b: np.ndarray, known: np.ndarray) -> np.ndarray:
        """The similarities of pairs of nodes, (k,) float32; 1 unless `known`."""
        if not len(self):
            return np.ones(len(known), np.float32)
        similarity = self.rows["similarity"].to_numpy()[self._at(a, b, known)]
        return np.where(known, similarity, np.float32(1))

    def cells(self, node: np.ndarray, partner: np.ndarray) -> np.ndarray:
        """The cells of each node that agree with its partner, (k, 256) bool."""
        at = self._at(node, partner, np.ones(len(node), bool))
        a, b = (cells_of(self.rows[name].take(pa.array(at))) for name in ("cells_a", "cells_b"))
        cells: np.ndarray = np.where((self.origin[at] == node)[:, None], a, b)
        return cells

    def holds(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        """Which pairs of nodes are among these, (k,) bool."""
        keys = pair_keys(np.minimum(a, b), np.maximum(a, b))
        is_held: np.ndarray = np.isin(keys, pair_keys(self.a, self.b))
        return is_held

    def _at(self, a: np.ndarray, b: np.ndarray, known: np.ndarray) -> np.ndarray:
        """The positions of pairs of nodes; 0 unless `known`."""
        at = np.zeros(len(known), np.int64)
        low, high = np.minimum(a, b)[known], np.maximum(a, b)[known]
        at[known] = np.searchsorted(pair_keys(self.a, self.b), pair_keys(low, high))
        return at

    def _inverted(self, at: np.ndarray) -> pa.Table:
        """The evidence of some pairs from B to A."""
        inverted = []
        for row in self.rows.take(pa.array(at)).to_pylist():
            size_a, size_b = ((row[f"width_{side}"], row[f"height_{side}"]) for side in "ab")
            inverted.append(inverted_evidence(row, size_a, size_b))
        return pa.Table.from_pylist(inverted, EVIDENCE)


def _columns(rows: pa.Table, at: np.ndarray, known: np.ndarray) -> list[pa.Array]:
    taken = rows.select(EVIDENCE.names).take(pa.array(at, mask=~known))
    return [column.combine_chunks() for column in taken.columns]
