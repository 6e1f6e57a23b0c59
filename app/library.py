"""The public Python functions, one per command; `import frametrace` exports them."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from frametrace.app.library_results import Answer, Matched, Network, Paths, Run, RunSettings
from frametrace.case.store import Case
from frametrace.case.table import Table
from frametrace.embed.embed_settings import EmbedSettings
from frametrace.matcher.match_settings import Extent, MatchSettings, ShareColumns, TieSettings
from frametrace.posts.errors import SourceError, UsageError
from frametrace.posts.read_settings import ReadSettings
from frametrace.posts.sources.paths import printable
from frametrace.work.progress import Progress, Silent

if TYPE_CHECKING:
    import pyarrow as pa

    from frametrace.case.ingest import Added
    from frametrace.embed.stage import Embedded
    from frametrace.matcher.network import Shares
    from frametrace.matcher.saved_results import MatchRun, Results

__all__ = [
    "Answer",
    "Matched",
    "Network",
    "Run",
    "RunSettings",
    "add",
    "embed",
    "match",
    "network",
    "network_of_shares",
    "query",
    "report",
    "results",
    "run",
]

AnyPath = str | Path
AnyCase = AnyPath | Case  # an open case, or its folder

_MAX_NAMED_SOURCES = 5  # in a message


def add(
    case: AnyCase,
    sources: Paths,
    *,
    media: Paths = (),
    media_maps: Paths = (),
    reading: ReadSettings = ReadSettings(),
    progress: Progress | None = None,
) -> "Added":
    """Add sources to a case, which is created if missing.

    `media` are folders or archives with the pictures of the posts; `media_maps` are tables that map
    pictures to posts. The sources and the media are checked before anything is written. Raises
    `SourceError` if no row is a post.
    """
    from frametrace.app.skipped_reasons import skipped_text
    from frametrace.case.ingest import add_sources
    from frametrace.case.saved_column_maps import saved_column_maps
    from frametrace.posts.format_recognition import check_maps
    from frametrace.posts.media.media_library import MediaLibrary
    from frametrace.posts.open_source import open_source

    folder = _folder(case)
    maps = (*reading.columns, *saved_column_maps(folder))
    opened = [open_source(path, replace(reading, columns=maps)) for path in _paths(sources)]
    check_maps(reading.columns, [part for source in opened for part in source.parts])
    library = MediaLibrary(_paths(media), _paths(media_maps))
    added = add_sources(Case.create(folder), opened, library=library, progress=progress)
    if not added.rows:
        names = ", ".join(printable(source.path.name) for source in opened[:_MAX_NAMED_SOURCES])
        raise SourceError(f"nothing could be read: {names} has no rows.")
    if added.lost and added.unreadable == added.rows:
        raise SourceError(
            f"nothing could be read: 0 posts of {added.rows:,} rows. {skipped_text(added.lost)}. "
            f"{folder} lists all of them as skipped; `frametrace inspect` shows how each file is "
            "read, and drafts a column map if that helps."
        )
    return added


def embed(
    case: AnyCase,
    settings: EmbedSettings = EmbedSettings(),
    *,
    progress: Progress | None = None,
) -> "Embedded":
    """Compute the signals that a case lacks: hashes, local features, vectors, texts in pictures."""
    from frametrace.embed.stage import embed as compute_signals

    return compute_signals(opened_case(case), settings, progress=progress)


def match(
    *cases: AnyCase,
    settings: MatchSettings = MatchSettings(),
    whole: bool = False,
    work: AnyPath | None = None,
    report: AnyPath | None = None,
    progress: Progress | None = None,
) -> Matched:
    """Group the posts of a case, or find the groups that span several cases.

    The groups of one case are saved in it. Several cases are joined in the folder `work`, which can
    be used again, or in a temporary one; nothing is written into the cases. With `whole`, groups
    within one of several cases are included. `report` is a folder for the report. Raises
    `CaseError` if a case has no signals.
    """
    from frametrace.app.report.span_columns import SharedSpans
    from frametrace.app.report.write_report import check_out, write_report
    from frametrace.matcher.match_case import match_case
    from frametrace.matcher.match_cases import match_cases

    if not cases:
        raise UsageError("name a case to match")
    opened = [opened_case(case) for case in cases]
    out = None if report is None else Path(report)
    if out is not None:
        for folder in (*(case.path for case in opened), *([Path(work)] if work else [])):
            check_out(folder, out)
    if len(opened) == 1:
        tables, made_by = match_case(opened[0], settings, progress)
        matched = _matched(opened[0], tables, made_by)
        if out is not None:
            write_report(matched.case, out, progress=progress)
        return matched
    with _union_folder(work) as union_folder:
        extent = Extent(whole, mapped=bool(report or work))
        together = match_cases(opened, union_folder, settings, extent, progress=progress)
        if out is not None:
            write_report(together.union, out, progress=progress)
        reuses = SharedSpans(together.results.video_matches).added_to(together.reuses)
        return _matched(together.union, together.results, together.run, reuses)


def results(case: AnyCase) -> Matched:
    """The results of the last `match` of a case. Raises `CaseError` if the case changed since."""
    from frametrace.matcher.saved_results import load_results

    opened = opened_case(case)
    return _matched(opened, *load_results(opened))


def query(
    case: AnyCase,
    picture: AnyPath | None = None,
    *,
    text: str | None = None,
    signal: str = "",
    limit: int = 20,
    progress: Progress | None = None,
) -> Answer:
    """Find the posts that show a picture, or a part of it, or that say or show a text.

    `signal` names the only signal to search by; by default all that fit are used. `limit` 0 returns
    all rows. Raises `UsageError` unless exactly one of `picture` and `text` is given.
    """
    from frametrace.matcher.query.answer_query import find_picture, find_text

    if picture is not None and text is None:
        found = find_picture(opened_case(case), Path(picture), signal, limit, progress)
    elif text is not None and picture is None:
        found = find_text(opened_case(case), text, signal, limit)
    else:
        raise UsageError("name a picture or a text, and not both")
    return Answer(Table(found.rows), found.total, found.notes)


def report(
    case: AnyCase,
    out: AnyPath,
    *,
    all_matches: bool = False,
    parquet: bool = False,
    progress: Progress | None = None,
) -> Path:
    """Write the report of the last `match` into a folder, and return the path of its page.

    Of the matches, the report lists those that tie a post to its group, or all of them with
    `all_matches`. With `parquet` its tables are Parquet files instead of CSV.
    """
    from frametrace.app.report.report_tables import TableFormat
    from frametrace.app.report.write_report import write_report

    tables = TableFormat(all_matches=all_matches, parquet=parquet)
    return write_report(opened_case(case), Path(out), tables, progress=progress)


def network(
    case: AnyCase,
    *,
    by: str = "photo",
    settings: TieSettings = TieSettings(),
    shuffles: int = 0,
    count_disputes: bool = False,
    progress: Progress | None = None,
) -> Network:
    """Find accounts of a matched case that share more items than chance explains.

    `by` is what they share: "photo", "caption" or "url". `shuffles` is how many times the accounts
    are shuffled, to count the ties that chance makes. Captions of posts that dispute the claim of
    their framing tie nobody, unless `count_disputes`.
    """
    from frametrace.matcher.network import SharedKind, shares_in_case
    from frametrace.matcher.saved_results import load_results

    opened = opened_case(case)
    members = load_results(opened)[0].members
    shares = shares_in_case(opened, members, SharedKind(by), count_disputes=count_disputes)
    about: dict[str, Any] = {"case": opened.path.resolve().name, "epoch": opened.epoch.number}
    about["by"] = by
    if by == SharedKind.CAPTION:
        about["count_disputes"] = count_disputes
    return _network(shares, about, settings, shuffles, progress)


def network_of_shares(
    table: AnyPath,
    columns: ShareColumns = ShareColumns(),
    *,
    settings: TieSettings = TieSettings(),
    shuffles: int = 0,
    progress: Progress | None = None,
) -> Network:
    """The same for a table of shares (CSV): who shared what, and when."""
    from frametrace.matcher.network import read_shares

    path = Path(table)
    read = read_shares(path, columns, progress)
    about = {
        "table": path.name,
        "rows": read.rows,
        "rows_without_item": read.without_item,
        "rows_unreadable": read.unreadable,
        "skipped": [f"{row.source}, line {row.line}: {row.reason}" for row in read.skipped],
    }
    return _network(read.shares, about, settings, shuffles, progress)


def run(
    case: AnyCase,
    sources: Paths,
    out: AnyPath,
    *,
    settings: RunSettings = RunSettings(),
    progress: Progress | None = None,
) -> Run:
    """Run all stages, from the sources to the report in the folder `out`.

    Run it again when there are more posts, or after it was stopped: only what is missing is done.
    """
    from frametrace.app.report.report_tables import TableFormat
    from frametrace.app.report.write_report import check_out

    choices = {"all_matches": settings.all_matches, "parquet": settings.parquet}
    check_out(_folder(case), Path(out), TableFormat(**choices))
    added = add(
        case,
        sources,
        media=settings.media,
        media_maps=settings.media_maps,
        reading=settings.reading,
        progress=progress,
    )
    embedded = embed(case, settings.embedding, progress=progress)
    matched = match(case, settings=settings.matching, progress=progress)
    return Run(added, embedded, matched, report(case, out, **choices, progress=progress))


def _matched(
    case: Case, tables: "Results", made_by: "MatchRun", reused: "pa.Table | None" = None
) -> Matched:
    from frametrace.app.not_compared_notes import notes_on
    from frametrace.app.summary import counts_of

    counts, notes = counts_of(case, tables), tuple(notes_on(case, tables, made_by))
    return Matched(case, counts, notes, tables, made_by, reused)


def _network(
    shares: "Shares",
    about: Mapping[str, Any],
    settings: TieSettings,
    shuffles: int,
    progress: Progress | None,
) -> Network:
    from frametrace.matcher.network import count_shuffled_ties, find_ties

    progress = progress or Silent()
    computed = find_ties(shares, settings, progress)
    if not shuffles:
        return Network(computed, about)
    by_chance = count_shuffled_ties(shares, settings, shuffles, progress=progress)
    return Network(computed, {**about, "ties_after_shuffling": by_chance.tolist()})


def _folder(case: AnyCase) -> Path:
    return case.path if isinstance(case, Case) else Path(case)


def opened_case(case: AnyCase) -> Case:
    """The case, opened again: another process or an earlier call may have changed it."""
    return Case(_folder(case))


@contextmanager
def _union_folder(work: AnyPath | None) -> Iterator[Path]:
    if work is not None:
        yield Path(work)
    else:
        with TemporaryDirectory(ignore_cleanup_errors=True) as temporary:
            yield Path(temporary)


def _paths(paths: Paths) -> tuple[Path, ...]:
    return (Path(paths),) if isinstance(paths, str | Path) else tuple(map(Path, paths))
