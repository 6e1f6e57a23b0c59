"""Pictures compared by what they show: edited copies that PDQ can't see, and alterations.

Copies by PDQ are confirmed first: each is held against the one that it is tied to, and what the
pixels contradict is a copy no more. Then all pictures that differ by PDQ are compared: a join of
their local features proposes pairs (see `index.feature_join`), the pictures themselves decide.

`CASE/verified/local-<digest>/` keeps the join and what was found of each pair. The digest is that
of the rule, and of what makes features and thumbnails. A killed run loses the pairs of the file in
flight. When pictures are added later, only pairs that have one of them are compared. Delete the
folder, and it is made anew.
"""

import hashlib
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from frametrace.case.files import TEMPORARY
from frametrace.case.locks import comparison_lock
from frametrace.case.schemas import signal_table
from frametrace.case.store import Case
from frametrace.embed.signals.local import Local
from frametrace.embed.signals.thumbnail import Thumbnail
from frametrace.index.feature_join.feature_join import check_join, propose_pairs
from frametrace.index.feature_shards import FeatureShards
from frametrace.index.store import index_folder
from frametrace.matcher.photos.grouping import Distinct, Near, tied_by_medoids
from frametrace.matcher.pictures.candidates import Wanted, completing, from_proposals, in_stars
from frametrace.matcher.pictures.compare_pairs import Comparing, values_of
from frametrace.matcher.pictures.compared_store import UNIT, Verified, damaged_in
from frametrace.matcher.pictures.verified_pairs import PAIRS
from frametrace.posts.errors import CaseError
from frametrace.work.executor import Crashed, Executor
from frametrace.work.process_pool import executor_for
from frametrace.work.progress import Progress, Silent

__all__ = [
    "FEW_PAIRS",
    "JOIN",
    "Edited",
    "able_pictures",
    "check_compared",
    "compare_pictures",
    "compared_folder",
    "joined",
    "pairs_found",
]

_FOLDER, JOIN = "verified", "join"
_RULE = 4  # of proposing and verifying; what was found by another rule is found anew
FEW_PAIRS = 200  # pairs that are compared here: workers take as long to start
_SECONDS = 600.0  # that a pair may take
_CONFIRMATIONS = 10  # rounds of confirming what copies by PDQ are tied to
_COMPLETIONS = 3  # rounds of comparing with hubs: a pair that is found may join two sets of copies


@dataclass(frozen=True, slots=True)
class Edited:
    """The pairs that were found, in the schema `PAIRS`, and what is left of the copies by PDQ.

    `lacking` pictures have no thumbnail, or no features, and were not compared.
    """

    near: Near
    distinct: Distinct
    pairs: pa.Table = field(default_factory=PAIRS.empty_table)
    lacking: int = 0


def compare_pictures(
    case: Case, near: Near, executor: Executor | None = None, progress: Progress | None = None
) -> Edited:
    """Confirm the copies by PDQ, and compare what differs by it.

    No pair is compared twice. Raises `CaseError` where what is found can't be kept.
    """
    progress = progress or Silent()
    able, lacking = able_pictures(case)
    with _comparison(case, able, executor, progress) as comparison:
        near = comparison.confirmed(near)
        distinct = near.distinct()
        pictures = distinct.name.filter(pc.is_in(distinct.name, value_set=able))
        shards = FeatureShards(case.files(signal_table(Local.name)))
        proposals = propose_pairs(comparison.folder / JOIN, shards, pictures, progress)
        for best in (True, False):
            known = comparison.verified.pairs(pictures)
            comparison.compare(from_proposals(proposals, pictures, known, best=best))
        for _ in range(_COMPLETIONS):
            known = comparison.verified.pairs(pictures)
            tied = tied_by_medoids(near, distinct, known)
            if not comparison.compare(completing(known, distinct.name, tied)):
                break
        return Edited(near, distinct, comparison.verified.pairs(near.nodes.item), lacking)


def joined(case: Case, progress: Progress | None = None) -> Path:
    """The folder of the join of all of the case's pictures, brought up to date."""
    progress = progress or Silent()
    able, _ = able_pictures(case)
    with _comparison(case, able, None, progress) as comparison:
        shards = FeatureShards(case.files(signal_table(Local.name)))
        propose_pairs(comparison.folder / JOIN, shards, able, progress)
        return comparison.folder / JOIN


def pairs_found(case: Case, pictures: pa.Array) -> pa.Table:
    """What earlier matches found of pairs with these pictures or their partners, as of `PAIRS`."""
    able, _ = able_pictures(case)
    found = Verified(compared_folder(case)).pairs(able)
    for _ in range(2):  # with the pairs of their partners, which tell what these show of elements
        sides = [found[name].combine_chunks() for name in ("sha256_a", "sha256_b")]
        near = found.filter(pc.or_(*(pc.is_in(side, value_set=pictures) for side in sides)))
        partners = [near[name].combine_chunks() for name in ("sha256_a", "sha256_b")]
        pictures = pc.unique(pa.concat_arrays([pictures, *partners]))
    return near


def check_compared(case: Case) -> list[str]:
    """What is damaged of what was kept of the case's pictures, as plain sentences."""
    folder = compared_folder(case)
    wrong = [f"{path} is damaged: match again, it will be made anew" for path in damaged_in(folder)]
    return wrong + (check_join(folder / JOIN) if (folder / JOIN).is_dir() else [])


class _Comparison:
    """The pairs of a case that are compared and kept in its folder, one process at a time."""

    def __init__(
        self,
        case: Case,
        able: pa.StringArray,
        executor: Executor | None,
        progress: Progress,
    ) -> None:
        self.folder = compared_folder(case)
        self._case, self._able = case, able
        self._executor, self._progress = executor, progress
        self.verified = Verified(self.folder)

    def begin(self) -> None:
        """Sweep what earlier runs and rules left."""
        progress = self._progress
        for path in self.verified.damaged:
            progress.note(f"{path} is damaged: its pairs are compared again")
            path.unlink()
        for left in self.folder.glob(TEMPORARY):
            left.unlink()
        for old in self.folder.parent.iterdir():
            if old != self.folder:
                shutil.rmtree(old, ignore_errors=True)

    def confirmed(self, near: Near) -> Near:
        """The copies by PDQ without those that their pixels contradict."""
        for _ in range(_CONFIRMATIONS):
            self.compare(in_stars(near, near.distinct()))
            left = near.without(self.verified.pairs(near.nodes.name))
            if len(left.edges) == len(near.edges):
                break
            near = left
        return near

    def compare(self, wanted: Wanted) -> bool:
        """Compare those pairs that were not compared before and can be, unit by unit.

        False where there are none.
        """
        wanted = wanted.among(self._able).without(self.verified.compared())
        if not len(wanted):
            return False
        held, candidates = wanted.numbered()
        with (
            values_of(self._case, held, self.folder) as values,
            executor_for(
                self._executor, len(candidates), few=FEW_PAIRS, seconds=_SECONDS
            ) as executor,
            self._progress.track("comparing pictures in detail", len(candidates)) as advance,
        ):
            found = executor.map(Comparing(values), candidates)
            crashed = 0
            for start in range(0, len(candidates), UNIT):
                unit: list[dict[str, object]] = []
                for pair in candidates[start : start + UNIT]:
                    row = next(found)
                    names = {"sha256_a": held[pair.a].as_py(), "sha256_b": held[pair.b].as_py()}
                    if isinstance(row, Crashed):
                        crashed += 1
                    else:
                        unit.append({**names, **(row or {})})
                    advance(1)
                self.verified.put(unit)
        if crashed:
            self._progress.note(
                f"{crashed:,} pairs of pictures could not be compared: a process ended over each. "
                "They are tried again the next time"
            )
        return True


@contextmanager
def _comparison(
    case: Case, able: pa.StringArray, executor: Executor | None, progress: Progress
) -> Iterator[_Comparison]:
    """The only comparison of the case's pictures for as long as it is needed."""
    folder = compared_folder(case)
    try:
        with comparison_lock(index_folder(case, Local.name), progress):
            folder.mkdir(parents=True, exist_ok=True)
            comparison = _Comparison(case, able, executor, progress)
            comparison.begin()
            yield comparison
            comparison.verified.tidy()
    except OSError as error:
        raise CaseError(
            f"{folder} can't be written: {error.strerror or error}. Make room or fix the "
            "permissions, then run the same command again: it goes on where it was"
        ) from None


def able_pictures(case: Case) -> tuple[pa.StringArray, int]:
    """The pictures that can be compared, and how many have features but no thumbnail."""
    have = [
        case.read(signal_table(name), ["sha256"])["sha256"].combine_chunks()
        if name in case.epoch.signals
        else pa.array([], pa.string())
        for name in (Local.name, Thumbnail.name)
    ]
    able = have[0].filter(pc.is_in(have[0], value_set=have[1]))
    return able, len(have[0]) - len(able)


def compared_folder(case: Case) -> Path:
    """Where the join of a case's pictures lies, and what was found of each pair."""
    made = [case.epoch.signals.get(name, {}) for name in (Local.name, Thumbnail.name)]
    rule = " ".join([str(_RULE), *(one.get("fingerprint", "") for one in made)])
    digest = hashlib.sha256(rule.encode()).hexdigest()[:12]
    return case.path / _FOLDER / f"{Local.name}-{digest}"
