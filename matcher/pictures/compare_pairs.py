"""Compares candidate pairs of a case's pictures, each pair once, and keeps the results in the case.

`CASE/verified/local-<digest>/` keeps the results and the join of the local features. The digest is
made from the version of the rule and the fingerprints of features and thumbnails. A killed run
loses only the pairs of the file in flight. When pictures are added later, only pairs with one of
them are compared. The folder may be deleted: it is then computed again.
"""

import hashlib
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from frametrace.case.atomic_files import TEMPORARY
from frametrace.case.locks import comparison_lock
from frametrace.case.schemas import signal_table
from frametrace.case.store import Case
from frametrace.embed.signals.local import Local
from frametrace.embed.signals.thumbnail import Thumbnail
from frametrace.index.feature_join.feature_join import Proposals, check_join, propose_pairs
from frametrace.index.feature_shards import FeatureShards
from frametrace.index.index_store import index_folder
from frametrace.matcher.pictures.compare_worker import ComparePair, load_values, value_files
from frametrace.matcher.pictures.pairs_to_compare import NumberedPair, PairsToCompare
from frametrace.matcher.pictures.picture_values import PictureValues
from frametrace.matcher.pictures.verified_pair_store import UNIT, ComparedStore, damaged_files
from frametrace.matcher.pictures.verified_pair_table import pictures_in
from frametrace.posts.errors import CaseError, FrametraceError
from frametrace.work.executor import Crashed, Executor
from frametrace.work.process_pool import executor_for
from frametrace.work.progress import Progress, Silent

__all__ = [
    "FEW_PAIRS",
    "JOIN",
    "PairComparison",
    "check_compared",
    "comparable_pictures",
    "compared_folder",
    "note_crashed",
    "open_comparison",
    "pairs_around",
    "updated_join",
]

_FOLDER, JOIN = "verified", "join"
_RULE = 4  # version of proposing and verifying; results of other versions are computed again
FEW_PAIRS = 200  # compared in this process: starting workers would take as long
_MAX_SECONDS = 600.0  # that comparing one pair may take


def updated_join(case: Case, progress: Progress | None = None) -> Path:
    """The folder of the join of all of the case's pictures, brought up to date."""
    progress = progress or Silent()
    pictures, _ = comparable_pictures(case)
    with open_comparison(case, pictures, None, progress) as comparison:
        comparison.proposals(pictures)
        return comparison.folder / JOIN


def pairs_around(case: Case, pictures: pa.Array) -> pa.Table:
    """The stored pairs, in the schema `PAIRS`, of these pictures and of their partners.

    The partners' own pairs show which of their cells are elements.
    """
    comparable, _ = comparable_pictures(case)
    pairs = ComparedStore(compared_folder(case)).verified(comparable)
    for _ in range(2):
        sides = (pc.is_in(pairs[name], value_set=pictures) for name in ("sha256_a", "sha256_b"))
        near = pairs.filter(pc.or_(*sides))
        pictures = pictures_in(near)
    return near


def check_compared(case: Case) -> list[str]:
    """What is damaged in the case's compared pairs and its join, as sentences."""
    folder = compared_folder(case)
    damage = [
        f"{path} is damaged: match again, and it will be computed again"
        for path in damaged_files(folder)
    ]
    return damage + (check_join(folder / JOIN) if (folder / JOIN).is_dir() else [])


class PairComparison:
    """Compares pairs of a case's pictures; only one process does so at a time."""

    def __init__(
        self,
        case: Case,
        comparable: pa.StringArray,
        executor: Executor | None,
        progress: Progress,
    ) -> None:
        self.folder = compared_folder(case)
        self.store = ComparedStore(self.folder)
        self._case, self._comparable = case, comparable
        self._executor, self._progress = executor, progress

    def remove_leftovers(self) -> None:
        """Delete damaged and temporary files, and the results of other versions."""
        for path in self.store.damaged:
            self._progress.note(f"{path} is damaged: its pairs are compared again")
            path.unlink()
        for temporary in self.folder.glob(TEMPORARY):
            temporary.unlink()
        for folder in self.folder.parent.iterdir():
            if folder != self.folder:
                shutil.rmtree(folder, ignore_errors=True)

    def proposals(self, pictures: pa.StringArray) -> Proposals:
        """The pairs of some pictures that the join of local features proposes."""
        shards = FeatureShards.of_case(self._case, Local.name)
        return propose_pairs(self.folder / JOIN, shards, pictures, self._progress)

    def compare(self, pairs: PairsToCompare) -> bool:
        """Compare the pairs that can be compared and have not been yet; False if there are none."""
        pairs = pairs.among(self._comparable).without(self.store.compared())
        if not len(pairs):
            return False
        pictures, numbered = pairs.numbered()
        with (
            value_files(self._case, pictures, self.folder) as values,
            executor_for(
                self._executor, len(numbered), few=FEW_PAIRS, seconds=_MAX_SECONDS
            ) as executor,
            self._progress.track("comparing pictures in detail", len(numbered)) as advance,
        ):
            results = executor.map(ComparePair(values), numbered)
            crashed: list[Crashed] = []
            for start in range(0, len(numbered), UNIT):
                unit: list[dict[str, object]] = []
                for pair in numbered[start : start + UNIT]:
                    row = next(results)
                    if isinstance(row, Crashed):
                        crashed.append(row)
                    else:
                        unit.append({**_digests(pair, pictures), **(row or {})})
                    advance(1)
                self.store.put(unit)
        note_crashed(crashed, self._progress)
        return True

    @contextmanager
    def values_of(self, pictures: pa.StringArray) -> Iterator[Callable[[int], PictureValues]]:
        """The values of some pictures, by their positions."""
        with value_files(self._case, pictures, self.folder) as values:
            yield partial(load_values, values)


def note_crashed(crashed: Sequence[Crashed], progress: Progress) -> None:
    """Say how many pairs could not be compared, since a worker crashed on each of them.

    Raises `FrametraceError` if the system ended a worker: the results would lack innocent pairs.
    """
    if not crashed:
        return
    message = f"{len(crashed):,} pairs of pictures could not be compared"
    if any(result.by_system for result in crashed):
        raise FrametraceError(
            f"{message}: the system ended the workers, most often for lack of memory. Close other "
            "programs, then run the same command again"
        )
    progress.note(f"{message}: the process crashed on each of them. The next run tries them again")


def _digests(pair: NumberedPair, pictures: pa.StringArray) -> dict[str, object]:
    return {"sha256_a": pictures[pair.a].as_py(), "sha256_b": pictures[pair.b].as_py()}


@contextmanager
def open_comparison(
    case: Case, comparable: pa.StringArray, executor: Executor | None, progress: Progress
) -> Iterator[PairComparison]:
    """Wait until no other process compares the case's pictures, and keep others waiting.

    Raises `CaseError` if the results can't be written.
    """
    folder = compared_folder(case)
    try:
        with comparison_lock(index_folder(case, Local.name), progress):
            folder.mkdir(parents=True, exist_ok=True)
            comparison = PairComparison(case, comparable, executor, progress)
            comparison.remove_leftovers()
            yield comparison
            comparison.store.merge_small_files()
    except OSError as error:
        raise CaseError(
            f"{folder} can't be written: {error.strerror or error}. Make room or fix the "
            "permissions, then run the same command again: it continues where it stopped"
        ) from None


def comparable_pictures(case: Case) -> tuple[pa.StringArray, int]:
    """The pictures with features and a thumbnail, and how many have features only."""
    features, thumbnails = (
        case.read(signal_table(name), ["sha256"])["sha256"].combine_chunks()
        if name in case.epoch.signals
        else pa.array([], pa.string())
        for name in (Local.name, Thumbnail.name)
    )
    comparable = features.filter(pc.is_in(features, value_set=thumbnails))
    return comparable, len(features) - len(comparable)


def compared_folder(case: Case) -> Path:
    """The folder of the join and of the compared pairs of a case's pictures."""
    makers = [case.epoch.signals.get(name, {}) for name in (Local.name, Thumbnail.name)]
    rule = " ".join([str(_RULE), *(made_by.get("fingerprint", "") for made_by in makers)])
    digest = hashlib.sha256(rule.encode()).hexdigest()[:12]
    return case.path / _FOLDER / f"{Local.name}-{digest}"
