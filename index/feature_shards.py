"""The local features of a case's pictures, read from its shards: one picture, or many in turn."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from frametrace.embed.signals.local import Features
from frametrace.index.codes import as_digests
from frametrace.posts.errors import CaseError

__all__ = ["FeatureShards"]

_BATCH = 512  # pictures at a time, some 3 MB


class FeatureShards:
    """The committed shards of the signal `local`, which never change.

    Every method raises `CaseError` where one is missing or damaged.
    """

    def __init__(self, files: Sequence[Path]) -> None:
        self._files = list(files)

    def __len__(self) -> int:
        return len(self._files)

    def digests(self, shard: int) -> np.ndarray:
        """The digests of a shard's pictures in the order of their rows, (n, 32) uint8."""
        with self._reading(shard) as (file, _):
            return as_digests(file.read(columns=["sha256"])["sha256"])

    def one(self, shard: int, row: int) -> Features:
        """The features of one picture."""
        with self._reading(shard) as (file, starts):
            group = int(np.searchsorted(starts, row, "right")) - 1
            codes = file.read_row_group(group, columns=["code"])["code"]
            return Features.of(codes[row - int(starts[group])].as_py())

    def some(self, shard: int, wanted: np.ndarray) -> Iterator[tuple[np.ndarray, list[Features]]]:
        """The features of the pictures in the `wanted` rows, (n,) bool: rows, and theirs."""
        begin = 0
        with self._reading(shard) as (file, _):
            for batch in file.iter_batches(_BATCH, columns=["code"]) if wanted.any() else ():
                rows = begin + np.flatnonzero(wanted[begin : begin + batch.num_rows])
                codes = batch.column(0).take(pa.array(rows - begin))
                begin += batch.num_rows
                if len(rows):
                    yield rows, [Features.of(code) for code in codes.to_pylist()]

    @contextmanager
    def _reading(self, shard: int) -> Iterator[tuple[pq.ParquetFile, np.ndarray]]:
        path = self._files[shard]
        try:
            yield _opened(path)
        except (OSError, ValueError, TypeError, pa.ArrowException) as error:
            raise CaseError(
                f"{path} can't be read ({error}): restore it from a copy of the case, or add its "
                "sources again in a new case"
            ) from None


@lru_cache(maxsize=256)
def _opened(path: Path) -> tuple[pq.ParquetFile, np.ndarray]:
    """A shard and where its row groups begin."""
    file = pq.ParquetFile(path, page_checksum_verification=True)
    groups = range(file.num_row_groups)
    rows = [file.metadata.row_group(group).num_rows for group in groups]
    return file, np.cumsum([0, *rows])
