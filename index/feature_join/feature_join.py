"""All pairs of pictures that may share pixels, by a join of their local features, kept on disk.

    pictures -> records by part -> votes of each part -> pairs of each range -> proposals

Parts and ranges are the units of work: each reads files, writes one of its own, and is found done
by the next run if this one is killed. When pictures were added, only pairs are looked for that have
one of them.
"""

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa

from frametrace.index.codes import as_digits
from frametrace.index.feature_join.add_pictures import add_pictures, new_pictures
from frametrace.index.feature_join.feature_records import PARTS, RECORD, SLOTS, Records, pictures_of
from frametrace.index.feature_join.feature_votes import (
    RANGE_BITS,
    range_of,
    read_votes,
    votes_of,
    weights,
    write_votes,
)
from frametrace.index.feature_join.geometric_tally import scored
from frametrace.index.feature_join.hash_tables import Nearness, pairs_by_table
from frametrace.index.feature_join.join_state import PENDING, JoinFolder, check_join, part_name
from frametrace.index.feature_join.pending_pairs import WaitingPairs
from frametrace.index.feature_join.positions import Places
from frametrace.index.feature_join.proposals import (
    PARTNERS,
    PROPOSALS,
    as_table,
    best_of,
    in_order,
    read_rows,
    write_rows,
)
from frametrace.index.feature_shards import FeatureShards
from frametrace.index.hamming.hamming_join import has_numba
from frametrace.posts.errors import IndexMismatch
from frametrace.work.progress import Progress, Silent
from frametrace.work.thread_pool import ThreadPool

__all__ = ["PARTNERS", "PROPOSALS", "Proposals", "check_join", "propose_pairs"]

_MANY = 1_000_000  # records above which loops are compiled, if numba is there
_FEWEST = 1 << 16  # pictures that weights suppose at least, see `_supposed`
_READ = 1 << 20  # records read at a time
_UNIT = 1 << 20  # records that make a unit: smaller parts are compared together


@dataclass(frozen=True, slots=True)
class Proposals:
    """Pairs of pictures that may share pixels.

    `names` are the SHA-256 digests of all joined pictures in hexadecimal digits, by number; a
    picture keeps its number. `rows` is a table of the schema `PROPOSALS`: a < b are numbers,
    `mirrored` tells that one would be the mirror image of the other, `votes` how many features
    agree, `score` how telling they are (bits); in ascending order of (a, b, mirrored).
    """

    names: pa.StringArray
    rows: pa.Table


def propose_pairs(
    folder: Path,
    shards: FeatureShards,
    pictures: pa.StringArray,
    progress: Progress | None = None,
    threads: int = 0,
) -> Proposals:
    """Join those `pictures` (digests) that were not yet, and return all pairs proposed so far.

    New pictures are compared with each other and with every earlier one. A killed run goes on
    where it was and gives the same. `threads` is that of processors by default. Pictures of which
    the shards have no features are left out. The caller holds a lock on `folder`. Raises
    `CaseError` where a shard can't be read or the folder written, `IndexMismatch` where the folder
    is damaged, `UsageError` above `MAX_PICTURES`.
    """
    progress = progress or Silent()
    held = JoinFolder.open(folder)
    if held.state.whole:
        _join_pending(held, progress, threads)
    wanted = new_pictures(held, shards, pictures)
    count = held.state.pictures + sum(int(chosen.sum()) for _, chosen in wanted)
    add_pictures(held, shards, wanted, progress, compiled=_worth_compiling(count * SLOTS))
    _join_pending(held, progress, threads)
    names = as_digits(held.pictures()["digest"])
    return Proposals(names, in_order(_kept(held)))


def _worth_compiling(records: int) -> bool:
    return records > _MANY and has_numba()


def _supposed(pictures: int) -> int:
    """Of how many pictures features tell one apart: among few, all would else be common."""
    return max(pictures, _FEWEST)


def _join_pending(folder: JoinFolder, progress: Progress, threads: int) -> None:
    """Join the pictures that were added since the last time, and keep what is proposed."""
    state = folder.state
    if state.joined == state.pictures:
        shutil.rmtree(folder.path / PENDING, ignore_errors=True)
        return
    batch = _Batch(
        folder.path,
        state.joined,
        state.pictures,
        _worth_compiling(sum(folder.records(part) for part in range(PARTS))),
    )
    batch.pending.mkdir(parents=True, exist_ok=True)
    units = _units([folder.records(part) for part in range(PARTS)])
    places = Places.of(folder.pictures(), folder.places())
    ranges = range(range_of(state.pictures - 1) + 1)
    with (
        progress.track("comparing pictures", len(units) + len(ranges)) as advance,
        # Every unit may start at once: a long one must not keep the others waiting.
        ThreadPool(threads, in_progress=len(units) + len(ranges)) as executor,
    ):
        for _ in executor.map(partial(_vote, batch), units):
            advance(1)
        files = [batch.votes_file(unit) for unit in units]
        for _ in executor.map(partial(_tally, batch, files, places), ranges):
            advance(1)
    proposed = pa.concat_tables([read_rows(batch.pairs_file(at)) for at in ranges])
    name = f"proposals-{state.pictures:08}.arrow"
    write_rows(folder.path / name, best_of(proposed, _kept(folder)))
    folder.add_file(name)
    folder.commit(batches=(*state.batches, state.pictures))
    shutil.rmtree(folder.path / PENDING, ignore_errors=True)


_Unit = dict[int, int]  # parts that are compared together, and how many records each has


def _units(sizes: Sequence[int]) -> list[_Unit]:
    """Large parts alone, small ones together, the largest first: the last ones to end are small."""
    units: list[_Unit] = []
    filled = _UNIT
    for part in sorted(range(len(sizes)), key=lambda part: -sizes[part]):
        if filled >= _UNIT:
            units.append({})
            filled = 0
        units[-1][part] = sizes[part]
        filled += sizes[part]
    return units


@dataclass(frozen=True, slots=True)
class _Batch:
    """An addition: the pictures from `first_new` to `pictures` are joined with all before."""

    folder: Path
    first_new: int
    pictures: int
    compiled: bool

    @property
    def pending(self) -> Path:
        """Where votes and pairs lie until they are proposals."""
        return self.folder / PENDING / f"{self.first_new}-{self.pictures}"

    def votes_file(self, unit: _Unit) -> Path:
        """Where the votes of a unit are kept."""
        return self.pending / f"votes-{next(iter(unit)):03}.bin"

    def pairs_file(self, at: int) -> Path:
        """Where the pairs of a range are kept."""
        return self.pending / f"pairs-{at:03}.arrow"


def _vote(batch: _Batch, unit: _Unit) -> None:
    """Compare the records of some parts, and keep the votes."""
    path = batch.votes_file(unit)
    if path.exists():
        return
    records, first_new = _records(batch, unit)
    near, counts = Nearness.among(batch.pictures), np.zeros(len(records), np.uint32)
    with WaitingPairs(batch.pending) as waiting:
        for pairs in pairs_by_table(records, first_new, near, counts, compiled=batch.compiled):
            waiting.add(pairs)
        votes = (votes_of(records, pairs, counts, compiled=batch.compiled) for pairs in waiting)
        write_votes(path, votes)


def _records(batch: _Batch, unit: _Unit) -> tuple[Records, int]:
    """The records of a unit, those of earlier pictures first, and how many these are.

    Records of different parts never agree under a mask: it is as if each was compared by itself.
    Parts without a new record are left out.
    """
    unit = {part: size for part, size in unit.items() if _has_new(batch, part, size)}
    size = sum(unit.values())
    words, owners = np.empty((size, 2), np.uint64), np.empty(size, np.uint32)
    at = 0
    for part, count in unit.items():
        end = at + count
        for block in _blocks(batch.folder / part_name(part), count):
            words[at : at + len(block)], owners[at : at + len(block)] = (
                block["words"],
                block["owner"],
            )
            at += len(block)
        if at < end:
            raise IndexMismatch(
                f"{batch.folder / part_name(part)} is cut short: delete {batch.folder}"
            )
    new = pictures_of(owners) >= batch.first_new
    first_new = size - int(new.sum())
    if new[:first_new].any():  # of several parts
        order = np.argsort(new, kind="stable")
        words, owners = words[order], owners[order]
    return Records(words, owners), first_new


def _has_new(batch: _Batch, part: int, count: int) -> bool:
    """Whether the last record of a part is of a new picture."""
    if not count:
        return False
    with (batch.folder / part_name(part)).open("rb") as file:
        file.seek((count - 1) * RECORD.itemsize)
        last = np.fromfile(file, RECORD, 1)["owner"]
    return bool((pictures_of(last) >= batch.first_new).all())


def _blocks(path: Path, count: int) -> Iterator[np.ndarray]:
    """The first records of a part, a million at a time."""
    if not count:
        return
    with path.open("rb") as file:
        for begin in range(0, count, _READ):
            yield np.fromfile(file, RECORD, min(_READ, count - begin))


def _tally(batch: _Batch, files: Sequence[Path], places: Places, at: int) -> None:
    """Score the pairs of pictures of one range, and keep those that are proposed."""
    if batch.pairs_file(at).exists():
        return
    votes = read_votes(files, at)
    votes.sort()
    by_count = weights(_supposed(batch.pictures))
    pairs = scored(votes, at << RANGE_BITS, places, by_count, compiled=batch.compiled)
    write_rows(batch.pairs_file(at), as_table(pairs))


def _kept(folder: JoinFolder) -> pa.Table:
    """What was proposed so far."""
    names = sorted(name for name in folder.state.files if name.startswith("proposals-"))
    return pa.concat_tables([PROPOSALS.empty_table(), *(read_rows(folder.path / n) for n in names)])
