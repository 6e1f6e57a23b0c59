"""The match stage: a case's signals → matches, groups, accounts, ties, kept with their settings."""

import json
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from importlib.metadata import version
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from frametrace.case.files import replace_folder, write_atomically
from frametrace.case.locks import exclusive_lock, shared_lock
from frametrace.case.store import Case
from frametrace.matcher.between_cases.spanning_groups import shown_of
from frametrace.matcher.changes import BEFORE, compare
from frametrace.matcher.framing.by_example.rank_posts import named_posts
from frametrace.matcher.framing.by_example.resolve_examples import CaseContents
from frametrace.matcher.framing.by_example.saved_framings import framing_digests
from frametrace.matcher.framing.find_framings import Framings, find_framings
from frametrace.matcher.framing.framing_summary import in_group_order
from frametrace.matcher.framing.tsne_map import map_of
from frametrace.matcher.groups import accounts_of, groups_of, members_of
from frametrace.matcher.network import case_ties
from frametrace.matcher.photos.assignment import PLACES
from frametrace.matcher.photos.compare_case import compare_case
from frametrace.matcher.photos.elements import Elements
from frametrace.matcher.photos.grouping import PhotoMatches
from frametrace.matcher.results import (
    ACCOUNTS,
    MAP,
    MATCHES,
    MEMBERS,
    ORDER_OF_MATCHES,
    TIES,
    GroupKind,
    Matches,
    Results,
    of_any_version,
)
from frametrace.matcher.settings import Extent, MatchSettings
from frametrace.posts.errors import CaseError
from frametrace.work.executor import Executor
from frametrace.work.progress import Progress, Silent

__all__ = ["MatchRun", "every_member", "load_results", "match_case", "results_before"]

_RUN = "match.json"
_MATCHES = "matches.parquet"
_EVERY = "every-member.parquet"  # of a union
# Settings that groups don't depend on; before 0.5 one bounded how many pictures were compared.
_OF_TIES = frozenset({"fdr", "max_tied_accounts", "max_local"})
_SINCE = ("changes", "arrivals")  # empty, or absent, where nothing was compared
_SINCE_0_4 = ("framings", "map", "named")  # older versions made none
_UNREADABLE = (OSError, ValueError, TypeError, KeyError, AttributeError, pa.ArrowException)


@dataclass(frozen=True, slots=True)
class MatchRun:
    """What a match run was made with and what it took; it lies beside its results.

    `since` is the epoch of the earlier run that its groups are compared with, if there is one;
    `otherwise` says in what that one was made otherwise. `version` is that of Frametrace.
    `unlisted` pairs of pictures were near and are not among the matches (see `crowds`). `left_out`
    pictures had no thumbnail, and were not compared by what they show. `named` has the
    SHA-256 digest of each named framing as it was then. `cases` are those of a union; `spanning`
    tells that what lies inside one of them was left out.
    """

    epoch: int
    settings: Mapping[str, float]
    signals: Mapping[str, Mapping[str, str]]
    seconds: Mapping[str, float]
    since: int | None = None
    otherwise: Sequence[str] = field(default_factory=list)
    version: str = "0.1.0"  # the first one, which did not say so
    unlisted: int = 0
    left_out: int = 0
    named: Mapping[str, str] = field(default_factory=dict)
    cases: Sequence[str] = field(default_factory=list)
    spanning: bool = False


def match_case(
    case: Case,
    settings: MatchSettings = MatchSettings(),
    progress: Progress | None = None,
    executor: Executor | None = None,
    extent: Extent = Extent(),
) -> tuple[Results, MatchRun]:
    """Match everything in the case as of its epoch and keep the results there.

    They say what changed since the newest earlier epoch that was matched. Without an executor,
    local features are compared by a process for each processor.
    """
    progress, clock = progress or Silent(), _Clock()
    compared = compare_case(case, settings.max_pdq, progress, executor, clock.lap)

    def lap(stage: str) -> None:
        clock.lap(stage)
        advance(1)

    with progress.track("matching", 5) as advance:
        photos = compared.photos()
        lap("photos")
        framings = find_framings(case, photos.places, settings)
        lap("framings")
        results = _found(case, settings, photos, compared.elements, framings, progress)
        lap("groups")
        if extent.mapped:
            results = replace(results, map=map_of(case, framings))
        lap("map")
        every = results.members
        results, cases = shown_of(case, results, whole=extent.whole)
        run = MatchRun(
            epoch=case.epoch.number,
            settings=asdict(settings),
            signals=case.epoch.signals,
            seconds=clock.seconds,
            version=version("frametrace"),
            unlisted=photos.unlisted,
            left_out=compared.lacking,
            named=framing_digests(case),
            cases=cases,
            spanning=bool(cases) and not extent.whole,
        )
        results, run = _compared(case, results, run)
        lap("changes")
    return _keep(case, results, _rows(photos, framings.matches), run, every), run


class _Clock:
    """How long each stage takes."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._begun = time.perf_counter()

    def lap(self, stage: str) -> None:
        """What was done since the last lap was that stage, or more of it."""
        now = time.perf_counter()
        self.seconds[stage] = round(self.seconds.get(stage, 0) + now - self._begun, 3)
        self._begun = now


def _rows(photos: PhotoMatches, alike: pa.Table) -> Iterator[pa.RecordBatch]:
    """All matches in order: what is similar comes last."""
    yield from photos.batches()
    yield from alike.sort_by(ORDER_OF_MATCHES).to_batches()


def _found(
    case: Case,
    settings: MatchSettings,
    photos: PhotoMatches,
    elements: Elements,
    framings: Framings,
    progress: Progress,
) -> Results:
    """What was found, but for the map."""
    compared = CaseContents(case, framings.contents, framings.fusion, photos.places)
    named = named_posts(compared, settings.min_decades, progress)
    parts = [
        members_of(case, photos.places, photos.listed),
        members_of(case, PLACES.empty_table(), elements.listed(), GroupKind.ELEMENT),
        framings.members,
    ]
    groups, members = groups_of(case, parts, framings.cohesion)
    return Results(
        groups=groups,
        members=members,
        accounts=accounts_of(case, members),
        ties=case_ties(case, members, settings.ties),
        framings=in_group_order(framings.summaries, groups),
        map=MAP.empty_table(),
        named=named,
    )


def _compared(case: Case, results: Results, run: MatchRun) -> tuple[Results, MatchRun]:
    """With what changed since the newest earlier run that can be read, if there is one."""
    for epoch, folder in _earlier(case, case.epoch.number):
        try:
            with shared_lock(folder.parent):
                otherwise = _otherwise(run, _read_run(folder))
                before = pq.read_table(folder / "members.parquet", columns=BEFORE.names)
            before = before.select(BEFORE.names).cast(BEFORE)
        except _UNREADABLE:
            continue
        changes, arrivals = compare(results.groups, results.members, before)
        results = replace(results, changes=changes, arrivals=arrivals)
        return results, replace(run, since=epoch, otherwise=otherwise)
    return results, run


def _earlier(case: Case, epoch: int) -> list[tuple[int, Path]]:
    """The epochs before one that were matched and their results, newest first."""
    folders = _folder(case).parent.glob(f"epoch-{'[0-9]' * 6}")
    found = [(int(folder.name[-6:]), folder) for folder in folders if (folder / _RUN).is_file()]
    return sorted((item for item in found if item[0] < epoch), reverse=True)


def _otherwise(run: MatchRun, earlier: MatchRun) -> list[str]:
    """In what an earlier run was made otherwise, as phrases."""
    then, now = earlier.settings, run.settings
    names = [n for n in sorted({*then, *now} - _OF_TIES) if then.get(n) != now.get(n)]
    phrases = [f"{name} was {then.get(name, 'absent')}" for name in names]
    made_then, made_now = (
        {name: made["fingerprint"] for name, made in r.signals.items()} for r in (earlier, run)
    )
    for name in sorted({*made_then, *made_now}):
        if name not in made_then:
            phrases.append(f"{name} was absent")
        elif made_then[name] != made_now.get(name):
            phrases.append(f"{name} was made otherwise")
    if earlier.spanning != run.spanning:
        phrases.append(
            f"what lies inside one case was {'left out' if earlier.spanning else 'shown'}"
        )
    if earlier.version != run.version:
        phrases.append(f"Frametrace was {earlier.version}")
    return phrases


def load_results(case: Case) -> tuple[Results, MatchRun]:
    """The results of the case's last match run.

    Raises `CaseError` where there are none as of its epoch.
    """
    folder = _folder(case)
    with shared_lock(folder.parent):
        if not (folder / _RUN).is_file():
            raise CaseError(
                f"{case.path} was not matched since it last changed; do it with: "
                f"frametrace match {case.path}"
            )
        try:
            run = _read_run(folder)
            names = [n for n in Results.tables() if run.since is not None or n not in _SINCE]
            names = [n for n in names if n not in _SINCE_0_4 or (folder / f"{n}.parquet").exists()]
            tables = {name: pq.read_table(folder / f"{name}.parquet") for name in names}
            for name, schema in (("ties", TIES), ("members", MEMBERS), ("accounts", ACCOUNTS)):
                tables[name] = of_any_version(tables[name], schema)
            matches = Matches(folder / _MATCHES)
        except _UNREADABLE as error:
            raise CaseError(
                f"{folder} is damaged ({error}); match again with: frametrace match {case.path}"
            ) from None
    return Results(**tables, matches=matches), run


def every_member(union: Case) -> pa.Table:
    """The members of all groups of a union that was matched, those inside one case included."""
    return pq.read_table(_folder(union) / _EVERY)


def results_before(case: Case, epoch: int) -> tuple[Results | None, int | None]:
    """The results of the newest match run before an epoch that can be read, and its epoch."""
    for number, _ in _earlier(case, epoch):
        then = Case(case.path)
        then.epoch = replace(case.epoch, number=number)
        with suppress(CaseError):
            return load_results(then)[0], number
    return None, None


def _read_run(folder: Path) -> MatchRun:
    return MatchRun(**json.loads((folder / _RUN).read_text("utf-8")))


def _folder(case: Case) -> Path:
    return case.path / "results" / f"epoch-{case.epoch.number:06d}"


def _keep(
    case: Case,
    results: Results,
    matches: Iterator[pa.RecordBatch],
    run: MatchRun,
    every: pa.Table,
) -> Results:
    """Write beside the place, then swap: a reader finds whole results or none."""
    folder = _folder(case)
    beside = folder.with_name(f".{folder.name}")
    try:
        with exclusive_lock(folder.parent):
            shutil.rmtree(beside, ignore_errors=True)
            beside.mkdir()
            for name in Results.tables():
                table = getattr(results, name)
                pq.write_table(table, beside / f"{name}.parquet", compression="zstd")
            if run.cases:
                pq.write_table(every, beside / _EVERY, compression="zstd")
            with pq.ParquetWriter(beside / _MATCHES, MATCHES, compression="zstd") as writer:
                for batch in matches:
                    writer.write_batch(batch)
            run_json = json.dumps(asdict(run), indent=1, ensure_ascii=False, sort_keys=True)
            write_atomically(beside / _RUN, run_json + "\n")
            replace_folder(beside, folder)
            return replace(results, matches=Matches(folder / _MATCHES))
    except OSError as error:
        raise CaseError(
            f"{folder} can't be written: {error.strerror or error}. Make room or mend the "
            "permissions, then run the same command again"
        ) from None
