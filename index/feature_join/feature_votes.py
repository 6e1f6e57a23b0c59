"""Makes the votes of features for pairs of pictures, and stores them in files by range.

A vote says that a feature of picture a and one of picture b are near each other. It is one number,
from the highest bit down: 4 unused, 14 picture a within its range, 22 picture b, 1 mirrored, 9 slot
of a, 9 slot of b, 5 how common the features are. In sorted order, the votes of a pair of pictures
are contiguous, and within them those of each feature of a.

The pairs of a part wait in a `PairSpool` until all are found: only then is it known how common each
feature is.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from os import SEEK_END
from pathlib import Path
from tempfile import TemporaryFile
from types import TracebackType
from typing import Self

import numpy as np

from frametrace.case.atomic_files import replacing
from frametrace.index.feature_join.lsh_keys import PICTURE_BITS, PICTURE_SHIFT, SLOT_BITS, Records
from frametrace.index.feature_join.lsh_tables import RecordPairs

__all__ = [
    "COMMONNESS_BITS",
    "PAIR_SHIFT",
    "RANGE_BITS",
    "PairSpool",
    "commonness",
    "make_votes",
    "range_number",
    "read_votes",
    "vote_weights",
    "write_votes",
]

RANGE_BITS = 14  # the votes of 2**14 pictures a are sorted together
COMMONNESS_BITS = 5
PAIR_SHIFT = 2 * SLOT_BITS + COMMONNESS_BITS  # bits below the pair of pictures and mirrored
_STEPS_PER_DOUBLING = 2  # of a count, in steps of commonness
_MAX_COUNT = 1 << 16
_SPOOL_PAIRS = 1 << 24  # pairs held in memory: 170 MB
_FOOTER_DTYPE = np.dtype("<i8")


class PairSpool:
    """Buffers batches of pairs and yields them in the same order; many are kept in a hidden file.

    Use it as a context manager; the file is deleted on leaving.
    """

    def __init__(self, folder: Path) -> None:
        self._file = TemporaryFile(dir=folder)  # noqa: SIM115  closed on leaving
        self._in_memory: list[RecordPairs] = []
        self._sizes_in_file: list[int] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()

    def add(self, pairs: RecordPairs) -> None:
        """Add a batch of pairs."""
        self._in_memory.append(pairs)
        if sum(map(len, self._in_memory)) > _SPOOL_PAIRS:
            for batch in self._in_memory:
                self._sizes_in_file.append(len(batch))
                for column in (batch.first, batch.second, batch.bucket_size):
                    self._file.write(column.data)
            self._in_memory = []

    def __iter__(self) -> Iterator[RecordPairs]:
        self._file.seek(0)
        for size in self._sizes_in_file:
            columns = (self._read(kind, size) for kind in (np.uint32, np.uint32, np.uint16))
            yield RecordPairs(*columns)
        while self._in_memory:
            yield self._in_memory.pop(0)

    def _read(self, kind: type[np.generic], size: int) -> np.ndarray:
        column = np.empty(size, kind)
        self._file.readinto(column.view(np.uint8).data)
        return column


def commonness(counts: np.ndarray) -> np.ndarray:
    """(n,) counts of 1 or more in half doublings, (n,) uint8: 2 is a count of 2, 31 of 46,000."""
    steps: np.ndarray = _commonness_table()[np.minimum(counts, _MAX_COUNT - 1)]
    return steps


@lru_cache(maxsize=1)
def _commonness_table() -> np.ndarray:
    """(65536,) uint8: the commonness of each count."""
    counts = np.maximum(np.arange(_MAX_COUNT), 1)
    steps: np.ndarray = np.floor(_STEPS_PER_DOUBLING * np.log2(counts) + 1e-9).astype(np.uint8)
    return steps


def vote_weights(pictures: int) -> np.ndarray:
    """The weight of a vote of each commonness among n pictures, (32,) int64 in 16ths of a bit.

    A feature that is near c others identifies one of N pictures with log2(1 + N / c) bits.
    """
    counts = np.exp2(np.arange(1 << COMMONNESS_BITS) / _STEPS_PER_DOUBLING)
    rounded: np.ndarray = np.rint(16 * np.log2(1 + pictures / counts)).astype(np.int64)
    return rounded


def make_votes(
    records: Records, pairs: RecordPairs, counts: np.ndarray, *, compiled: bool
) -> tuple[np.ndarray, np.ndarray]:
    """The votes of pairs of records, (n,) uint64, and the ranges of their pictures a, (n,) uint8.

    `counts` is (records,) uint32: how many pairs each record has.
    """
    if compiled:
        from frametrace.index.feature_join.vote_kernels import pack_votes

        into = np.empty(len(pairs), np.uint64), np.empty(len(pairs), np.uint8)
        columns = pairs.first, pairs.second, pairs.bucket_size
        pack_votes(records.owners, *columns, counts, _commonness_table(), *into)
        return into
    count = np.maximum(counts[pairs.first], counts[pairs.second])
    common = commonness(np.maximum(count, pairs.bucket_size)).astype(np.uint64)
    a, b = records.owners[pairs.first], records.owners[pairs.second]
    a, b = np.minimum(a, b), np.maximum(a, b)  # the picture is in the highest bits
    mirrored = ((a ^ b) & np.uint32(1)).astype(np.uint64)
    ranges = (a >> np.uint32(PICTURE_SHIFT + RANGE_BITS)).astype(np.uint8)
    a, b = a.astype(np.uint64), b.astype(np.uint64)
    slot, picture = np.uint64((1 << SLOT_BITS) - 1), np.uint64(PICTURE_SHIFT)
    votes = (a >> picture) & np.uint64((1 << RANGE_BITS) - 1)
    votes = votes << np.uint64(PICTURE_BITS) | b >> picture
    votes = votes << np.uint64(1) | mirrored
    votes = votes << np.uint64(SLOT_BITS) | (a >> np.uint64(1) & slot)
    votes = votes << np.uint64(SLOT_BITS) | (b >> np.uint64(1) & slot)
    votes = votes << np.uint64(COMMONNESS_BITS) | common
    return votes, ranges


def range_number(picture: int) -> int:
    """The range of a picture a."""
    return picture >> RANGE_BITS


@dataclass(frozen=True, slots=True)
class _Block:
    """Votes in the order of their ranges; `bounds` (257,) are the bounds of the ranges."""

    votes: np.ndarray
    bounds: np.ndarray


def _order_by_range(votes: np.ndarray, ranges: np.ndarray) -> _Block:
    order = np.argsort(ranges, kind="stable")
    sizes = np.bincount(ranges, minlength=256)
    return _Block(votes[order], np.cumsum([0, *sizes]))


def write_votes(path: Path, blocks: Iterator[tuple[np.ndarray, np.ndarray]]) -> None:
    """Write blocks of votes and their ranges to a file.

    The file ends with the bounds of the ranges in each block, (blocks, 257) int64, and the number
    of blocks.
    """
    bounds, begin = [], 0
    with replacing(path) as file:
        for votes, ranges in blocks:
            block = _order_by_range(votes, ranges)
            file.write(block.votes.data)
            bounds.append(begin + block.bounds)
            begin += len(block.votes)
        file.write(np.array(bounds, _FOOTER_DTYPE).tobytes())
        file.write(np.array([len(bounds)], _FOOTER_DTYPE).tobytes())


def read_votes(paths: Sequence[Path], number: int) -> np.ndarray:
    """The votes of range `number` from files of `write_votes`, (n,) uint64, in file order."""
    slices = [(path, *bounds) for path in paths for bounds in _slices(path, number)]
    votes = np.empty(sum(end - begin for _, begin, end in slices), np.uint64)
    done = 0
    for path, begin, end in slices:
        with path.open("rb") as file:
            file.seek(begin * votes.itemsize)
            file.readinto(votes[done : done + end - begin].view(np.uint8).data)
        done += end - begin
    return votes


def _slices(path: Path, number: int) -> list[tuple[int, int]]:
    """The bounds of a range in each block of a file, from its footer; empty ones are left out."""
    with path.open("rb") as file:
        file.seek(-_FOOTER_DTYPE.itemsize, SEEK_END)
        blocks = int(np.fromfile(file, _FOOTER_DTYPE, 1)[0])
        file.seek(-_FOOTER_DTYPE.itemsize * (1 + 257 * blocks), SEEK_END)
        bounds = np.fromfile(file, _FOOTER_DTYPE, 257 * blocks).reshape(blocks, 257)
    return [(begin, end) for begin, end in bounds[:, number : number + 2].tolist() if begin < end]
