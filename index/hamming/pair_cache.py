"""The near pairs of a signal's hashes, kept beside its index: found once, and gone on from.

`CASE/index/<signal>/<digest>/pairs-<radius>/` holds Arrow files, one for each part of the join, and
`done.json` with their digests once all are there. A clump (see `clumps`) is a list of its hashes,
each paired with itself: its pairs are listed anew when they are read. A killed run finds the parts
that it finished. When hashes were added since, the pairs of the earlier index are carried over, and
only the new hashes are joined, with the earlier ones and with each other.
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

from frametrace.case.files import TEMPORARY, replacing, to_json, write_atomically
from frametrace.case.locks import comparison_lock
from frametrace.case.store import Case
from frametrace.index.arrays import map_array, sha256_of
from frametrace.index.base import Hits
from frametrace.index.codes import Codes, as_keys, first_bytes
from frametrace.index.hamming.hamming_index import HammingIndex
from frametrace.index.hamming.hamming_join import Join, clump_pairs
from frametrace.index.store import PAIRS_DONE, index_folder, open_as, pair_files, read_manifest
from frametrace.posts.errors import CaseError, IndexMismatch
from frametrace.work.progress import Progress, Silent

__all__ = ["near_pairs"]

_PLAN, _DONE = "plan.json", Path(PAIRS_DONE).name
_PAIRS = pa.schema([("a", pa.uint32()), ("b", pa.uint32()), ("distance", pa.uint16())])
_STEPS = 1_000  # of progress


@dataclass(frozen=True, slots=True)
class _Part:
    """One file: what tells it from the parts of another plan, its share of the work, its pairs."""

    name: str
    cost: float
    pairs: Callable[[], Iterator[Hits]]


@dataclass(frozen=True, slots=True)
class _Earlier:
    """An earlier index whose pairs were found: their folder, its codes, and their rows today."""

    pairs: Path
    codes: np.ndarray
    rows: np.ndarray


def near_pairs(
    case: Case, signal: str, radius: int, progress: Progress | None = None
) -> tuple[Codes, Iterator[Hits]]:
    """The distinct hashes of a signal, and all pairs of them at `radius` bits or less.

    The pairs are read in batches, each pair once, query < row. Raises as `open_index` does, and
    `IndexMismatch` where pairs on disk are damaged.
    """
    index = open_as(HammingIndex, case, signal)
    folder = index_folder(case, signal) / f"pairs-{radius}"
    if not (folder / _DONE).is_file():
        try:
            with comparison_lock(folder.parent, progress or Silent()):
                # Another process may have deleted it meanwhile.
                index = open_as(HammingIndex, case, signal)
                if not (folder / _DONE).is_file():
                    _find(folder, index.codes, radius, progress or Silent())
        except OSError as error:
            raise CaseError(
                f"{folder} can't be written: {error.strerror or error}. Make room or mend the "
                "permissions, then run the same command again: it goes on where it was"
            ) from None
    return index.codes, _read(folder, index.codes.codes, radius)


def _find(folder: Path, codes: Codes, radius: int, progress: Progress) -> None:
    """Find the pairs part by part, but for the parts that are there; then sweep earlier indexes."""
    for left in folder.glob(TEMPORARY):
        left.unlink()
    parts = list(_parts(folder, codes, radius))
    whole = sum(part.cost for part in parts) or 1
    plan = to_json([part.name for part in parts]).encode()
    if not (folder / _PLAN).is_file() or (folder / _PLAN).read_bytes() != plan:
        for stale in folder.glob("*.arrow"):
            stale.unlink()
        write_atomically(folder / _PLAN, plan)
    files = [folder / f"{at:04}.arrow" for at in range(len(parts))]
    done, told = 0.0, 0
    with progress.track("comparing pictures", _STEPS) as advance:
        for file, part in zip(files, parts, strict=True):
            if not file.is_file():
                _write(file, part.pairs())
            done += part.cost / whole
            advance(int(done * _STEPS) - told)
            told = int(done * _STEPS)
    digests = {file.name: sha256_of(file) for file in files}
    write_atomically(folder / _DONE, to_json({"radius": radius, "files": digests}))
    for pairs in folder.parent.parent.glob("*/pairs-*"):
        if pairs.parent != folder.parent:
            shutil.rmtree(pairs.parent, ignore_errors=True)


def _parts(folder: Path, codes: Codes, radius: int) -> Iterable[_Part]:
    """What there is to find, and how."""
    earlier = _earlier(folder, codes)
    if earlier is None:
        every = np.arange(len(codes))
        return _joined("all", Join(codes.codes, radius=radius), every, every)
    new = np.setdiff1d(np.arange(len(codes)), earlier.rows, assume_unique=True)
    ours = codes.codes[new]
    return [
        _carried(earlier),
        *_joined("across", Join(ours, earlier.codes, radius=radius), new, earlier.rows),
        *_joined("within", Join(ours, radius=radius), new, new),
    ]


def _carried(earlier: _Earlier) -> _Part:
    """The pairs of an earlier index, in one file: else there were more files each time."""
    pairs = chain.from_iterable(
        _batches(earlier.pairs / name) for name in pair_files(earlier.pairs)
    )
    name = f"carried {sha256_of(earlier.pairs / _DONE)}"
    return _Part(name, 0.0, partial(_renumbered, pairs, earlier.rows, earlier.rows))


def _joined(label: str, join: Join, a: np.ndarray, b: np.ndarray) -> Iterator[_Part]:
    """A join's pairs, unit by unit."""
    for unit in join.units:
        pairs = [_listed(join.clump(unit))] if unit.clump else join.run(unit)
        yield _Part(f"{label} {unit}", unit.cost, partial(_renumbered, pairs, a, b))


def _listed(clump: np.ndarray) -> Hits:
    """A clump as it lies on disk."""
    return Hits(clump, clump, np.zeros(len(clump), np.int32))


def _renumbered(batches: Iterable[Hits], a: np.ndarray, b: np.ndarray) -> Iterator[Hits]:
    """With the rows that rows of A and of B have today."""
    for hits in batches:
        x, y = a[hits.query], b[hits.row]
        yield Hits(np.minimum(x, y), np.maximum(x, y), hits.value)


def _earlier(folder: Path, codes: Codes) -> _Earlier | None:
    """The largest whole index whose pairs were found and whose hashes are all among these."""
    found = []
    manifest = read_manifest(folder.parent)
    for done in folder.parent.parent.glob(f"*/{folder.name}/{_DONE}"):
        with suppress(IndexMismatch):
            other = read_manifest(done.parent.parent)
            if (other.fingerprint, other.dimension) == (manifest.fingerprint, manifest.dimension):
                found.append((other.codes, done.parent))
    for _, pairs in sorted(found, reverse=True):
        with suppress(IndexMismatch, OSError, ValueError):
            held = map_array(pairs.parent / "codes.npy")
            rows = _rows_of(held, codes.codes)
            if rows is not None and _is_whole(pairs):
                return _Earlier(pairs, held, rows)
    return None


def _is_whole(pairs: Path) -> bool:
    return all(sha256_of(pairs / name) == digest for name, digest in pair_files(pairs).items())


def _rows_of(earlier: np.ndarray, codes: np.ndarray) -> np.ndarray | None:
    """Where earlier codes stand among codes, both in ascending order; None unless all do."""
    if len(earlier) > len(codes):
        return None
    first, wanted = first_bytes(codes), first_bytes(earlier)
    rows = np.searchsorted(first, wanted)
    rows = np.minimum(rows, max(len(codes) - 1, 0))
    others = np.flatnonzero((codes[rows] != earlier).any(axis=1))
    if len(others):  # of several codes that begin alike, not the first
        among = np.flatnonzero(np.isin(first, wanted[others]))
        found = among[np.isin(as_keys(codes[among]), as_keys(earlier[others]))]
        if len(found) != len(others):
            return None
        rows[others] = found
    return rows if np.array_equal(codes[rows], earlier) else None


def _write(path: Path, batches: Iterator[Hits]) -> None:
    with replacing(path) as file, pa.ipc.new_file(file, _PAIRS) as writer:
        for hits in batches:
            columns = zip((hits.query, hits.row, hits.value), _PAIRS.types, strict=True)
            arrays = [pa.array(values.astype(type.to_pandas_dtype())) for values, type in columns]
            writer.write_batch(pa.record_batch(arrays, schema=_PAIRS))


def _read(folder: Path, codes: np.ndarray, radius: int) -> Iterator[Hits]:
    """The pairs of files that are opened at once: then it is no trouble if they are swept."""
    files = [_batches(folder / name) for name in sorted(pair_files(folder))]
    return _expanded(chain.from_iterable(files), codes, radius)


def _expanded(batches: Iterable[Hits], codes: np.ndarray, radius: int) -> Iterator[Hits]:
    for hits in batches:
        if len(hits) and hits.query[0] == hits.row[0]:
            yield from clump_pairs(codes, hits.query, radius)
        else:
            yield hits


def _batches(path: Path) -> Iterator[Hits]:
    with _blaming(path):
        reader = pa.ipc.open_file(pa.memory_map(str(path)))
    return _read_from(reader, path)


def _read_from(reader: pa.RecordBatchFileReader, path: Path) -> Iterator[Hits]:
    for at in range(reader.num_record_batches):
        with _blaming(path):
            a, b, distance = (column.to_numpy() for column in reader.get_batch(at).columns)
        yield Hits(a.astype(np.int64), b.astype(np.int64), distance.astype(np.int32))


@contextmanager
def _blaming(path: Path) -> Iterator[None]:
    """Say which file is damaged, and what to do."""
    try:
        yield
    except (OSError, pa.ArrowException) as error:
        raise IndexMismatch(
            f"{path} is damaged ({error}): delete {path.parent}, it will be made anew"
        ) from None
