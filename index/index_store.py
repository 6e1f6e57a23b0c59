"""Opens a case's indexes; builds them where they are missing or out of date.

`CASE/index/<signal>/<digest>/` holds the files of an index (`.npy`, memory-mapped when opened) and
a manifest of what they belong to. The digest is that of the signal's committed shards, so an index
that was built before more pictures were added is never opened by mistake. Everything here can be
deleted and rebuilt; nothing is pickled.
"""

import hashlib
import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import TypeVar, overload

from frametrace.case.atomic_files import replace_folder
from frametrace.case.file_digests import digest_of, is_intact
from frametrace.case.json_files import parse_json, read_json, write_json
from frametrace.case.locks import comparison_folder, exclusive_lock
from frametrace.case.schemas import signal_table
from frametrace.case.store import Case
from frametrace.embed.signals import SIGNALS, Metric
from frametrace.index.base import Index, IndexSource, Manifest
from frametrace.index.feature_search.inverted_index import FeatureIndex
from frametrace.index.hamming.hamming_index import HammingIndex
from frametrace.index.minhash import MinHashIndex
from frametrace.index.thumbnail_lookup import ThumbnailIndex
from frametrace.index.vectors import VectorIndex
from frametrace.posts.errors import CaseError, IndexMismatch, UsageError
from frametrace.work.progress import Progress, Silent

__all__ = [
    "INDEXES",
    "PAIRS_DONE",
    "check_index",
    "check_signal",
    "has_index",
    "index_folder",
    "open_index",
    "pair_files",
    "read_manifest",
]

# One line for each metric that has an index. Texts (Metric.TEXT) are in the indexes of captions.
INDEXES: Mapping[Metric, type[Index]] = {
    Metric.HAMMING: HammingIndex,
    Metric.COSINE: VectorIndex,
    Metric.JACCARD: MinHashIndex,
    Metric.FEATURES: FeatureIndex,
    Metric.PIXELS: ThumbnailIndex,
}

_MANIFEST = "manifest.json"
PAIRS_DONE = "pairs-*/done.json"  # there once all near pairs were found; the next join adds to them
_LAYOUT = 2  # version of the files; those of another layout are rebuilt

_Kind = TypeVar("_Kind", bound=Index)


@overload
def open_index(case: Case, signal: str, *, progress: Progress | None = None) -> Index: ...
@overload
def open_index(
    case: Case, signal: str, kind: type[_Kind], progress: Progress | None = None
) -> _Kind: ...
def open_index(
    case: Case, signal: str, kind: type[Index] = Index, progress: Progress | None = None
) -> Index:
    """The index of a signal as of the case's epoch; it is built if it is missing.

    `kind` is the class of index that the caller needs. Raises `UsageError` if the case has no such
    signal or its index is of another class, `IndexMismatch` if the files on disk are damaged or
    belong to something else, `CaseError` if they can't be written.
    """
    check_signal(case, signal)
    metric = SIGNALS[signal].metric
    if not issubclass(INDEXES[metric], kind):
        raise UsageError(f"{signal} is compared by {metric}: it can't be used here")
    folder = index_folder(case, signal)
    if not (folder / _MANIFEST).is_file():
        _build_locked(case, signal, folder, progress or Silent())
    manifest = read_manifest(folder)
    stated = (manifest.signal, manifest.fingerprint, manifest.metric)
    expected = (signal, case.epoch.signals[signal]["fingerprint"], metric)
    if stated != expected:
        raise IndexMismatch(
            f"{folder} was built for {' / '.join(stated)}, not for {' / '.join(expected)}: "
            f"delete {folder}, it will be rebuilt"
        )
    try:
        _verify(folder, manifest)
        return INDEXES[metric].open(folder, IndexSource(case, signal), manifest)
    except (OSError, ValueError, RuntimeError) as error:
        raise IndexMismatch(
            f"{folder} is damaged ({error}): delete it, it will be rebuilt"
        ) from None


def _verify(folder: Path, manifest: Manifest) -> None:
    """Raises `ValueError` or `OSError` if a file is damaged or missing."""
    for name, digest in manifest.files.items():
        if not is_intact(folder / name, digest):
            raise ValueError(f"{name} doesn't have its digest")


def has_index(signal: str) -> bool:
    """Whether the values of a signal have an index of their own."""
    return SIGNALS[signal].metric in INDEXES


def check_signal(case: Case, signal: str) -> None:
    """Raises `UsageError` if the case has no such signal, or one without an index of its own."""
    if signal in SIGNALS and not has_index(signal):
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
    """Compare an index's files with its manifest; returns sentences on what is damaged."""
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
        if not (folder / name).is_file() or not is_intact(folder / name, digest)
    ]


def pair_files(folder: Path) -> dict[str, str]:
    """The files of a finished join and their digests. Raises `IndexMismatch` without a list."""
    done = folder / Path(PAIRS_DONE).name
    try:
        return dict(read_json(done)["files"])
    except (CaseError, KeyError, TypeError, ValueError):
        raise IndexMismatch(f"{done} is damaged: delete {folder}, it will be rebuilt") from None


def index_folder(case: Case, signal: str) -> Path:
    """The folder of a signal's index as of the case's epoch."""
    made_by = case.epoch.signals.get(signal, {}).get("fingerprint", "")
    shards = sorted(case.epoch.shards.get(signal_table(signal), {}))
    belongs_to = json.dumps([_LAYOUT, made_by, shards])
    return case.path / "index" / signal / hashlib.sha256(belongs_to.encode()).hexdigest()[:12]


def _build_locked(case: Case, signal: str, folder: Path, progress: Progress) -> None:
    """Build unless another process does so first; then delete indexes that are out of date."""
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
            f"{folder} can't be written: {reason}. Make room or fix the permissions, then run the "
            "same command again"
        ) from None


def _build(case: Case, signal: str, folder: Path, progress: Progress) -> None:
    """Build under a temporary name, then rename: nobody ever opens half an index."""
    unfinished = folder.with_name(f".{folder.name}")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir()
    source, metric = IndexSource(case, signal), SIGNALS[signal].metric
    fingerprint = case.epoch.signals[signal]["fingerprint"]
    earlier = _earlier(folder, fingerprint, source.rows)
    index = INDEXES[metric].build(unfinished, source, earlier, progress)
    codes, items = index.counts
    manifest = Manifest(
        signal=signal,
        fingerprint=fingerprint,
        metric=metric,
        technique=index.technique,
        dimension=index.dimension,
        codes=codes,
        items=items,
        recall=index.recall,
        files={name: digest_of(unfinished / name) for name in index.files},
    )
    write_json(unfinished / _MANIFEST, asdict(manifest))
    replace_folder(unfinished, folder)


def _earlier(folder: Path, fingerprint: str, rows: int) -> Iterator[Path]:
    """The undamaged indexes of fewer items of the same signal, largest first."""
    manifests = []
    for path in folder.parent.glob(f"[!.]*/{_MANIFEST}"):
        with suppress(IndexMismatch):
            manifest = read_manifest(path.parent)
            if manifest.fingerprint == fingerprint and manifest.items <= rows:
                manifests.append((manifest.items, path.parent, manifest.files))
    for _, earlier, files in sorted(manifests, key=lambda entry: entry[:2], reverse=True):
        with suppress(OSError):
            if all(is_intact(earlier / name, digest) for name, digest in files.items()):
                yield earlier


def read_manifest(folder: Path) -> Manifest:
    """An index's manifest. Raises `IndexMismatch` if it can't be read."""
    try:
        return Manifest(**parse_json((folder / _MANIFEST).read_text("utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise IndexMismatch(
            f"{folder / _MANIFEST} can't be read ({error}): delete {folder}, it will be rebuilt"
        ) from None
