"""The table of verified pairs of pictures, and its rows as evidence."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from frametrace.matcher.pictures.pair_evidence import Evidence
from frametrace.matcher.result_schemas import BOX, EVIDENCE, Relation

__all__ = [
    "PAIRS",
    "cells_of",
    "evidence_of",
    "evidence_row",
    "inverted_evidence",
    "pairs_among",
    "pictures_in",
    "positions_in",
]

_BOX = tuple(field.name for field in BOX)

_SIDES = ("width", "height")  # of the pictures shrunk for their features

# One row per verified pair of pictures, ordered by digests; A is the picture with the smaller
# digest. `similarity` is the number of inliers divided by the number of features of the picture
# that has fewer. The other columns are as in `pictures.pair_evidence`.
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


def pictures_in(pairs: pa.Table) -> pa.StringArray:
    """The digests of the pictures that occur in pairs, each once."""
    sides = [pairs[name].combine_chunks() for name in ("sha256_a", "sha256_b")]
    return pc.unique(pa.concat_arrays(sides))


def pairs_among(pairs: pa.Table, names: pa.StringArray) -> pa.Table:
    """The rows of pairs whose pictures, `sha256_a` and `sha256_b`, are both among some names."""
    sides = (pc.is_in(pairs[name], value_set=names) for name in ("sha256_a", "sha256_b"))
    return pairs.filter(pc.and_(*sides))


def positions_in(pairs: pa.Table, names: pa.StringArray) -> tuple[np.ndarray, np.ndarray]:
    """The positions of both pictures of each pair among `names`, (m,) int64 each."""
    a, b = (
        pc.index_in(pairs[name], value_set=names).to_numpy().astype(np.int64)
        for name in ("sha256_a", "sha256_b")
    )
    return a, b


def cells_of(column: pa.ChunkedArray) -> np.ndarray:
    """The cells, (k, 256) bool, in a column of k values of 32 bytes."""
    values = column.combine_chunks()
    raw = np.frombuffer(values.buffers()[1], np.uint8)[values.offset * 32 :][: len(values) * 32]
    return np.unpackbits(raw.reshape(-1, 32), axis=1) > 0


def evidence_row(evidence: Evidence) -> dict[str, Any]:
    """Evidence as a row with the columns `EVIDENCE`."""
    row = {name: getattr(evidence, name) for name in EVIDENCE.names}
    return {**row, "altered": [dict(zip(_BOX, box, strict=True)) for box in evidence.altered]}


def inverted_evidence(
    row: Mapping[str, Any], size_a: tuple[int, int], size_b: tuple[int, int]
) -> dict[str, Any]:
    """The columns `EVIDENCE` of a row from B to A; without a transform only the parts swap sides.

    Videos whose frames agree by hashes alone have no transform.
    """
    if row["scale"] is not None:
        return evidence_row(evidence_of(row).inverted(size_a, size_b))
    columns = {name: row[name] for name in EVIDENCE.names}
    return {**columns, "part_a": row["part_b"], "part_b": row["part_a"]}


def evidence_of(row: Mapping[str, Any]) -> Evidence:
    """The evidence in a row with the columns `relation` and `EVIDENCE`."""
    fields = {name: row[name] for name in EVIDENCE.names if name not in ("altered", "altered_part")}
    boxes = tuple(tuple(box[name] for name in _BOX) for box in row["altered"] or ())
    return Evidence(
        Relation(row["relation"]),
        **fields,
        altered=boxes,
        altered_part=row["altered_part"] or 0.0,
    )
