"""Copies by a hash that local features contradict: charts of one style have hashes that are near.

`match` looks at the pixels of both pictures; here the tip's features stand for the sender's.
"""

from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from frametrace.case.store import Case
from frametrace.embed.signals.local import Features
from frametrace.matcher.pictures.compare_pairs import shown_of, values_of
from frametrace.matcher.pictures.edited_copies import FEW_PAIRS, able_pictures
from frametrace.matcher.pictures.feature_check import contradicts
from frametrace.work.executor import Executor
from frametrace.work.process_pool import executor_for
from frametrace.work.progress import Progress, Silent

__all__ = ["contradicted"]

_BLOCK = 8_192  # pairs whose features are held at a time: 65 MB


def contradicted(
    case: Case,
    pictures: pa.Array,
    features: pa.Array,
    executor: Executor | None = None,
    progress: Progress | None = None,
) -> np.ndarray:
    """Which of n pictures show something else than n known ones, (n,) bool.

    `features` (n,) are local features of the known ones, or null: then nothing contradicts.
    """
    able, _ = able_pictures(case)
    asked = pc.and_(features.is_valid(), pc.is_in(pictures, value_set=able))
    rows = np.flatnonzero(asked.to_numpy(zero_copy_only=False))
    wrong = np.zeros(len(pictures), bool)
    if not len(rows):
        return wrong
    asked_of = pictures.take(pa.array(rows)).unique()
    with (
        TemporaryDirectory(prefix="frametrace-tip-") as folder,
        values_of(case, asked_of, Path(folder)) as values,
        executor_for(executor, len(rows), few=FEW_PAIRS) as used,
        (progress or Silent()).track("checking copies found by hashes", len(rows)) as advance,
    ):
        number = pc.index_in(pictures, value_set=asked_of)
        for start in range(0, len(rows), _BLOCK):
            block = rows[start : start + _BLOCK].tolist()
            pairs = [_Pair(features[row].as_py(), number[row].as_py()) for row in block]
            for row, found in zip(block, used.map(_Contradiction(values), pairs), strict=True):
                advance(1)
                wrong[row] = found is True  # a process that ended over a pair says nothing
    return wrong


class _Pair(NamedTuple):
    """Features of a known picture, and the number of one of the case."""

    code: bytes
    picture: int


@dataclass(frozen=True, slots=True)
class _Contradiction:
    """The comparison, for a worker process."""

    values: Path

    def __call__(self, pair: _Pair) -> bool:
        """Whether the picture is a graphic and shows something else."""
        return contradicts(Features.of(pair.code), shown_of(self.values, pair.picture))
