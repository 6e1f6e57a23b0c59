"""Proposes pairs of pictures that may share pixels: an LSH join of local features, kept on disk.

    pictures -> records by part -> votes of each part -> pairs of each range -> proposals

Parts and ranges are the units of work: each reads files and writes one of its own, so that a run
that follows a killed one skips finished units. If pictures were added, only pairs with an added
picture are searched.
"""

import shutil
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa

from frametrace.case.atomic_files import replacing, write_atomically
from frametrace.case.file_digests import digest_of, is_intact
from frametrace.index.distinct_codes import as_digits
from frametrace.index.feature_join.add_pictures import add_pictures, new_pictures, read_records
from frametrace.index.feature_join.feature_votes import (
    RANGE_BITS,
    PairSpool,
    make_votes,
    range_number,
    read_votes,
    vote_weights,
    write_votes,
)
from frametrace.index.feature_join.geometric_consistency import Positions, ScoredPairs, score_pairs
from frametrace.index.feature_join.join_folder import PENDING, JoinFolder, check_join
from frametrace.index.feature_join.lsh_keys import MAX_FEATURES, PART_COUNT
from frametrace.index.feature_join.lsh_tables import PairCriteria, pairs_by_table
from frametrace.index.feature_shards import FeatureShards
from frametrace.index.numba_compile import has_numba
from frametrace.work.executor import Executor, all_results
from frametrace.work.progress import Progress, Silent
from frametrace.work.thread_pool import ThreadPool

__all__ = [
    "MAX_PARTNERS",
    "PROPOSAL_SCHEMA",
    "OwnersOf",
    "Proposals",
    "check_join",
    "propose_pairs",
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
# A pair is proposed if it is among this many best pairs of either picture. Watermarks and the like
# add some pairs to the true ones; of 3,000 copies of one picture, 20 of each connect them all.
MAX_PARTNERS = 20
_DIGEST = ".digest"  # suffix of the file that says that another one is finished
_MIN_COMPILED = 1_000_000  # records: loops are compiled above, if numba is installed
_MIN_WEIGHT_PICTURES = 1 << 16  # assumed for weights: among few pictures, all features seem common
_UNIT_RECORDS = 1 << 20  # smaller parts are compared together until they have this many records

# The owners of pictures, (n,) integers, by their digests, (n, 32) uint8.
OwnersOf = Callable[[np.ndarray], np.ndarray]
_Unit = dict[int, int]  # parts that are compared together, and the record count of each


@dataclass(frozen=True, slots=True)
class Proposals:
    """Pairs of pictures that may share pixels.

    `names` are the SHA-256 digests of all joined pictures in hexadecimal digits, by number; a
    picture keeps its number. `rows` is a table of `PROPOSAL_SCHEMA`: a < b are numbers, `mirrored`
    says that one shows the mirror image of the other, `votes` is the number of features that agree,
    `score` the information of these votes in bits. Rows are in ascending order of (a, b, mirrored).
    """

    names: pa.StringArray
    rows: pa.Table


def propose_pairs(
    folder: Path,
    shards: FeatureShards,
    pictures: pa.StringArray,
    progress: Progress | None = None,
    executor: Executor | None = None,
    *,
    owners_of: OwnersOf | None = None,
) -> Proposals:
    """Join those of the `pictures` (digests) that are new, and return all pairs proposed so far.

    New pictures are compared with each other and with every earlier one. With `owners_of`, no pair
    of pictures of one owner is proposed, such as frames of one video. A run that follows a
    killed one continues where it stopped and gives the same result. By default the work runs in
    one thread per processor. Pictures without features in the shards are left out. The caller holds
    a lock on `folder`. Raises `CaseError` if a shard can't be read or the folder can't be written,
    `IndexMismatch` if the folder is damaged, `UsageError` above `MAX_JOINED_PICTURES`.
    """
    progress = progress or Silent()
    join = JoinFolder.open(folder)
    if join.state.whole:
        _join_added(join, progress, executor, owners_of)
    new = new_pictures(join, shards, pictures)
    count = join.state.pictures + sum(int(is_new.sum()) for _, is_new in new)
    add_pictures(join, shards, new, progress, compiled=_worth_compiling(count * MAX_FEATURES))
    _join_added(join, progress, executor, owners_of)
    names = as_digits(join.pictures()["digest"])
    order = [(name, "ascending") for name in ("a", "b", "mirrored")]
    return Proposals(names, _proposed_so_far(join).sort_by(order).combine_chunks())


def _worth_compiling(records: int) -> bool:
    return records > _MIN_COMPILED and has_numba()


def _join_added(
    folder: JoinFolder,
    progress: Progress,
    executor: Executor | None,
    owners_of: OwnersOf | None,
) -> None:
    """Join the pictures that were added since the last join, and store the proposals."""
    state = folder.state
    if state.joined == state.pictures:
        shutil.rmtree(folder.path / PENDING, ignore_errors=True)
        return
    folder.verify_records()
    sizes = [folder.record_count(part) for part in range(PART_COUNT)]
    batch = _Batch(folder.path, state.joined, state.pictures, _worth_compiling(sum(sizes)))
    batch.pending.mkdir(parents=True, exist_ok=True)
    units = _units(sizes)
    positions = Positions.of(folder.pictures(), folder.positions())
    ranges = range(range_number(state.pictures - 1) + 1)
    with (
        progress.track("comparing pictures", len(units) + len(ranges)) as advance,
        # Every unit may start at once: a long one must not keep the others waiting.
        nullcontext(executor) if executor else ThreadPool(in_progress=len(units)) as chosen,
    ):
        for _ in all_results(chosen.map(partial(_vote, batch), units)):
            advance(1)
        files = [batch.votes_file(unit) for unit in units]
        for _ in all_results(chosen.map(partial(_score_range, batch, files, positions), ranges)):
            advance(1)
    proposed = pa.concat_tables([_read_proposals(batch.pairs_file(number)) for number in ranges])
    if owners_of is not None:
        owners = owners_of(folder.pictures()["digest"])
        a, b = (owners[proposed[name].to_numpy()] for name in "ab")
        proposed = proposed.filter(pa.array(a != b))
    name = f"proposals-{state.pictures:08}.arrow"
    _write_proposals(folder.path / name, _best_proposals(proposed, _proposed_so_far(folder)))
    folder.add_file(name)
    folder.commit(batches=(*state.batches, state.pictures))
    shutil.rmtree(folder.path / PENDING, ignore_errors=True)


def _units(sizes: Sequence[int]) -> list[_Unit]:
    """Group small parts into units; the largest come first, so that no long one starts last."""
    units: list[_Unit] = []
    filled = _UNIT_RECORDS
    for part in sorted(range(len(sizes)), key=lambda part: -sizes[part]):
        if filled >= _UNIT_RECORDS:
            units.append({})
            filled = 0
        units[-1][part] = sizes[part]
        filled += sizes[part]
    return units


@dataclass(frozen=True, slots=True)
class _Batch:
    """One addition: the pictures from `first_new` to `pictures` are joined with all before them."""

    folder: Path
    first_new: int
    pictures: int
    compiled: bool

    @property
    def pending(self) -> Path:
        """The folder of votes and pairs until they are proposals."""
        return self.folder / PENDING / f"{self.first_new}-{self.pictures}"

    def votes_file(self, unit: _Unit) -> Path:
        """The file of the votes of a unit."""
        return self.pending / f"votes-{next(iter(unit)):03}.bin"

    def pairs_file(self, number: int) -> Path:
        """The file of the pairs of a range."""
        return self.pending / f"pairs-{number:03}.arrow"


def _vote(batch: _Batch, unit: _Unit) -> None:
    """Compare the records of some parts, and write their votes."""
    path = batch.votes_file(unit)
    if _is_finished(path):
        return
    records, first_new = read_records(batch.folder, unit, batch.first_new)
    criteria, counts = PairCriteria.among(batch.pictures), np.zeros(len(records), np.uint32)
    compiled = batch.compiled
    with PairSpool(batch.pending) as spool:
        for pairs in pairs_by_table(records, first_new, criteria, counts, compiled=compiled):
            spool.add(pairs)
        votes = (make_votes(records, pairs, counts, compiled=compiled) for pairs in spool)
        write_votes(path, votes)
    _mark_finished(path)


def _score_range(batch: _Batch, files: Sequence[Path], positions: Positions, number: int) -> None:
    """Score the pairs of pictures of one range, and write those above the minimum score."""
    path = batch.pairs_file(number)
    if _is_finished(path):
        return
    votes = read_votes(files, number)
    votes.sort()
    weights = vote_weights(max(batch.pictures, _MIN_WEIGHT_PICTURES))
    pairs = score_pairs(votes, number << RANGE_BITS, positions, weights, compiled=batch.compiled)
    _write_proposals(path, _proposal_table(pairs))
    _mark_finished(path)


def _mark_finished(path: Path) -> None:
    write_atomically(path.with_suffix(_DIGEST), digest_of(path))


def _is_finished(path: Path) -> bool:
    """Whether an earlier run has written a file, and it is still what was written."""
    try:
        return is_intact(path, path.with_suffix(_DIGEST).read_text("ascii"))
    except (OSError, ValueError):
        return False


def _proposal_table(pairs: ScoredPairs) -> pa.Table:
    """Scored pairs as rows of `PROPOSAL_SCHEMA`."""
    columns = (pairs.a, pairs.b, pairs.mirrored, pairs.votes, pairs.score)
    arrays = zip(columns, PROPOSAL_SCHEMA.types, strict=True)
    return pa.table([pa.array(column, type) for column, type in arrays], schema=PROPOSAL_SCHEMA)


def _best_proposals(proposed: pa.Table, earlier: pa.Table) -> pa.Table:
    """The proposed pairs that are among the best of either picture; earlier pairs compete."""
    a, b, score = (
        np.concatenate([proposed[name].to_numpy(), earlier[name].to_numpy()])
        for name in ("a", "b", "score")
    )
    rows = np.arange(len(a))
    picture = np.concatenate([a, b])
    order = np.lexsort((np.tile(rows, 2), -np.tile(score, 2), picture))
    ordered = picture[order]
    starts = np.flatnonzero(np.diff(ordered, prepend=-1))
    rank = np.arange(len(order)) - np.repeat(starts, np.diff(np.append(starts, len(order))))
    is_best = np.zeros(len(a), bool)
    is_best[order[rank < MAX_PARTNERS] % max(len(a), 1)] = True
    return proposed.filter(pa.array(is_best[: proposed.num_rows]))


def _proposed_so_far(folder: JoinFolder) -> pa.Table:
    files = folder.proposal_files()
    return pa.concat_tables([PROPOSAL_SCHEMA.empty_table(), *map(_read_proposals, files)])


def _read_proposals(path: Path) -> pa.Table:
    with pa.OSFile(str(path)) as source:
        return pa.ipc.open_file(source).read_all()


def _write_proposals(path: Path, rows: pa.Table) -> None:
    """Write rows to a file that appears only once it is complete. Raises `CaseError`."""
    with replacing(path) as file, pa.ipc.new_file(file, PROPOSAL_SCHEMA) as writer:
        writer.write_table(rows)
