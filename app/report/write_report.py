"""Writes the report of a case: the page, the CSV tables, the graph and run.json."""

import json
import platform
from dataclasses import asdict, replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import pyarrow.compute as pc

from frametrace.app.not_compared_notes import notes_on
from frametrace.app.output.edit_words import edits_found
from frametrace.app.report.framing_sections import framing_views
from frametrace.app.report.framing_sentences import compared_by
from frametrace.app.report.group_changes import since_of
from frametrace.app.report.group_views import element_views, group_views
from frametrace.app.report.map_drawing import map_view
from frametrace.app.report.network_files import TiesView, ties_view, write_gexf
from frametrace.app.report.output_folder import check_output_folder, output_files
from frametrace.app.report.page import MAX_ACCOUNTS, Page, fill_template
from frametrace.app.report.previews import previews_of
from frametrace.app.report.report_tables import TableFormat, write_tables
from frametrace.app.report.shown_videos import video_digests
from frametrace.app.report.side_by_side import side_by_side
from frametrace.app.report.videos_side_by_side import strips_of, videos_side_by_side
from frametrace.app.skipped_reasons import reasons_of
from frametrace.app.summary import Counts, counts_of, describe_signals, elements_text, videos_text
from frametrace.case.json_files import parse_json
from frametrace.case.store import Case
from frametrace.matcher.match_settings import MatchSettings
from frametrace.matcher.result_schemas import GroupKind, Relation
from frametrace.matcher.saved_results import MatchRun, Results, load_results
from frametrace.work.executor import Executor
from frametrace.work.progress import Progress, Silent

__all__ = ["check_out", "write_report"]

# In the order in which they are moved: a folder with the last two holds a complete report.
_RUN = "run.json"
_OTHER_FILES = ("network.gexf", _RUN, "index.html")
_LIBRARIES = (
    *("frametrace", "numpy", "pyarrow", "duckdb", "pillow", "imagehash", "faiss-cpu", "scipy"),
    *("scikit-learn", "scikit-network", "torch", "open_clip_torch", "sentence-transformers"),
)


def write_report(
    case: Case,
    out: Path,
    tables: TableFormat = TableFormat(),
    *,
    executor: Executor | None = None,
    progress: Progress | None = None,
) -> Path:
    """Write the report of the case's last match run into the folder `out`; returns its page.

    The same results give the same bytes. Files of an earlier report are replaced, other files in
    the folder are kept. Raises `CaseError` if the case changed since it was matched.
    """
    progress = progress or Silent()
    check_out(case.path, out, tables)
    results, run = load_results(case)
    page = replace(_page(case, results, run, executor, progress), tables=tables)
    earlier = _earlier_tables(out)
    obsolete = () if earlier == tables.files else earlier
    with output_files(out, (*tables.files, *_OTHER_FILES), obsolete) as folder:
        _write(case, folder, (results, run), page, progress)
    return out / "index.html"


def check_out(case: Path, out: Path, tables: TableFormat = TableFormat()) -> None:
    """Refuse a folder in which a report would overwrite other files, before any work is done."""
    others = set(tables.files).difference(_earlier_tables(out))
    check_output_folder(case, out, (*tables.files, *_OTHER_FILES), others)


def _earlier_tables(out: Path) -> tuple[str, ...]:
    """The tables of the report in a folder, none if it holds no report; old ones were all CSV."""
    if not all((out / name).is_file() for name in _OTHER_FILES[-2:]):
        return ()
    try:
        suffix = parse_json((out / _RUN).read_text("utf-8")).get("tables")
    except (OSError, ValueError):
        suffix = None
    return TableFormat(parquet=suffix == TableFormat(parquet=True).suffix).files


def _write(
    case: Case,
    folder: Path,
    matched: tuple[Results, MatchRun],
    page: Page,
    progress: Progress,
) -> None:
    relations = write_tables(case, folder, matched, page.tables, progress)
    write_gexf(folder / "network.gexf", matched[0], progress)
    (folder / _RUN).write_text(_run_json(case, *matched, page.tables), "utf-8")
    sharing, scenes = (relations.get(r, 0) for r in (Relation.SHARES_ELEMENT, Relation.SAME_SCENE))
    page = replace(page, sharing=sharing, scenes=scenes)
    (folder / "index.html").write_text(fill_template("page.html", page), "utf-8")


def _page(
    case: Case, results: Results, run: MatchRun, executor: Executor | None, progress: Progress
) -> Page:
    groups = group_views(results, progress, video_digests(case))
    elements = element_views(results)
    previews = previews_of(case, groups, elements, executor, progress)
    counts = counts_of(case, results)
    ties = ties_view(results, run.settings.get("fdr", MatchSettings().fdr))
    shown = [view for group in groups.values() for view in group]
    pictures = {v.row["group_id"]: [sha256 for sha256, _ in v.pictures] for v in groups["framing"]}
    used, lacking = compared_by(run.signals, pictures=counts.pictures > 0)
    return Page(
        case=" and ".join(run.cases) or case.path.resolve().name,
        summary=_summary(case, results, run, counts, ties),
        notes=notes_on(case, results, run),
        groups=groups,
        elements=elements,
        totals=_totals(counts),
        accounts=results.accounts.slice(0, MAX_ACCOUNTS).to_pylist(),
        accounts_total=counts.accounts,
        ties=ties,
        skipped=reasons_of(case),
        thumbnails=previews.uris,
        pairs={v.row["group_id"]: side_by_side(v.pairs, previews.pictures) for v in shown},
        videos=strips_of(previews.videos, previews.uris.keys()),
        video_pairs={
            v.row["group_id"]: videos_side_by_side(v.ties, previews.videos, previews.pictures)
            for v in shown
        },
        framings=framing_views(case, results, pictures),
        map=map_view(case, results, pictures),
        used=used,
        lacking=lacking,
        compared=run.since is not None,
        cases=run.cases,
    )


def _totals(counts: Counts) -> dict[str, int]:
    return {
        GroupKind.PHOTO: counts.photo_groups,
        GroupKind.FRAMING: counts.framing_groups,
        GroupKind.ELEMENT: counts.elements,
    }


def _summary(
    case: Case, results: Results, run: MatchRun, counts: Counts, ties: TiesView
) -> list[tuple[str, str]]:
    since = since_of(results, run)
    platforms = sorted(pc.unique(case.read("posts", ["platform"])["platform"]).to_pylist())
    settings = ", ".join(f"{name} {value:g}" for name, value in sorted(run.settings.items()))
    groups = f"{counts.photo_groups:,} photo groups, {counts.framing_groups:,} framing groups"
    accounts = (
        f"{counts.accounts:,} accounts take part; of {ties.listed:,} listed pairs that share "
        f"photos, {ties.tied:,} share more than chance explains"
    )
    spanning = (
        "; only groups that span cases are shown, --all shows the rest" if run.spanning else ""
    )
    return [
        *([("cases", f"{', '.join(run.cases)}{spanning}")] if run.cases else []),
        ("posts", f"{counts.posts:,} on {', '.join(platforms) or 'no platform'}"),
        ("pictures", f"{counts.pictures:,} different file{'s' * (counts.pictures != 1)}"),
        *([("videos", videos)] if (videos := videos_text(counts)) else []),
        ("found", f"{groups}; {accounts}"),
        *([("edited", edits)] if (edits := edits_found(counts)) else []),
        *([("elements", shared)] if (shared := elements_text(counts)) else []),
        *([(f"since epoch {since.epoch}", str(since))] if since else []),
        ("signals", describe_signals(run.signals)),
        ("settings", settings),
        ("skipped", f"{counts.skipped:,}"),
    ]


def _run_json(case: Case, results: Results, run: MatchRun, tables: TableFormat) -> str:
    name = case.path.resolve().name
    content: dict[str, Any] = {
        **({"cases": run.cases, "spanning": run.spanning} if run.cases else {"case": name}),
        "epoch": run.epoch,
        "settings": run.settings,
        "signals": run.signals,
        "counts": asdict(counts_of(case, results)),
        "seconds": run.seconds,
        "tables": tables.suffix,
        "all_matches": tables.all_matches,
        "versions": {"python": platform.python_version(), **_versions()},
    }
    return json.dumps(content, indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def _versions() -> dict[str, str]:
    versions = {}
    for name in _LIBRARIES:
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            continue
    return versions
