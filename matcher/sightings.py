"""Pictures seen in each other: pairs verified by local features, with the evidence of each."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from frametrace.embed.signals.local import Local
from frametrace.matcher.edges import Edges, pair_keys
from frametrace.matcher.results import EVIDENCE, MATCHES, Relation
from frametrace.matcher.verifying import Evidence

__all__ = ["PAIRS", "Sightings"]

# One row per verified pair of pictures, A being the one with the smaller digest; ordered by digest.
# The widths are those of the pictures shrunk for their features. `similarity` is the number of
# inliers as a part of the features of the picture that has fewer.
PAIRS = pa.schema(
    [
        pa.field("sha256_a", pa.string(), nullable=False),
        pa.field("sha256_b", pa.string(), nullable=False),
        pa.field("relation", pa.string(), nullable=False),
        pa.field("similarity", pa.float32(), nullable=False),
        *EVIDENCE,
        pa.field("width_a", pa.uint16(), nullable=False),
        pa.field("width_b", pa.uint16(), nullable=False),
    ]
)


@dataclass(frozen=True, slots=True)
class Sightings:
    """m pairs of nodes a < b (int32), ordered, and their m rows in the schema `PAIRS`.

    `origin` is (m,) int32: the node that a row's evidence starts from, a or b.
    """

    a: np.ndarray
    b: np.ndarray
    origin: np.ndarray
    rows: pa.Table

    @classmethod
    def of(cls, pairs: pa.Table, names: pa.StringArray, numbers: np.ndarray) -> Self:
        """Pairs of pictures that stand for nodes, called `names`, whose numbers are `numbers`."""
        x, y = (
            numbers[pc.index_in(pairs[name], value_set=names).to_numpy()].astype(np.int32)
            for name in ("sha256_a", "sha256_b")
        )
        a, b = np.minimum(x, y), np.maximum(x, y)
        order = np.argsort(pair_keys(a, b))
        return cls(a[order], b[order], x[order], pairs.take(pa.array(order)).combine_chunks())

    @classmethod
    def none(cls) -> Self:
        """No pairs."""
        nobody = np.empty(0, np.int32)
        return cls(nobody, nobody, nobody, PAIRS.empty_table())

    def __len__(self) -> int:
        return len(self.a)

    def where(self, relation: Relation) -> Self:
        """Those of one relation."""
        kept = np.flatnonzero(pc.equal(self.rows["relation"], str(relation)).to_numpy())
        rows = self.rows.take(pa.array(kept)).combine_chunks()
        return type(self)(self.a[kept], self.b[kept], self.origin[kept], rows)

    def renumbered(self, numbers: np.ndarray) -> Self:
        """The same pairs where node i is called `numbers[i]`, which increase with i."""
        a, b, origin = (numbers[side].astype(np.int32) for side in (self.a, self.b, self.origin))
        return type(self)(a, b, origin, self.rows)

    def edges(self) -> Edges:
        """The pairs as edges."""
        return Edges.of_similarities(self.a, self.b, Local.name, self.rows["similarity"].to_numpy())

    def contained(self) -> tuple[np.ndarray, np.ndarray]:
        """Of pairs of which one picture contains the other: the inner node and the outer one."""
        starts_inside = self.rows["part_a"].to_numpy() >= self.rows["part_b"].to_numpy()
        others = np.where(self.origin == self.a, self.b, self.a)
        inner = np.where(starts_inside, self.origin, others)
        return inner, np.where(starts_inside, others, self.origin)

    def matches(self, relation: Relation) -> Iterator[pa.RecordBatch]:
        """The pairs of one relation as rows of the matches table, ordered."""
        rows = self.where(relation).rows
        rows = rows.sort_by([("sha256_a", "ascending"), ("sha256_b", "ascending")])
        signal, none = pa.repeat(Local.name, len(rows)), pa.nulls(len(rows), pa.int32())
        rows = rows.append_column("signal", signal).append_column("distance", none)
        yield from rows.select(MATCHES.names).cast(MATCHES).to_batches()

    def evidence(self, a: np.ndarray, b: np.ndarray, known: np.ndarray) -> list[pa.Array]:
        """The columns of evidence of pairs of nodes as they are kept; null unless `known`."""
        return _columns(self.rows, self._at(a, b, known), known)

    def seen_from(self, a: np.ndarray, b: np.ndarray, known: np.ndarray) -> list[pa.Array]:
        """The same where A is always `a` and B `b`."""
        at, back = self._at(a, b, known), np.flatnonzero(known)
        back = back[self.origin[at[back]] != a[back]]
        both = pa.concat_tables([self.rows.select(EVIDENCE.names), self._turned(at[back])])
        at[back] = len(self) + np.arange(len(back))
        return _columns(both, at, known)

    def _at(self, a: np.ndarray, b: np.ndarray, known: np.ndarray) -> np.ndarray:
        """Where pairs of nodes stand; 0 unless `known`."""
        at = np.zeros(len(known), np.int64)
        low, high = np.minimum(a, b)[known], np.maximum(a, b)[known]
        at[known] = np.searchsorted(pair_keys(self.a, self.b), pair_keys(low, high))
        return at

    def _turned(self, at: np.ndarray) -> pa.Table:
        """The evidence of some pairs from B to A."""
        turned = []
        for row in self.rows.take(pa.array(at)).to_pylist():
            found = Evidence(
                Relation(row["relation"]), **{name: row[name] for name in EVIDENCE.names}
            )
            turned.append(found.turned(row["width_a"], row["width_b"]))
        columns = {name: [getattr(found, name) for found in turned] for name in EVIDENCE.names}
        return pa.Table.from_pydict(columns, EVIDENCE)


def _columns(rows: pa.Table, at: np.ndarray, known: np.ndarray) -> list[pa.Array]:
    taken = rows.select(EVIDENCE.names).take(pa.array(at, mask=~known))
    return [column.combine_chunks() for column in taken.columns]
