"""Indexes on disk: derived from the shards, rebuilt when missing or stale, never pickled.

`CASE/index/<signal>/<digest>/` holds the distinct codes as `.npy` files, memory-mapped when opened,
and a manifest that says what they belong to. The digest is that of the signal's committed shards,
so an index that was built before more pictures were added is never opened by mistake.
"""

import fcntl
import hashlib
import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.lib.format import header_data_from_array_1_0, write_array_header_1_0

from frametrace.embed.case import Case, write_atomically
from frametrace.embed.signals import SIGNALS, Metric
from frametrace.embed.tables import signal_table
from frametrace.index.binary import BinaryIndex
from frametrace.index.codes import Codes
from frametrace.index.dense import DenseIndex
from frametrace.index.minhash import MinHashIndex
from frametrace.posts.errors import CaseError, IndexMismatch, UsageError

__all__ = ["Index", "Manifest", "alone_in", "check_index", "open_index"]

Index = BinaryIndex | DenseIndex | MinHashIndex

_ARRAYS = ("codes", "starts", "items")
_MANIFEST = "manifest.json"


@dataclass(frozen=True, slots=True)
class Manifest:
    """What an index on disk belongs to, and the SHA-256 digests of its files."""

    signal: str
    fingerprint: str
    metric: str
    technique: str
    dimension: int
    codes: int
    items: int
    recall: float
    files: Mapping[str, str]


def open_index(case: Case, signal: str) -> Index:
    """The index of a signal as of the case's epoch; built if it isn't there.

    Raises `UsageError` where the case has no such signal, `IndexMismatch` where the files on disk
    are damaged or belong to something else, `CaseError` where they can't be written.
    """
    if signal not in case.epoch.signals:
        raise UsageError(
            f"{case.path} has no signal {signal!r}; compute it with: "
            f"frametrace embed {case.path} --signal {signal}"
        )
    folder = _folder(case, signal)
    if not (folder / _MANIFEST).is_file():
        _build_alone(case, signal, folder)
    manifest = _read_manifest(folder)
    theirs = (manifest.signal, manifest.fingerprint, manifest.metric)
    ours = (signal, case.epoch.signals[signal]["fingerprint"], SIGNALS[signal].metric)
    if theirs != ours:
        raise IndexMismatch(
            f"{folder} was built for {' / '.join(theirs)}, not for {' / '.join(ours)}: "
            f"delete {folder}, it will be rebuilt"
        )
    return _load(folder, manifest)


def check_index(case: Case, signal: str) -> list[str]:
    """Compare an index's files with its manifest; what is wrong, as plain sentences."""
    folder = _folder(case, signal)
    if not (folder / _MANIFEST).is_file():
        return []
    manifest = _read_manifest(folder)
    damaged = [
        name
        for name, digest in manifest.files.items()
        if not (folder / name).is_file() or _sha256(folder / name) != digest
    ]
    return [f"{folder / name} is damaged: delete {folder}, it will be rebuilt" for name in damaged]


def _folder(case: Case, signal: str) -> Path:
    made_by = case.epoch.signals.get(signal, {}).get("fingerprint", "")
    shards = json.dumps([made_by, sorted(case.epoch.shards.get(signal_table(signal), {}))])
    return case.path / "index" / signal / hashlib.sha256(shards.encode()).hexdigest()[:12]


def _build_alone(case: Case, signal: str, folder: Path) -> None:
    """Build unless another process does so first; then delete what is there besides."""
    try:
        with alone_in(folder.parent):
            if not (folder / _MANIFEST).is_file():
                _build(case, signal, folder)
            for old in folder.parent.iterdir():
                if old.is_dir() and old != folder:
                    shutil.rmtree(old, ignore_errors=True)
    except (OSError, RuntimeError) as error:  # FAISS writes files of its own
        raise CaseError(
            f"{folder} can't be written: {error}. Make room or mend the permissions, then run the "
            "same command again"
        ) from None


@contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Hold a folder, making it if need be, after waiting for any other process that does."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _build(case: Case, signal: str, folder: Path) -> None:
    """Build beside the place, then rename: nobody ever opens half an index."""
    codes = Codes.of(case, signal)
    beside = folder.with_name(f".{folder.name}")
    shutil.rmtree(beside, ignore_errors=True)
    beside.mkdir()
    for name in _ARRAYS:
        _save(beside / f"{name}.npy", getattr(codes, name))
    index = _made(signal, codes)
    extra = index.save(beside) if isinstance(index, DenseIndex) else []
    names = [*(f"{name}.npy" for name in _ARRAYS), *extra]
    manifest = Manifest(
        signal=signal,
        fingerprint=case.epoch.signals[signal]["fingerprint"],
        metric=SIGNALS[signal].metric,
        technique=index.technique,
        dimension=int(codes.codes.shape[1]),
        codes=len(codes),
        items=len(codes.items),
        recall=index.recall if isinstance(index, DenseIndex) else 1.0,
        files={name: _sha256(beside / name) for name in names},
    )
    write_atomically(beside / _MANIFEST, json.dumps(asdict(manifest), indent=1) + "\n")
    shutil.rmtree(folder, ignore_errors=True)
    beside.rename(folder)


def _save(path: Path, array: np.ndarray) -> None:
    """Write a `.npy` file as `numpy.save` does, which does not notice that a disk is full."""
    with path.open("wb") as file:
        write_array_header_1_0(file, header_data_from_array_1_0(array))
        file.write(np.ascontiguousarray(array).data)


def _made(signal: str, codes: Codes) -> Index:
    match SIGNALS[signal].metric:
        case Metric.HAMMING:
            return BinaryIndex(codes)
        case Metric.COSINE:
            return DenseIndex.build(codes)
        case Metric.JACCARD:
            return MinHashIndex(codes)


def _load(folder: Path, manifest: Manifest) -> Index:
    try:
        codes = Codes(
            *(np.load(folder / f"{n}.npy", mmap_mode="r", allow_pickle=False) for n in _ARRAYS)
        )
        _same_size(codes, manifest)
        match SIGNALS[manifest.signal].metric:
            case Metric.HAMMING:
                return BinaryIndex(codes)
            case Metric.COSINE:
                return DenseIndex.load(codes, folder, manifest.technique, manifest.recall)
            case Metric.JACCARD:
                return MinHashIndex(codes)
    except (OSError, ValueError, RuntimeError) as error:
        raise IndexMismatch(
            f"{folder} is damaged ({error}): delete it, it will be rebuilt"
        ) from None


def _same_size(codes: Codes, manifest: Manifest) -> None:
    theirs = (len(codes.codes), codes.codes.shape[1], len(codes.items), int(codes.starts[-1]))
    ours = (manifest.codes, manifest.dimension, manifest.items, manifest.items)
    if theirs != ours:
        raise ValueError(
            f"it holds {theirs[0]} codes of {theirs[1]} values for {theirs[2]} items, its manifest "
            f"says {ours[0]} of {ours[1]} for {ours[2]}"
        )


def _read_manifest(folder: Path) -> Manifest:
    try:
        return Manifest(**json.loads((folder / _MANIFEST).read_text("utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise IndexMismatch(
            f"{folder / _MANIFEST} can't be read ({error}): delete {folder}, it will be rebuilt"
        ) from None


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
