"""Reads values of variable length (local features, thumbnails) from a case's shards."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Self

import numpy as np
import pyarrow as pa

from frametrace.case.schemas import signal_table
from frametrace.case.store import Case
from frametrace.embed.signals.local import Features
from frametrace.index.distinct_codes import as_digests, as_keys
from frametrace.posts.errors import CaseError

if TYPE_CHECKING:
    import pyarrow.parquet as pq

__all__ = ["CodeShards", "FeatureShards", "NumberedPictures"]

_BATCH = 512  # pictures that are read at a time, some 3 MB


class CodeShards:
    """The committed shards of a signal whose `code` is bytes. They never change.

    Every method raises `CaseError` if one is missing or damaged.
    """

    def __init__(
        self, files: Sequence[Path], verify: Callable[[Path], object] = lambda file: None
    ) -> None:
        """`verify` is called before a file is read, and raises `CaseError` if it is damaged."""
        self._files, self._verify = list(files), verify

    @classmethod
    def of_case(cls, case: Case, signal: str) -> Self:
        """The shards of a signal, each verified when it is first read."""
        table = signal_table(signal)
        return cls(case.files(table), partial(case.verify, table))

    def __len__(self) -> int:
        return len(self._files)

    def digests(self, shard: int) -> np.ndarray:
        """The digests of a shard's pictures in the order of the rows, (n, 32) uint8."""
        with self._reading(shard) as (file, _):
            return as_digests(file.read(columns=["sha256"])["sha256"])

    def code(self, shard: int, row: int) -> bytes:
        """The value of one picture."""
        with self._reading(shard) as (file, starts):
            group = int(np.searchsorted(starts, row, "right")) - 1
            codes = file.read_row_group(group, columns=["code"])["code"]
            code: bytes = codes[row - int(starts[group])].as_py()
            return code

    def codes(self, shard: int, wanted: np.ndarray) -> Iterator[tuple[np.ndarray, list[bytes]]]:
        """The rows and values where `wanted`, (n,) bool, is true, in batches.

        Row groups without such a row are not read.
        """
        with self._reading(shard) as (file, starts):
            groups = np.unique(np.searchsorted(starts, np.flatnonzero(wanted), "right") - 1)
            row = np.concatenate(
                [np.empty(0, np.int64), *(np.arange(starts[at], starts[at + 1]) for at in groups)]
            )
            begin = 0
            batches = file.iter_batches(_BATCH, row_groups=groups.tolist(), columns=["code"])
            for batch in batches if len(groups) else ():
                rows = row[begin : begin + batch.num_rows]
                begin += batch.num_rows
                kept = np.flatnonzero(wanted[rows])
                if len(kept):
                    yield rows[kept], batch.column(0).take(pa.array(kept)).to_pylist()

    @contextmanager
    def _reading(self, shard: int) -> Iterator[tuple["pq.ParquetFile", np.ndarray]]:
        path = self._files[shard]
        self._verify(path)
        try:
            yield _open(path)
        except (OSError, ValueError, TypeError, pa.ArrowException) as error:
            raise CaseError(
                f"{path} can't be read ({error}): restore it from a copy of the case, or add its "
                "sources again in a new case"
            ) from None


class FeatureShards(CodeShards):
    """The shards of the signal `local`, whose values are unpacked to features."""

    def features_at(self, shard: int, row: int) -> Features:
        """The features of one picture."""
        with self._reading(shard):
            return Features.of(self.code(shard, row))

    def feature_batches(
        self, shard: int, wanted: np.ndarray
    ) -> Iterator[tuple[np.ndarray, list[Features]]]:
        """The rows and features where `wanted`, (n,) bool, is true, in batches."""
        with self._reading(shard):
            for rows, codes in self.codes(shard, wanted):
                yield rows, [Features.of(code) for code in codes]


@dataclass(frozen=True, slots=True)
class NumberedPictures:
    """The n pictures of all shards, numbered in the order of their digests.

    `items` is (n, 32) uint8, the digests; `rows` (n, 2) uint32, the shard of each and the row in
    it; `numbers` has, for each shard, the numbers of its pictures, int64.
    """

    items: np.ndarray
    rows: np.ndarray
    numbers: list[np.ndarray]

    @classmethod
    def of(cls, shards: CodeShards) -> Self:
        """Read the digests."""
        digests = [shards.digests(shard) for shard in range(len(shards))]
        items = np.concatenate([np.empty((0, 32), np.uint8), *digests])
        shard = np.repeat(np.arange(len(digests)), [len(part) for part in digests])
        row = np.concatenate([np.empty(0, np.int64), *(np.arange(len(part)) for part in digests)])
        order = np.argsort(as_keys(items), kind="stable")
        number = np.empty(len(order), np.int64)
        number[order] = np.arange(len(order))
        numbers = [number[shard == at] for at in range(len(digests))]
        rows = np.stack([shard, row], axis=1).astype(np.uint32)
        return cls(items[order], rows[order], numbers)


@lru_cache(maxsize=256)
def _open(path: Path) -> tuple["pq.ParquetFile", np.ndarray]:
    """An open shard and the first rows of its row groups."""
    import pyarrow.parquet as pq

    # Buffers that are read ahead would be kept as long as the file is open: 70 MB a shard.
    file = pq.ParquetFile(path, page_checksum_verification=True, pre_buffer=False)
    groups = range(file.num_row_groups)
    rows = [file.metadata.row_group(group).num_rows for group in groups]
    return file, np.cumsum([0, *rows])
