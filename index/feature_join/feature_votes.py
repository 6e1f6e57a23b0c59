"""Votes: one feature of a picture and one of another are near each other, as one number each.

From the highest bit down: 4 unused, 14 picture a within its range, 22 picture b, 1 mirrored, 9 slot
of a, 9 slot of b, 5 how common the features are. Sorted, the votes of a pair of pictures lie
together, those of one feature of a beside each other.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from os import SEEK_END
from pathlib import Path

import numpy as np

from frametrace.case.files import replacing
from frametrace.index.feature_join.feature_records import PICTURE_SHIFT, Records
from frametrace.index.feature_join.lsh_tables import RecordPairs

__all__ = [
    "COMMONNESS_BITS",
    "PAIR_SHIFT",
    "RANGE_BITS",
    "commonness",
    "make_votes",
    "range_number",
    "read_votes",
    "vote_weights",
    "write_votes",
]

RANGE_BITS = 14  # pictures a whose votes are sorted together: 2**14
COMMONNESS_BITS = 5  # bits that tell how common the features are
PAIR_SHIFT = 18 + COMMONNESS_BITS  # of a vote, below the pair of pictures and mirrored
_STEPS = 2  # of commonness for each doubling of a count
_MAX_COUNT = 1 << 16
_END = np.dtype("<i8")


def commonness(counts: np.ndarray) -> np.ndarray:
    """(n,) counts of 1 or more in half doublings, (n,) uint8: 2 is a count of 2, 31 of 46,000."""
    steps: np.ndarray = _steps()[np.minimum(counts, _MAX_COUNT - 1)]
    return steps


@lru_cache(maxsize=1)
def _steps() -> np.ndarray:
    counts = np.maximum(np.arange(_MAX_COUNT), 1)
    steps: np.ndarray = np.floor(_STEPS * np.log2(counts) + 1e-9).astype(np.uint8)
    return steps


def vote_weights(pictures: int) -> np.ndarray:
    """What a vote of each commonness weighs among so many pictures, (32,) int64 in 16ths of a bit.

    A feature that has c others near it tells one of N pictures by log2(1 + N / c) bits.
    """
    counts = np.exp2(np.arange(1 << COMMONNESS_BITS) / _STEPS)
    rounded: np.ndarray = np.rint(16 * np.log2(1 + pictures / counts)).astype(np.int64)
    return rounded


def make_votes(
    records: Records, pairs: RecordPairs, counts: np.ndarray, *, compiled: bool
) -> tuple[np.ndarray, np.ndarray]:
    """The votes of pairs of records, (n,) uint64, and the ranges of their pictures a, (n,) uint8.

    `counts` is (records,) uint32: how many pairs each has.
    """
    if compiled:
        from frametrace.index.feature_join.vote_kernels import pack_votes

        made = np.empty(len(pairs), np.uint64), np.empty(len(pairs), np.uint8)
        columns = pairs.first, pairs.second, pairs.crowd
        pack_votes(records.owners, *columns, counts, _steps(), *made)
        return made
    count = np.maximum(counts[pairs.first], counts[pairs.second])
    common = commonness(np.maximum(count, pairs.crowd)).astype(np.uint64)
    a, b = records.owners[pairs.first], records.owners[pairs.second]
    a, b = np.minimum(a, b), np.maximum(a, b)  # the picture is in the highest bits
    mirrored = ((a ^ b) & np.uint32(1)).astype(np.uint64)
    ranges = (a >> np.uint32(PICTURE_SHIFT + RANGE_BITS)).astype(np.uint8)
    a, b = a.astype(np.uint64), b.astype(np.uint64)
    slot, picture = np.uint64(511), np.uint64(PICTURE_SHIFT)
    votes = (a >> picture) & np.uint64((1 << RANGE_BITS) - 1)
    votes = votes << np.uint64(22) | b >> picture
    votes = votes << np.uint64(1) | mirrored
    votes = votes << np.uint64(9) | (a >> np.uint64(1) & slot)
    votes = votes << np.uint64(9) | (b >> np.uint64(1) & slot)
    votes = votes << np.uint64(COMMONNESS_BITS) | common
    return votes, ranges


def range_number(picture: int) -> int:
    """The range that a picture a lies in."""
    return picture >> RANGE_BITS


@dataclass(frozen=True, slots=True)
class _Block:
    """Votes ordered by their ranges; (257,) ends."""

    votes: np.ndarray
    ends: np.ndarray


def _block(votes: np.ndarray, ranges: np.ndarray) -> _Block:
    order = np.argsort(ranges, kind="stable")
    sizes = np.bincount(ranges, minlength=256)
    return _Block(votes[order], np.cumsum([0, *sizes]))


def write_votes(path: Path, blocks: Iterator[tuple[np.ndarray, np.ndarray]]) -> int:
    """Write blocks of votes and their ranges to a file; returns how many votes there are.

    At its end lie the bounds of the ranges in each block, (blocks, 257) int64, and the number of
    blocks.
    """
    bounds, begin = [], 0
    with replacing(path) as file:
        for block in (_block(*each) for each in blocks):
            file.write(block.votes.data)
            bounds.append(begin + block.ends)
            begin += len(block.votes)
        file.write(np.array(bounds, _END).tobytes())
        file.write(np.array([len(bounds)], _END).tobytes())
    return begin


def read_votes(paths: Sequence[Path], at: int) -> np.ndarray:
    """The votes of one range from files of `write_votes`, (n,) uint64, as they lie there."""
    slices = [(path, *bounds) for path in paths for bounds in _slices(path, at)]
    votes = np.empty(sum(end - begin for _, begin, end in slices), np.uint64)
    done = 0
    for path, begin, end in slices:
        with path.open("rb") as file:
            file.seek(begin * votes.itemsize)
            file.readinto(votes[done : done + end - begin].view(np.uint8).data)
        done += end - begin
    return votes


def _slices(path: Path, at: int) -> list[tuple[int, int]]:
    with path.open("rb") as file:
        file.seek(-_END.itemsize, SEEK_END)
        count = int(np.fromfile(file, _END, 1)[0])
        file.seek(-_END.itemsize * (1 + 257 * count), SEEK_END)
        bounds = np.fromfile(file, _END, 257 * count).reshape(count, 257)
    return [(begin, end) for begin, end in bounds[:, at : at + 2].tolist() if begin < end]
