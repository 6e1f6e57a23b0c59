"""Indexes on disk: derived from the shards, rebuilt when missing or stale, never pickled.

`CASE/index/<signal>/<digest>/` holds the distinct codes, or the lists of local features, as `.npy`
files, memory-mapped when opened, and a manifest that says what they belong to. The digest is that
of the signal's committed shards, so an index that was built before more pictures were added is
never opened by mistake.
"""

import hashlib
import json
import shutil
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from frametrace.case.files import read_json, replace_folder
from frametrace.case.locks import comparison_folder, exclusive_lock
from frametrace.case.schemas import signal_table
from frametrace.case.store import Case, write_atomically
from frametrace.embed.signals import SIGNALS, Metric
from frametrace.index.arrays import map_array, save_array, sha256_of
from frametrace.index.codes import Codes
from frametrace.index.feature_search.build_inverted_index import (
    build_inverted_index,
    can_reuse_centers,
)
from frametrace.index.feature_search.inverted_index import ARRAY_NAMES as FEATURE_ARRAYS
from frametrace.index.feature_search.inverted_index import FeatureIndex
from frametrace.index.feature_shards import CodeShards, FeatureShards
from frametrace.index.hamming.hamming_index import BinaryIndex
from frametrace.index.minhash import MinHashIndex
from frametrace.index.thumbnail_lookup import ARRAYS as THUMBNAIL_ARRAYS
from frametrace.index.thumbnail_lookup import ThumbnailIndex, build_thumbnails
from frametrace.index.vectors import DenseIndex
from frametrace.posts.errors import CaseError, IndexMismatch, UsageError
from frametrace.work.progress import Progress, Silent

__all__ = [
    "PAIRS_DONE",
    "Index",
    "Manifest",
    "check_index",
    "check_signal",
    "index_folder",
    "open_index",
    "pair_files",
    "read_manifest",
]

Index = BinaryIndex | DenseIndex | MinHashIndex | FeatureIndex | ThumbnailIndex

_ARRAYS = ("codes", "starts", "items")
_MANIFEST = "manifest.json"
PAIRS_DONE = "pairs-*/done.json"  # all near pairs were found; the next join goes on from them
_LAYOUT = 2  # of the files; those of another layout are built anew


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


def open_index(case: Case, signal: str, progress: Progress | None = None) -> Index:
    """The index of a signal as of the case's epoch; built if it isn't there.

    Raises `UsageError` where the case has no such signal, `IndexMismatch` where the files on disk
    are damaged or belong to something else, `CaseError` where they can't be written.
    """
    check_signal(case, signal)
    folder = index_folder(case, signal)
    if not (folder / _MANIFEST).is_file():
        _build_alone(case, signal, folder, progress or Silent())
    manifest = read_manifest(folder)
    theirs = (manifest.signal, manifest.fingerprint, manifest.metric)
    ours = (signal, case.epoch.signals[signal]["fingerprint"], SIGNALS[signal].metric)
    if theirs != ours:
        raise IndexMismatch(
            f"{folder} was built for {' / '.join(theirs)}, not for {' / '.join(ours)}: "
            f"delete {folder}, it will be rebuilt"
        )
    return _load(case, folder, manifest)


def check_signal(case: Case, signal: str) -> None:
    """Raises `UsageError` where the case has no such signal, or one without an index of its own."""
    known = SIGNALS.get(signal)
    if known is not None and known.metric is Metric.TEXT:
        raise UsageError(
            f"{signal} has no index of its own: its texts are indexed as captions are. To find "
            f"posts by what they say and show: frametrace framing {case.path} --text TEXT"
        )
    if signal not in case.epoch.signals:
        raise UsageError(
            f"{case.path} has no signal {signal!r}; compute it with: "
            f"frametrace embed {case.path} --signal {signal}"
        )


def check_index(case: Case, signal: str) -> list[str]:
    """Compare an index's files with its manifest; what is wrong, as plain sentences."""
    folder = index_folder(case, signal)
    if not (folder / _MANIFEST).is_file():
        return []
    digests = dict(read_manifest(folder).files)
    for done in folder.glob(PAIRS_DONE):
        of_pairs = pair_files(done.parent).items()
        digests |= {f"{done.parent.name}/{name}": digest for name, digest in of_pairs}
    return [
        f"{folder / name} is damaged: delete {folder}, it will be rebuilt"
        for name, digest in digests.items()
        if not (folder / name).is_file() or sha256_of(folder / name) != digest
    ]


def pair_files(folder: Path) -> dict[str, str]:
    """The files of a finished join and their digests. Raises `IndexMismatch` where none is told."""
    done = folder / Path(PAIRS_DONE).name
    try:
        return dict(read_json(done)["files"])
    except (CaseError, KeyError, TypeError, ValueError):
        raise IndexMismatch(f"{done} is damaged: delete {folder}, it will be made anew") from None


def index_folder(case: Case, signal: str) -> Path:
    """Where the index of a signal lies as of the case's epoch."""
    made_by = case.epoch.signals.get(signal, {}).get("fingerprint", "")
    shards = sorted(case.epoch.shards.get(signal_table(signal), {}))
    belongs = json.dumps([_LAYOUT, made_by, shards])
    return case.path / "index" / signal / hashlib.sha256(belongs.encode()).hexdigest()[:12]


def _build_alone(case: Case, signal: str, folder: Path, progress: Progress) -> None:
    """Build unless another process does so first; then delete what nobody will open again."""
    try:
        with exclusive_lock(folder.parent):
            if not (folder / _MANIFEST).is_file():
                _build(case, signal, folder, progress)
            with suppress(BlockingIOError), exclusive_lock(comparison_folder(folder), wait=False):
                for old in folder.parent.iterdir():
                    if old.is_dir() and old != folder and not any(old.glob(PAIRS_DONE)):
                        shutil.rmtree(old, ignore_errors=True)
    except (OSError, RuntimeError) as error:  # FAISS writes files of its own
        reason = getattr(error, "strerror", None) or error
        raise CaseError(
            f"{folder} can't be written: {reason}. Make room or mend the permissions, then run the "
            "same command again"
        ) from None


def _build(case: Case, signal: str, folder: Path, progress: Progress) -> None:
    """Build beside the place, then rename: nobody ever opens half an index."""
    beside = folder.with_name(f".{folder.name}")
    shutil.rmtree(beside, ignore_errors=True)
    beside.mkdir()
    if SIGNALS[signal].metric is Metric.FEATURES:
        manifest = _build_features(case, signal, beside, progress)
    elif SIGNALS[signal].metric is Metric.PIXELS:
        manifest = _build_thumbnails(case, signal, beside)
    else:
        manifest = _build_codes(case, signal, beside)
    write_atomically(beside / _MANIFEST, json.dumps(asdict(manifest), indent=1) + "\n")
    replace_folder(beside, folder)


def _build_codes(case: Case, signal: str, folder: Path) -> Manifest:
    """An index of values that are one code each."""
    codes = Codes.of(case, signal)
    for name in _ARRAYS:
        save_array(folder / f"{name}.npy", getattr(codes, name))
    index = _made(signal, codes)
    extra = index.save(folder) if isinstance(index, DenseIndex | BinaryIndex) else []
    names = [*(f"{name}.npy" for name in _ARRAYS), *extra]
    return Manifest(
        signal=signal,
        fingerprint=case.epoch.signals[signal]["fingerprint"],
        metric=SIGNALS[signal].metric,
        technique=index.technique,
        dimension=int(codes.codes.shape[1]),
        codes=len(codes),
        items=len(codes.items),
        recall=index.recall if isinstance(index, DenseIndex) else 1.0,
        files={name: sha256_of(folder / name) for name in names},
    )


def _build_features(case: Case, signal: str, folder: Path, progress: Progress) -> Manifest:
    """An index of sets of features, from an earlier one where that goes."""
    shards = FeatureShards(case.files(signal_table(signal)))
    fingerprint = case.epoch.signals[signal]["fingerprint"]
    earlier = _earlier_features(folder, fingerprint, case.epoch.rows(signal_table(signal)))
    build_inverted_index(folder, shards, earlier, progress)
    index = FeatureIndex.open(folder, shards)
    names = [f"{name}.npy" for name in FEATURE_ARRAYS]
    return Manifest(
        signal=signal,
        fingerprint=fingerprint,
        metric=SIGNALS[signal].metric,
        technique=index.technique,
        dimension=int(index.centers.shape[1]),
        codes=len(index.owners),
        items=len(index),
        recall=round(index.measured_recall(), 4),
        files={name: sha256_of(folder / name) for name in names},
    )


def _build_thumbnails(case: Case, signal: str, folder: Path) -> Manifest:
    """Where each thumbnail lies."""
    shards = CodeShards(case.files(signal_table(signal)))
    build_thumbnails(folder, shards)
    index = ThumbnailIndex.open(folder, shards)
    return Manifest(
        signal=signal,
        fingerprint=case.epoch.signals[signal]["fingerprint"],
        metric=SIGNALS[signal].metric,
        technique=index.technique,
        dimension=0,
        codes=len(index),
        items=len(index),
        recall=1.0,
        files={f"{name}.npy": sha256_of(folder / f"{name}.npy") for name in THUMBNAIL_ARRAYS},
    )


def _earlier_features(folder: Path, fingerprint: str, pictures: int) -> FeatureIndex | None:
    """The largest whole index of the same signal that another one can be built from."""
    found = []
    for path in folder.parent.glob(f"[!.]*/{_MANIFEST}"):
        with suppress(IndexMismatch):
            manifest = read_manifest(path.parent)
            if manifest.fingerprint == fingerprint and manifest.items <= pictures:
                found.append((manifest.items, path.parent, manifest))
    for _, other, manifest in sorted(found, key=lambda each: each[:2], reverse=True):
        with suppress(OSError, ValueError):
            earlier = FeatureIndex.open(other)
            if not can_reuse_centers(earlier, pictures):
                return None
            if all(sha256_of(other / name) == digest for name, digest in manifest.files.items()):
                return earlier
    return None


def _made(signal: str, codes: Codes) -> BinaryIndex | DenseIndex | MinHashIndex:
    match SIGNALS[signal].metric:
        case Metric.HAMMING:
            return BinaryIndex(codes)
        case Metric.COSINE:
            return DenseIndex.build(codes)
        case _:
            return MinHashIndex(codes)


def _load(case: Case, folder: Path, manifest: Manifest) -> Index:
    try:
        if SIGNALS[manifest.signal].metric is Metric.FEATURES:
            shards = FeatureShards(case.files(signal_table(manifest.signal)))
            return FeatureIndex.open(folder, shards)
        if SIGNALS[manifest.signal].metric is Metric.PIXELS:
            files = CodeShards(case.files(signal_table(manifest.signal)))
            return ThumbnailIndex.open(folder, files)
        codes = Codes(*(map_array(folder / f"{name}.npy") for name in _ARRAYS))
        _same_size(codes, manifest)
        match SIGNALS[manifest.signal].metric:
            case Metric.HAMMING:
                return BinaryIndex.load(codes, folder)
            case Metric.COSINE:
                return DenseIndex.load(codes, folder, manifest.technique, manifest.recall)
            case _:
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


def read_manifest(folder: Path) -> Manifest:
    """An index's manifest. Raises `IndexMismatch` where it can't be read."""
    try:
        return Manifest(**json.loads((folder / _MANIFEST).read_text("utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise IndexMismatch(
            f"{folder / _MANIFEST} can't be read ({error}): delete {folder}, it will be rebuilt"
        ) from None
