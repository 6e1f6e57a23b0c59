"""Pairs of pictures that may share pixels, as a table: which are kept, and how they lie on disk."""

from pathlib import Path

import numpy as np
import pyarrow as pa

from frametrace.case.files import replacing
from frametrace.index.feature_join.geometric_consistency import ScoredPairs

__all__ = [
    "MAX_PARTNERS",
    "PROPOSAL_SCHEMA",
    "best_proposals",
    "proposal_table",
    "read_proposals",
    "sort_proposals",
    "write_proposals",
]

PROPOSAL_SCHEMA = pa.schema(
    [
        ("a", pa.int32()),
        ("b", pa.int32()),
        ("mirrored", pa.bool_()),
        ("votes", pa.int16()),
        ("score", pa.float32()),
    ]
)
# A pair is proposed if it is among so many best of either picture. Watermarks and the like make
# some pairs beside true ones; of 3,000 copies of one picture 20 of each tie all together.
MAX_PARTNERS = 20


def proposal_table(pairs: ScoredPairs) -> pa.Table:
    """Scored pairs as rows of `PROPOSALS`."""
    columns = (pairs.a, pairs.b, pairs.mirrored, pairs.votes, pairs.score)
    return pa.table(
        [
            pa.array(column, type)
            for column, type in zip(columns, PROPOSAL_SCHEMA.types, strict=True)
        ],
        schema=PROPOSAL_SCHEMA,
    )


def best_proposals(proposed: pa.Table, earlier: pa.Table) -> pa.Table:
    """Those of the proposed pairs that are among the best of either picture, earlier ones too."""
    new = proposed.num_rows
    a, b, score = (
        np.concatenate([proposed[name].to_numpy(), earlier[name].to_numpy()])
        for name in ("a", "b", "score")
    )
    rows = np.arange(len(a))
    picture = np.concatenate([a, b])
    order = np.lexsort((np.tile(rows, 2), -np.tile(score, 2), picture))
    ordered = picture[order]
    starts = np.flatnonzero(np.append(True, ordered[1:] != ordered[:-1])[: len(ordered)])
    place = np.arange(len(order)) - np.repeat(starts, np.diff(np.append(starts, len(order))))
    kept = np.zeros(len(a), bool)
    kept[order[place < MAX_PARTNERS] % max(len(a), 1)] = True
    return proposed.filter(pa.array(kept[:new]))


def sort_proposals(rows: pa.Table) -> pa.Table:
    """Rows in ascending order of (a, b, mirrored)."""
    keys = [(name, "ascending") for name in ("a", "b", "mirrored")]
    return rows.sort_by(keys).combine_chunks()


def read_proposals(path: Path) -> pa.Table:
    """Read a file of `write_rows`. Raises `OSError` or `ArrowException` where it can't be."""
    with pa.OSFile(str(path)) as source:
        return pa.ipc.open_file(source).read_all()


def write_proposals(path: Path, rows: pa.Table) -> None:
    """Write rows to a file that is there only once it is whole. Raises `CaseError`."""
    with replacing(path) as file, pa.ipc.new_file(file, PROPOSAL_SCHEMA) as writer:
        writer.write_table(rows)
