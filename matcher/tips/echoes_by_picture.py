"""Finds echoes of known pictures by local features, and drops hash matches that they contradict.

Charts of one style have similar hashes without being copies. `match` settles that by the pixels of
both pictures; a tip has no pictures, so its local features decide.
"""

from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from frametrace.case.store import Case
from frametrace.case.views import query_over
from frametrace.embed.signals.local import Features, Local
from frametrace.matcher.pictures.compare_pairs import FEW_PAIRS, comparable_pictures
from frametrace.matcher.pictures.compare_worker import load_values, value_files
from frametrace.matcher.pictures.verify_without_pixels import features_contradict
from frametrace.matcher.tips.known_material import NEAREST_ITEMS, concat_matches
from frametrace.work.executor import Executor
from frametrace.work.process_pool import executor_for
from frametrace.work.progress import Progress, Silent

__all__ = ["contradicted_by_features", "echoes_by_picture"]

_BLOCK = 8_192  # pairs whose features are in memory at a time: 65 MB

_BEST_ITEM = """
SELECT sha256, item, $signal AS signal, NULL AS distance, similarity,
    count(*) OVER (PARTITION BY sha256) AS near, relation, mirrored
FROM copies
QUALIFY row_number() OVER (PARTITION BY sha256 ORDER BY relation, inliers DESC, item) = 1
ORDER BY sha256
"""


def echoes_by_picture(
    case: Case,
    material: pa.Table,
    by_hash: pa.Table,
    copies: pa.Table,
    executor: Executor | None = None,
    progress: Progress | None = None,
) -> pa.Table:
    """The matches by hash that local features don't contradict, and the edited copies.

    In the schema NEAREST_ITEMS, like `by_hash`. `copies` are in the schema `EDITED_COPIES`.
    """
    features = material["local"].cast(pa.large_binary()).take(by_hash["item"]).combine_chunks()
    pictures = by_hash["sha256"].combine_chunks()
    contradicted = contradicted_by_features(case, pictures, features, executor, progress)
    confirmed = by_hash.filter(pa.array(~contradicted))
    return concat_matches([confirmed, _best_items(copies, confirmed["sha256"].combine_chunks())])


def _best_items(copies: pa.Table, matched: pa.Array) -> pa.Table:
    """For each picture that no hash has matched, the item with the most inliers."""
    copies = copies.filter(pc.invert(pc.is_in(copies["sha256"], value_set=matched)))
    with query_over(copies=copies) as connection:
        rows = connection.sql(_BEST_ITEM, params={"signal": Local.name}).to_arrow_table()
    return rows.select(NEAREST_ITEMS.names).cast(NEAREST_ITEMS)


def contradicted_by_features(
    case: Case,
    pictures: pa.Array,
    features: pa.Array,
    executor: Executor | None = None,
    progress: Progress | None = None,
) -> np.ndarray:
    """Which of n pictures of the case show something other than n known pictures, (n,) bool.

    `features` (n,) are the local features of the known pictures; a null contradicts nothing.
    """
    comparable, _ = comparable_pictures(case)
    can_compare = pc.and_(features.is_valid(), pc.is_in(pictures, value_set=comparable))
    rows = np.flatnonzero(can_compare.to_numpy(zero_copy_only=False))
    contradicted = np.zeros(len(pictures), bool)
    if not len(rows):
        return contradicted
    compared = pictures.take(pa.array(rows)).unique()
    with (
        TemporaryDirectory(prefix="frametrace-tip-") as folder,
        value_files(case, compared, Path(folder)) as values,
        executor_for(executor, len(rows), few=FEW_PAIRS) as workers,
        (progress or Silent()).track("checking copies found by hashes", len(rows)) as advance,
    ):
        number = pc.index_in(pictures, value_set=compared)
        for start in range(0, len(rows), _BLOCK):
            block = rows[start : start + _BLOCK].tolist()
            pairs = [_HashMatch(features[row].as_py(), number[row].as_py()) for row in block]
            results = workers.map(_Contradiction(values), pairs)
            for row, result in zip(block, results, strict=True):
                advance(1)
                contradicted[row] = result is True  # a crash contradicts nothing
    return contradicted


class _HashMatch(NamedTuple):
    """The local features of a known picture, and the number of a picture of the case."""

    features: bytes
    picture: int


@dataclass(frozen=True, slots=True)
class _Contradiction:
    """The comparison of one pair, run in worker processes."""

    values: Path

    def __call__(self, pair: _HashMatch) -> bool:
        """Whether the case's picture is a graphic that shows something else."""
        return features_contradict(
            Features.of(pair.features), load_values(self.values, pair.picture)
        )
