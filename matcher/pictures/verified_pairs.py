"""Pictures seen in each other: pairs verified by local features, with the evidence of each."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from frametrace.embed.signals.local import Local
from frametrace.matcher.photos.edges import Edges, pair_keys
from frametrace.matcher.pictures.evidence import Evidence
from frametrace.matcher.results import BOX, EVIDENCE, MATCHES, Relation

__all__ = [
    "PAIRS",
    "Sightings",
    "cells_of",
    "components",
    "evidence_of",
    "evidence_row",
    "pairs_among",
    "places_of",
]

_BOX = tuple(field.name for field in BOX)

_SIDES = ("width", "height")  # of the pictures shrunk for their features

# One row per verified pair of pictures, A being the one with the smaller digest; ordered by digest.
# `similarity` is the number of inliers as a part of the features of the picture that has fewer. The
# rest is as in `pictures.evidence.Evidence`.
PAIRS = pa.schema(
    [
        pa.field("sha256_a", pa.string(), nullable=False),
        pa.field("sha256_b", pa.string(), nullable=False),
        pa.field("relation", pa.string(), nullable=False),
        pa.field("similarity", pa.float32(), nullable=False),
        *EVIDENCE,
        *(pa.field(f"{side}_{of}", pa.uint16(), nullable=False) for of in "ab" for side in _SIDES),
        pa.field("cells_a", pa.binary(32), nullable=False),
        pa.field("cells_b", pa.binary(32), nullable=False),
        pa.field("same_photograph", pa.bool_(), nullable=False),
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
        x, y = (numbers[side].astype(np.int32) for side in places_of(pairs, names))
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

    def of_nodes(self, numbers: np.ndarray) -> Self:
        """The pairs of pictures that stand for nodes, where picture `numbers[i]` is node i.

        `numbers` increase with i.
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
        both = pa.concat_tables([self.rows.select(EVIDENCE.names), self._inverted(at[back])])
        at[back] = len(self) + np.arange(len(back))
        return _columns(both, at, known)

    def similarity(self, a: np.ndarray, b: np.ndarray, known: np.ndarray) -> np.ndarray:
        """The similarities of pairs of nodes, (k,) float32; 1 unless `known`."""
        if not len(self):
            return np.ones(len(known), np.float32)
        found = self.rows["similarity"].to_numpy()[self._at(a, b, known)]
        return np.where(known, found, np.float32(1))

    def cells(self, of: np.ndarray, other: np.ndarray) -> np.ndarray:
        """Where nodes agree with others, (k, 256) bool: cells of the first of each pair."""
        at = self._at(of, other, np.ones(len(of), bool))
        a, b = (cells_of(self.rows[name].take(pa.array(at))) for name in ("cells_a", "cells_b"))
        starts: np.ndarray = np.where((self.origin[at] == of)[:, None], a, b)
        return starts

    def holds(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        """Which pairs of nodes are among these, (k,) bool."""
        keys = pair_keys(np.minimum(a, b), np.maximum(a, b))
        there: np.ndarray = np.isin(keys, pair_keys(self.a, self.b))
        return there

    def _at(self, a: np.ndarray, b: np.ndarray, known: np.ndarray) -> np.ndarray:
        """Where pairs of nodes stand; 0 unless `known`."""
        at = np.zeros(len(known), np.int64)
        low, high = np.minimum(a, b)[known], np.maximum(a, b)[known]
        at[known] = np.searchsorted(pair_keys(self.a, self.b), pair_keys(low, high))
        return at

    def _inverted(self, at: np.ndarray) -> pa.Table:
        """The evidence of some pairs from B to A."""
        inverted = []
        for row in self.rows.take(pa.array(at)).to_pylist():
            found = evidence_of(row)
            a, b = ((row[f"width_{of}"], row[f"height_{of}"]) for of in "ab")
            inverted.append(evidence_row(found.inverted(a, b)))
        return pa.Table.from_pylist(inverted, EVIDENCE)


def pairs_among(pairs: pa.Table, names: pa.StringArray) -> pa.Table:
    """Those rows of pairs, `sha256_a` and `sha256_b`, that are of some pictures."""
    sides = (pc.is_in(pairs[name], value_set=names) for name in ("sha256_a", "sha256_b"))
    return pairs.filter(pc.and_(*sides))


def places_of(pairs: pa.Table, names: pa.StringArray) -> tuple[np.ndarray, np.ndarray]:
    """Where both pictures of pairs stand among names that hold them all, (m,) int64 each."""
    a, b = (
        pc.index_in(pairs[name], value_set=names).to_numpy().astype(np.int64)
        for name in ("sha256_a", "sha256_b")
    )
    return a, b


def components(a: np.ndarray, b: np.ndarray, count: int) -> np.ndarray:
    """The number of the set that each of `count` nodes is tied into by edges, (count,) int32."""
    graph = coo_matrix((np.ones(len(a), bool), (a, b)), (count, count))
    label: np.ndarray = connected_components(graph, directed=False)[1]
    return label


def cells_of(column: pa.ChunkedArray) -> np.ndarray:
    """(k, 256) bool of k values of 32 bytes."""
    values = column.combine_chunks()
    raw = np.frombuffer(values.buffers()[1], np.uint8)[values.offset * 32 :][: len(values) * 32]
    return np.unpackbits(raw.reshape(-1, 32), axis=1) > 0


def evidence_row(found: Evidence) -> dict[str, object]:
    """The columns `EVIDENCE` of one pair."""
    row = {name: getattr(found, name) for name in EVIDENCE.names}
    return {**row, "altered": [dict(zip(_BOX, box, strict=True)) for box in found.altered]}


def evidence_of(row: Mapping[str, Any]) -> Evidence:
    """The evidence in a row with the columns `relation` and `EVIDENCE`."""
    known = {name: row[name] for name in EVIDENCE.names if name not in ("altered", "altered_part")}
    boxes = tuple(tuple(box[name] for name in _BOX) for box in row["altered"] or ())
    return Evidence(
        Relation(row["relation"]),
        **known,
        altered=boxes,
        altered_part=row["altered_part"] or 0.0,
    )


def _columns(rows: pa.Table, at: np.ndarray, known: np.ndarray) -> list[pa.Array]:
    taken = rows.select(EVIDENCE.names).take(pa.array(at, mask=~known))
    return [column.combine_chunks() for column in taken.columns]
