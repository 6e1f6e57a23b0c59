"""Saves and loads the results of a match run, under `results/epoch-NNNNNN/` of the case."""

import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from frametrace.case.atomic_files import replace_folder
from frametrace.case.file_digests import digest_of, is_intact
from frametrace.case.json_files import parse_json, write_json
from frametrace.case.locks import exclusive_lock, shared_lock
from frametrace.case.store import Case
from frametrace.matcher.result_schemas import (
    ACCOUNTS,
    ARRIVALS,
    CHANGES,
    FRAMINGS,
    MAP,
    MATCHES,
    MEMBERS,
    NAMED,
    TIES,
    VIDEO_MATCHES,
    upgraded,
)
from frametrace.posts.errors import CaseError, NotMatched
from frametrace.work.progress import Progress

__all__ = [
    "MatchRun",
    "Matches",
    "Results",
    "check_results",
    "earlier_members",
    "every_member",
    "load_results",
    "results_before",
    "save_results",
]

_RUN, _DIGESTS = "match.json", "files"
_MATCHES = "matches.parquet"
_EVERY_MEMBER = "every-member.parquet"  # only of a union
_COMPARED_TABLES = ("changes", "arrivals")  # absent or empty if there was no earlier run
_NEWER_TABLES = ("framings", "map", "named", "video_matches")  # absent from older results
_UPGRADED = {
    "ties": TIES,
    "members": MEMBERS,
    "accounts": ACCOUNTS,
    "framings": FRAMINGS,
    "named": NAMED,
}
_UNREADABLE = (OSError, ValueError, TypeError, KeyError, AttributeError, pa.ArrowException)


class Matches:
    """The rows of `MATCHES`, ordered. They stay on disk: there can be very many."""

    def __init__(self, path: Path | None = None) -> None:
        # The file stays open as long as this object lives: another run may replace it on disk.
        self._file = pq.ParquetFile(path, memory_map=True) if path is not None else None
        self.num_rows: int = self._file.metadata.num_rows if self._file is not None else 0

    def batches(self) -> Iterator[pa.RecordBatch]:
        """All rows, in batches."""
        for batch in self._file.iter_batches() if self._file is not None else ():
            yield from upgraded(pa.Table.from_batches([batch]), MATCHES).to_batches()

    def table(self) -> pa.Table:
        """All rows in one table."""
        return pa.Table.from_batches(self.batches(), MATCHES)


@dataclass(frozen=True, slots=True)
class Results:
    """The tables of one match run, in the schemas of `result_schemas`; all in a stable order.

    `changes` and `arrivals` are empty if there was no earlier run to compare with. `framings`,
    `map`, `named` and `video_matches` are empty in the results of old versions.
    """

    groups: pa.Table
    members: pa.Table
    accounts: pa.Table
    ties: pa.Table
    framings: pa.Table = field(default_factory=FRAMINGS.empty_table)
    map: pa.Table = field(default_factory=MAP.empty_table)
    named: pa.Table = field(default_factory=NAMED.empty_table)
    video_matches: pa.Table = field(default_factory=VIDEO_MATCHES.empty_table)
    changes: pa.Table = field(default_factory=CHANGES.empty_table)
    arrivals: pa.Table = field(default_factory=ARRIVALS.empty_table)
    matches: Matches = field(default_factory=Matches, compare=False)

    @classmethod
    def table_names(cls) -> list[str]:
        """The names of the fields that are tables in memory."""
        return [field.name for field in fields(cls) if field.name != "matches"]


@dataclass(frozen=True, slots=True)
class MatchRun:
    """The inputs and figures of a match run, saved as `match.json` beside its results.

    `since` is the epoch of the earlier run that its groups are compared with, if there is one, and
    `otherwise` lists how the inputs of that run differed. `version` is that of Frametrace.
    `unlisted` is the number of near pairs of pictures that are not among the matches (see
    `photos.dense_hashes`). `left_out` is the number of pictures without a thumbnail, which were not
    compared by their pixels. `named` holds the SHA-256 digest of each named framing at the time.
    `cases` are the cases of a union; `spanning` is true if groups inside one of them are left out.
    """

    epoch: int
    settings: Mapping[str, float]
    signals: Mapping[str, Mapping[str, str]]
    seconds: Mapping[str, float]
    since: int | None = None
    otherwise: Sequence[str] = field(default_factory=list)
    version: str = "0.1.0"  # that version did not record it
    unlisted: int = 0
    left_out: int = 0
    named: Mapping[str, str] = field(default_factory=dict)
    cases: Sequence[str] = field(default_factory=list)
    spanning: bool = False


def load_results(case: Case) -> tuple[Results, MatchRun]:
    """The results of the case's last match run.

    Raises `NotMatched` if there are none for the case's epoch, `CaseError` if they are damaged.
    """
    folder = _folder(case)
    with shared_lock(folder.parent):
        if not (folder / _RUN).is_file():
            raise NotMatched(
                f"{case.path} has not been matched since it last changed; match it with: "
                f"frametrace match {case.path}"
            )
        try:
            run, digests = _read_run(folder)
            _verify(folder, digests)
            tables = {
                name: pq.read_table(folder / f"{name}.parquet") for name in _saved(folder, run)
            }
            for name, schema in _UPGRADED.items():
                if name in tables:
                    tables[name] = upgraded(tables[name], schema)
            matches = Matches(folder / _MATCHES)
        except _UNREADABLE as error:
            raise _damaged(case, folder, error) from None
    return Results(**tables, matches=matches), run


def _saved(folder: Path, run: MatchRun) -> list[str]:
    """The names of the tables that a run saved."""
    names = [n for n in Results.table_names() if run.since is not None or n not in _COMPARED_TABLES]
    return [n for n in names if n not in _NEWER_TABLES or (folder / f"{n}.parquet").exists()]


def every_member(union: Case) -> pa.Table:
    """The members of all groups of a matched union, groups inside one case included.

    Raises `CaseError` if they are missing or damaged.
    """
    folder = _folder(union)
    try:
        _, digests = _read_run(folder)
        _verify(folder, digests, _EVERY_MEMBER)
        return pq.read_table(folder / _EVERY_MEMBER)
    except _UNREADABLE as error:
        raise _damaged(union, folder, error) from None


def results_before(
    case: Case, epoch: int, progress: Progress | None = None
) -> tuple[Results | None, int | None]:
    """The results of the newest undamaged match run before an epoch, and the epoch of that run."""
    for number, _ in _earlier_runs(case, epoch):
        earlier = Case(case.path)
        earlier.epoch = replace(case.epoch, number=number)
        try:
            return load_results(earlier)[0], number
        except CaseError as error:
            _pass_over(error, progress)
    return None, None


def earlier_members(
    case: Case, columns: pa.Schema, progress: Progress | None = None
) -> tuple[MatchRun, pa.Table] | None:
    """The newest undamaged match run before the case's epoch, with some columns of its members."""
    for number, folder in _earlier_runs(case, case.epoch.number):
        try:
            with shared_lock(folder.parent):
                run, digests = _read_run(folder)
                _verify(folder, digests, "members.parquet")
                members = pq.read_table(folder / "members.parquet", columns=columns.names)
            return replace(run, epoch=number), members.select(columns.names).cast(columns)
        except _UNREADABLE as error:
            _pass_over(_damaged(case, folder, error), progress)
    return None


def _pass_over(error: CaseError, progress: Progress | None) -> None:
    if progress is not None:
        progress.note(f"an earlier match is passed over: {error}")


def _earlier_runs(case: Case, epoch: int) -> list[tuple[int, Path]]:
    """The matched epochs before one, each with the folder of its results, newest first."""
    folders = _folder(case).parent.glob(f"epoch-{'[0-9]' * 6}")
    runs = [(int(folder.name[-6:]), folder) for folder in folders if (folder / _RUN).is_file()]
    return sorted((run for run in runs if run[0] < epoch), reverse=True)


def check_results(case: Case) -> list[str]:
    """Verify the results of the case's epoch; returns sentences on what is damaged."""
    if (_folder(case) / _RUN).is_file():
        try:
            load_results(case)
        except CaseError as error:
            return [str(error)]
    return []


def _read_run(folder: Path) -> tuple[MatchRun, Mapping[str, str]]:
    """A run, and the digests of its files; versions before 0.9 saved none."""
    content = parse_json((folder / _RUN).read_text("utf-8"))
    digests = content.pop(_DIGESTS, {})
    run = MatchRun(**content)
    if not all(isinstance(entry, Mapping) for entry in (run.settings, *run.signals.values())):
        raise TypeError(f"the settings or signals in {_RUN} are not objects")
    return run, digests


def _verify(folder: Path, digests: Mapping[str, str], *names: str) -> None:
    """Raises `ValueError` if one of the named files, by default any, is damaged."""
    for name in names or digests:
        if name in digests and not is_intact(folder / name, digests[name]):
            raise ValueError(f"{name} doesn't have its digest")


def _damaged(case: Case, folder: Path, error: Exception) -> CaseError:
    return CaseError(
        f"{folder} is damaged ({error}); match again with: frametrace match {case.path}"
    )


def _folder(case: Case) -> Path:
    return case.path / "results" / f"epoch-{case.epoch.number:06d}"


def save_results(
    case: Case,
    results: Results,
    matches: Iterator[pa.RecordBatch],
    run: MatchRun,
    every_member: pa.Table,
) -> Results:
    """Save results, and return them with their matches on disk.

    They are written to a hidden folder, which then replaces the old one: a reader sees complete
    results or none. `every_member` is saved if the case is a union. Raises `CaseError` if the
    files can't be written.
    """
    folder = _folder(case)
    temporary = folder.with_name(f".{folder.name}")
    try:
        with exclusive_lock(folder.parent):
            for unfinished in folder.parent.glob(".epoch-*"):  # of a killed run
                shutil.rmtree(unfinished, ignore_errors=True)
            temporary.mkdir()
            _write(temporary, results, matches)
            if run.cases:
                pq.write_table(every_member, temporary / _EVERY_MEMBER, compression="zstd")
            digests = {file.name: digest_of(file) for file in temporary.iterdir()}
            write_json(temporary / _RUN, {**asdict(run), _DIGESTS: digests})
            replace_folder(temporary, folder)
            return replace(results, matches=Matches(folder / _MATCHES))
    except OSError as error:
        raise CaseError(
            f"{folder} can't be written: {error.strerror or error}. Make room or fix the "
            "permissions, then run the same command again"
        ) from None


def _write(folder: Path, results: Results, matches: Iterator[pa.RecordBatch]) -> None:
    for name in Results.table_names():
        table = getattr(results, name)
        pq.write_table(table, folder / f"{name}.parquet", compression="zstd")
    with pq.ParquetWriter(folder / _MATCHES, MATCHES, compression="zstd") as writer:
        for batch in matches:
            writer.write_batch(batch)
