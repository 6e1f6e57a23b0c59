"""Indexes on disk: derived from the shards, rebuilt when missing or stale, never pickled.

`CASE/index/<signal>/<digest>/` holds the distinct codes as `.npy` files, memory-mapped when opened,
and a manifest that says what they belong to. The digest is that of the signal's committed shards,
so an index that was built before more pictures were added is never opened by mistake.
"""

import hashlib
import json
import shutil
import uuid
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from frametrace.embed.case import Case, write_atomically
from frametrace.embed.signals import SIGNALS, Metric
from frametrace.embed.tables import signal_table
from frametrace.index.binary import BinaryIndex
from frametrace.index.codes import Codes
from frametrace.index.dense import DenseIndex
from frametrace.index.minhash import MinHashIndex
from frametrace.posts.errors import IndexMismatch, UsageError

__all__ = ["Index", "Manifest", "check_index", "open_index"]

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
    belong to something else.
    """
    if signal not in case.epoch.signals:
        raise UsageError(
            f"{case.path} has no signal {signal!r}; compute it with: "
            f"frametrace embed {case.path} --signal {signal}"
        )
    folder = _folder(case, signal)
    if not (folder / _MANIFEST).is_file():
        _build(case, signal, folder)
    manifest = _read_manifest(folder)
    ours = (signal, case.epoch.signals[signal]["fingerprint"])
    if (manifest.signal, manifest.fingerprint) != ours:
        raise IndexMismatch(
            f"{folder} was built for {manifest.signal} ({manifest.fingerprint}), not for "
            f"{ours[0]} ({ours[1]}): delete {folder}, it will be rebuilt"
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


def _build(case: Case, signal: str, folder: Path) -> None:
    """Build beside the place, then rename: nobody ever opens half an index."""
    codes = Codes.of(case, signal)
    beside = folder.with_name(f".{folder.name}.{uuid.uuid4().hex[:8]}")
    beside.mkdir(parents=True)
    try:
        for name in _ARRAYS:
            np.save(beside / f"{name}.npy", getattr(codes, name), allow_pickle=False)
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
        if not (folder / _MANIFEST).is_file():
            shutil.rmtree(folder, ignore_errors=True)
            beside.rename(folder)
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    for old in folder.parent.iterdir():
        if old.name != folder.name and not old.name.startswith("."):
            shutil.rmtree(old, ignore_errors=True)


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
    except (OSError, ValueError) as error:
        raise IndexMismatch(
            f"{folder} is damaged ({error}): delete it, it will be rebuilt"
        ) from None
    if (len(codes), len(codes.items)) != (manifest.codes, manifest.items):
        raise IndexMismatch(
            f"{folder} holds {len(codes)} codes of {len(codes.items)} items, its manifest says "
            f"{manifest.codes} of {manifest.items}: delete it, it will be rebuilt"
        )
    if manifest.metric == Metric.COSINE:
        return DenseIndex.load(codes, folder, manifest.recall)
    return BinaryIndex(codes) if manifest.metric == Metric.HAMMING else MinHashIndex(codes)


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
