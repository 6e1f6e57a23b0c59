"""Holds the pairs of pictures to compare, each once."""

from dataclasses import dataclass
from typing import NamedTuple, Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from frametrace.case.views import query_over
from frametrace.matcher.pictures.verified_pair_table import (
    pairs_among,
    pictures_in,
    positions_in,
)

__all__ = ["NumberedPair", "PairsToCompare"]

_SCHEMA = pa.schema(
    [
        ("sha256_a", pa.string()),
        ("sha256_b", pa.string()),
        ("mirrored", pa.bool_()),
        ("hash_copies", pa.bool_()),
    ]
)
_NOT_COMPARED = """
SELECT sha256_a, sha256_b,
    CASE WHEN bool_and(mirrored) THEN true WHEN NOT bool_or(mirrored) THEN false END AS mirrored,
    bool_or(hash_copies) AS hash_copies
FROM pairs ANTI JOIN compared USING (sha256_a, sha256_b)
GROUP BY sha256_a, sha256_b ORDER BY sha256_a, sha256_b
"""


class NumberedPair(NamedTuple):
    """Two pictures by their numbers among some pictures; `a` < `b`.

    `mirrored` is the orientation of A to try, None for both. `hash_copies` is true for copies by a
    hash of the whole picture: the comparison checks whether they differ nevertheless.
    """

    a: int
    b: int
    mirrored: bool | None
    hash_copies: bool = False


@dataclass(frozen=True, slots=True)
class PairsToCompare:
    """Pairs of pictures by digest, `sha256_a` < `sha256_b`, with the fields of `NumberedPair`."""

    rows: pa.Table

    @classmethod
    def of(
        cls,
        a: pa.StringArray,
        b: pa.StringArray,
        mirrored: np.ndarray | None = None,
        *,
        hash_copies: bool = False,
    ) -> Self:
        """Pairs in any order; both orientations are tried unless `mirrored` says which one."""
        swapped = pc.greater(a, b)
        orientation = pa.nulls(len(a), pa.bool_()) if mirrored is None else pa.array(mirrored)
        columns = [
            pc.if_else(swapped, b, a),
            pc.if_else(swapped, a, b),
            orientation,
            pa.repeat(hash_copies, len(a)),
        ]
        return cls(pa.Table.from_arrays(columns, schema=_SCHEMA))

    def __len__(self) -> int:
        return len(self.rows)

    def among(self, pictures: pa.StringArray) -> Self:
        """The pairs whose two pictures are both among these."""
        return type(self)(pairs_among(self.rows, pictures))

    def without(self, compared: pa.Table) -> Self:
        """The pairs that have not been compared yet, each once."""
        with query_over(pairs=self.rows, compared=compared) as connection:
            return type(self)(connection.sql(_NOT_COMPARED).to_arrow_table().cast(_SCHEMA))

    def numbered(self) -> tuple[pa.StringArray, list[NumberedPair]]:
        """The pictures that occur, ascending, and the pairs by numbers among them."""
        pictures = pictures_in(self.rows).sort()
        columns = [
            *(side.tolist() for side in positions_in(self.rows, pictures)),
            *(self.rows[name].to_pylist() for name in ("mirrored", "hash_copies")),
        ]
        return pictures, [NumberedPair(*row) for row in zip(*columns, strict=True)]
