"""The pair cache: the near pairs of a signal's hashes, found once and stored beside its index.

`CASE/index/<signal>/<digest>/pairs-<radius>/` holds Arrow files, one for each part of the join, and
`done.json` with their digests once all are complete. A dense block (see `dense_blocks`) is stored
as the list of its hashes, each paired with itself; its pairs are expanded on reading. A run that
follows a killed one keeps the finished parts. If hashes were added since, the pairs of the earlier
index are carried over, and only the new hashes are joined: with the earlier ones and each other.
"""

import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from itertools import chain
from pathlib import Path

import numpy as np
import pyarrow as pa

from frametrace.case.atomic_files import TEMPORARY, replacing, write_atomically
from frametrace.case.file_digests import digest_of, is_intact
from frametrace.case.json_files import to_json, write_json
from frametrace.case.locks import comparison_lock
from frametrace.case.store import Case
from frametrace.index.arrays import map_array
from frametrace.index.base import Hits
from frametrace.index.distinct_codes import Codes, as_keys, first_bytes
from frametrace.index.hamming.hamming_index import HammingIndex
from frametrace.index.hamming.hamming_join import HammingJoin, dense_block_pairs
from frametrace.index.index_store import (
    PAIRS_DONE,
    index_folder,
    open_index,
    pair_files,
    read_manifest,
)
from frametrace.posts.errors import CaseError, IndexMismatch
from frametrace.work.progress import Progress, Silent

__all__ = ["near_pairs"]

_PLAN, _DONE = "plan.json", Path(PAIRS_DONE).name
_PAIRS = pa.schema([("a", pa.uint32()), ("b", pa.uint32()), ("distance", pa.uint16())])
_PROGRESS_STEPS = 1_000


@dataclass(frozen=True, slots=True)
class _Part:
    """One file of the cache: `name` identifies it in the plan, `cost` is its share of the work."""

    name: str
    cost: float
    pairs: Callable[[], Iterator[Hits]]


@dataclass(frozen=True, slots=True)
class _EarlierPairs:
    """The pairs of an earlier index: their folder, its codes, and the codes' rows in this index."""

    folder: Path
    codes: np.ndarray
    rows: np.ndarray


def near_pairs(
    case: Case, signal: str, radius: int, progress: Progress | None = None
) -> tuple[Codes, Iterator[Hits]]:
    """The distinct hashes of a signal, and all pairs of them at `radius` bits or less.

    The pairs are read in batches, each pair once, query < row. Raises as `open_index` does, and
    `IndexMismatch` if pairs on disk are damaged.
    """
    codes = open_index(case, signal, HammingIndex).codes
    folder = index_folder(case, signal) / f"pairs-{radius}"
    if not (folder / _DONE).is_file():
        try:
            with comparison_lock(folder.parent, progress or Silent()):
                # Another process may have swept the index meanwhile.
                codes = open_index(case, signal, HammingIndex).codes
                if not (folder / _DONE).is_file():
                    _join_missing(folder, codes, radius, progress or Silent())
        except OSError as error:
            raise CaseError(
                f"{folder} can't be written: {error.strerror or error}. Make room or fix the "
                "permissions, then run the same command again: it continues where it stopped"
            ) from None
    return codes, _read(folder, codes.codes, radius)


def _join_missing(folder: Path, codes: Codes, radius: int, progress: Progress) -> None:
    """Find the pairs of each part that is not stored yet; then sweep earlier indexes."""
    for leftover in folder.glob(TEMPORARY):
        leftover.unlink()
    parts = list(_parts(folder, codes, radius))
    total_cost = sum(part.cost for part in parts) or 1
    plan = to_json([part.name for part in parts]).encode()
    if not (folder / _PLAN).is_file() or (folder / _PLAN).read_bytes() != plan:
        for stale in folder.glob("*.arrow"):
            stale.unlink()
        write_atomically(folder / _PLAN, plan)
    files = [folder / f"{number:04}.arrow" for number in range(len(parts))]
    done, reported_steps = 0.0, 0
    with progress.track("comparing pictures", _PROGRESS_STEPS) as advance:
        for file, part in zip(files, parts, strict=True):
            if not file.is_file():
                _write(file, part.pairs())
            done += part.cost / total_cost
            advance(int(done * _PROGRESS_STEPS) - reported_steps)
            reported_steps = int(done * _PROGRESS_STEPS)
    digests = {file.name: digest_of(file) for file in files}
    write_json(folder / _DONE, {"radius": radius, "files": digests})
    for pairs_folder in folder.parent.parent.glob("*/pairs-*"):
        if pairs_folder.parent != folder.parent:
            shutil.rmtree(pairs_folder.parent, ignore_errors=True)


def _parts(folder: Path, codes: Codes, radius: int) -> Iterable[_Part]:
    """The parts of the cache: everything, or earlier pairs and the joins of the new hashes."""
    earlier = _earlier_pairs(folder, codes)
    if earlier is None:
        all_rows = np.arange(len(codes))
        return _join_parts("all", HammingJoin(codes.codes, radius=radius), all_rows, all_rows)
    new_rows = np.setdiff1d(np.arange(len(codes)), earlier.rows, assume_unique=True)
    new = codes.codes[new_rows]
    across = HammingJoin(new, earlier.codes, radius=radius)
    return [
        _carried_over(earlier),
        *_join_parts("across", across, new_rows, earlier.rows),
        *_join_parts("within", HammingJoin(new, radius=radius), new_rows, new_rows),
    ]


def _carried_over(earlier: _EarlierPairs) -> _Part:
    """The pairs of an earlier index in one file, so that files don't accumulate."""
    pairs = chain.from_iterable(
        _batches(earlier.folder / name) for name in pair_files(earlier.folder)
    )
    name = f"carried {digest_of(earlier.folder / _DONE)}"
    return _Part(name, 0.0, partial(_with_current_rows, pairs, earlier.rows, earlier.rows))


def _join_parts(label: str, join: HammingJoin, a: np.ndarray, b: np.ndarray) -> Iterator[_Part]:
    """One part for each unit of a join; `a` and `b` are the current rows of its two sides."""
    for unit in join.units:
        pairs = [_stored_block(join.dense_block_rows(unit))] if unit.dense_block else join.run(unit)
        yield _Part(f"{label} {unit}", unit.cost, partial(_with_current_rows, pairs, a, b))


def _stored_block(rows: np.ndarray) -> Hits:
    """A dense block as stored on disk: each row paired with itself."""
    return Hits(rows, rows, np.zeros(len(rows), np.int32))


def _with_current_rows(batches: Iterable[Hits], a: np.ndarray, b: np.ndarray) -> Iterator[Hits]:
    """Replace rows of A and of B by their current rows, the lower one first."""
    for hits in batches:
        x, y = a[hits.query], b[hits.row]
        yield Hits(np.minimum(x, y), np.maximum(x, y), hits.value)


def _earlier_pairs(folder: Path, codes: Codes) -> _EarlierPairs | None:
    """The largest intact pair cache of an earlier index whose hashes are all among `codes`."""
    candidates = []
    manifest = read_manifest(folder.parent)
    for done in folder.parent.parent.glob(f"*/{folder.name}/{_DONE}"):
        with suppress(IndexMismatch):
            earlier = read_manifest(done.parent.parent)
            same_kind = (earlier.fingerprint, earlier.dimension) == (
                manifest.fingerprint,
                manifest.dimension,
            )
            if same_kind:
                candidates.append((earlier.codes, done.parent))
    for _, pairs_folder in sorted(candidates, reverse=True):
        with suppress(IndexMismatch, OSError, ValueError):
            earlier_codes = map_array(pairs_folder.parent / "codes.npy")
            rows = _rows_of(earlier_codes, codes.codes)
            if rows is not None and _is_intact(pairs_folder):
                return _EarlierPairs(pairs_folder, earlier_codes, rows)
    return None


def _is_intact(pairs_folder: Path) -> bool:
    digests = pair_files(pairs_folder)
    return all(is_intact(pairs_folder / name, digest) for name, digest in digests.items())


def _rows_of(earlier: np.ndarray, codes: np.ndarray) -> np.ndarray | None:
    """The rows of earlier codes among `codes`, both in ascending order; None if one is missing."""
    if len(earlier) > len(codes):
        return None
    prefixes, earlier_prefixes = first_bytes(codes), first_bytes(earlier)
    rows = np.searchsorted(prefixes, earlier_prefixes)
    rows = np.minimum(rows, max(len(codes) - 1, 0))
    unequal = np.flatnonzero((codes[rows] != earlier).any(axis=1))
    if len(unequal):  # codes that are not the first ones with their prefix
        candidates = np.flatnonzero(np.isin(prefixes, earlier_prefixes[unequal]))
        matches = candidates[np.isin(as_keys(codes[candidates]), as_keys(earlier[unequal]))]
        if len(matches) != len(unequal):
            return None
        rows[unequal] = matches
    return rows if np.array_equal(codes[rows], earlier) else None


def _write(path: Path, batches: Iterator[Hits]) -> None:
    with replacing(path) as file, pa.ipc.new_file(file, _PAIRS) as writer:
        for hits in batches:
            columns = zip((hits.query, hits.row, hits.value), _PAIRS.types, strict=True)
            arrays = [pa.array(values.astype(type.to_pandas_dtype())) for values, type in columns]
            writer.write_batch(pa.record_batch(arrays, schema=_PAIRS))


def _read(folder: Path, codes: np.ndarray, radius: int) -> Iterator[Hits]:
    """The pairs of all files. All are opened at once, so that they can be read even if swept."""
    digests = pair_files(folder)
    for name, digest in digests.items():
        with _naming_damage(folder / name):
            if not is_intact(folder / name, digest):
                raise ValueError("it doesn't have its digest")
    files = [_batches(folder / name) for name in sorted(digests)]
    return _expanded(chain.from_iterable(files), codes, radius)


def _expanded(batches: Iterable[Hits], codes: np.ndarray, radius: int) -> Iterator[Hits]:
    for hits in batches:
        if len(hits) and hits.query[0] == hits.row[0]:
            yield from dense_block_pairs(codes, hits.query, radius)  # each row paired with itself
        else:
            yield hits


def _batches(path: Path) -> Iterator[Hits]:
    with _naming_damage(path):
        reader = pa.ipc.open_file(pa.memory_map(str(path)))
    return _read_from(reader, path)


def _read_from(reader: pa.RecordBatchFileReader, path: Path) -> Iterator[Hits]:
    for number in range(reader.num_record_batches):
        with _naming_damage(path):
            a, b, distance = (column.to_numpy() for column in reader.get_batch(number).columns)
        yield Hits(a.astype(np.int64), b.astype(np.int64), distance.astype(np.int32))


@contextmanager
def _naming_damage(path: Path) -> Iterator[None]:
    """Turn errors of reading into one that names the damaged file and the next step."""
    try:
        yield
    except (OSError, ValueError, pa.ArrowException) as error:
        raise IndexMismatch(
            f"{path} is damaged ({error}): delete {path.parent}, it will be rebuilt"
        ) from None
