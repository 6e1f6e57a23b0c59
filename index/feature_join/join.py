"""All pairs of pictures that may share pixels, by a join of their local features, kept on disk.

    pictures -> records by part -> votes of each part -> pairs of each range -> proposals

Parts and ranges are the units of work: each reads files, writes one of its own, and is found done
by the next run if this one is killed. When pictures were added, only pairs are looked for that have
one of them.
"""

import shutil
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa

from frametrace.embed.executor import cpu_count
from frametrace.embed.files import replacing
from frametrace.embed.progress import Progress, Silent
from frametrace.index.codes import as_digits
from frametrace.index.feature_join.adding import add_pictures, new_pictures
from frametrace.index.feature_join.bits import key_bits, table_masks
from frametrace.index.feature_join.folder import PENDING, JoinFolder, check_join, part_name
from frametrace.index.feature_join.places import Places
from frametrace.index.feature_join.records import PARTS, RECORD, Records, pictures_of
from frametrace.index.feature_join.tables import Pairs, pairs_by_table
from frametrace.index.feature_join.tally import Scored, scored
from frametrace.index.feature_join.votes import (
    range_of,
    read_votes,
    votes_of,
    weights,
    write_votes,
)
from frametrace.index.feature_shards import FeatureShards
from frametrace.index.join import has_numba
from frametrace.posts.errors import IndexMismatch

__all__ = ["PARTNERS", "PROPOSALS", "Proposals", "check_join", "propose_pairs"]

PROPOSALS = pa.schema(
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
PARTNERS = 20
_MANY = 4_000_000  # records above which loops are compiled, if numba is there
_PAIRS = 1 << 25  # of a part in memory before votes are made of them
_FEWEST = 1 << 16  # pictures that weights and keys suppose at least, see `_supposed`
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
    add_pictures(held, shards, wanted, progress, compiled=_worth_compiling(count * 300))
    _join_pending(held, progress, threads)
    names = as_digits(held.pictures()["digest"])
    return Proposals(names, _in_order(_kept(held)))


def _worth_compiling(records: int) -> bool:
    return records > _MANY and has_numba()


def _supposed(pictures: int) -> int:
    """Of how many pictures features are supposed to be: few ones are compared like some more."""
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
    with progress.track("comparing pictures", len(units) + len(ranges)) as advance:
        voting = [partial(_vote, batch, unit) for unit in units]
        _in_threads(voting, threads, advance)
        files = [batch.votes_file(unit) for unit in units]
        tallying = [partial(_tally, batch, at, files, places) for at in ranges]
        _in_threads(tallying, threads, advance)
    proposed = pa.concat_tables([_read(batch.pairs_file(at)) for at in ranges])
    name = f"proposals-{state.pictures:08}.arrow"
    _write(folder.path / name, _best(proposed, _kept(folder)))
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


def _in_threads(
    work: Sequence[Callable[[], None]], threads: int, advance: Callable[[int], None]
) -> None:
    """Do all; the first failure ends it, once what has begun is done."""
    pool = ThreadPoolExecutor(threads or cpu_count())
    try:
        for done in as_completed([pool.submit(each) for each in work]):
            done.result()
            advance(1)
    finally:
        pool.shutdown(cancel_futures=True)


def _vote(batch: _Batch, unit: _Unit) -> None:
    """Compare the records of some parts, and keep the votes."""
    path = batch.votes_file(unit)
    if path.exists():
        return
    records, first_new = _records(batch, unit)
    masks = table_masks(key_bits(_supposed(batch.pictures)))
    counts = np.zeros(len(records), np.uint32)
    tables = pairs_by_table(records, first_new, masks, counts, compiled=batch.compiled)
    write_votes(path, _counted(records, tables, counts))


def _records(batch: _Batch, unit: _Unit) -> tuple[Records, int]:
    """The records of a unit, those of earlier pictures first, and how many these are.

    Records of different parts never agree under a mask: it is as if each was compared by itself.
    """
    size = sum(unit.values())
    words, owners = np.empty((size, 2), np.uint64), np.empty(size, np.uint32)
    at = 0
    for part, count in unit.items():
        end = at + count
        for block in _blocks(batch.folder / part_name(part), count):
            words[at : at + len(block)], owners[at : at + len(block)] = block["words"], block["owner"]
            at += len(block)
        if at < end:
            raise IndexMismatch(f"{batch.folder / part_name(part)} is cut short: delete {batch.folder}")
    new = pictures_of(owners) >= batch.first_new
    first_new = size - int(new.sum())
    if new[:first_new].any():  # of several parts
        order = np.argsort(new, kind="stable")
        words, owners = words[order], owners[order]
    return Records(words, owners), first_new


def _blocks(path: Path, count: int) -> Iterator[np.ndarray]:
    """The first records of a part, a million at a time."""
    if not count:
        return
    with path.open("rb") as file:
        for begin in range(0, count, _READ):
            yield np.fromfile(file, RECORD, min(_READ, count - begin))


def _counted(
    records: Records, tables: Iterator[Pairs], counts: np.ndarray
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Votes of pairs, table by table; all tables are counted first, as far as memory goes."""
    waiting: list[Pairs] = []
    for pairs in tables:
        waiting.append(pairs)
        if sum(map(len, waiting)) > _PAIRS:
            yield from (votes_of(records, each, counts) for each in waiting)
            waiting = []
    yield from (votes_of(records, each, counts) for each in waiting)


def _tally(batch: _Batch, at: int, files: Sequence[Path], places: Places) -> None:
    """Score the pairs of pictures of one range, and keep those that are proposed."""
    if batch.pairs_file(at).exists():
        return
    votes = [part for path in files for part in read_votes(path, at)]
    together = np.concatenate(votes) if votes else np.zeros(0, np.uint64)
    del votes
    together.sort()
    by_count = weights(_supposed(batch.pictures))
    pairs = scored(together, at << 14, places, by_count, compiled=batch.compiled)
    _write(batch.pairs_file(at), _table(pairs))


def _table(pairs: Scored) -> pa.Table:
    columns = (pairs.a, pairs.b, pairs.mirrored, pairs.votes, pairs.score)
    return pa.table(
        [pa.array(column, type) for column, type in zip(columns, PROPOSALS.types, strict=True)],
        schema=PROPOSALS,
    )


def _best(proposed: pa.Table, earlier: pa.Table) -> pa.Table:
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
    kept[order[place < PARTNERS] % max(len(a), 1)] = True
    return proposed.filter(pa.array(kept[:new]))


def _kept(folder: JoinFolder) -> pa.Table:
    """What was proposed so far."""
    names = sorted(name for name in folder.state.files if name.startswith("proposals-"))
    return pa.concat_tables([PROPOSALS.empty_table(), *(_read(folder.path / n) for n in names)])


def _in_order(rows: pa.Table) -> pa.Table:
    keys = [(name, "ascending") for name in ("a", "b", "mirrored")]
    return rows.sort_by(keys).combine_chunks()


def _read(path: Path) -> pa.Table:
    with pa.OSFile(str(path)) as source:
        return pa.ipc.open_file(source).read_all()


def _write(path: Path, rows: pa.Table) -> None:
    with replacing(path) as file, pa.ipc.new_file(file, PROPOSALS) as writer:
        writer.write_table(rows)
