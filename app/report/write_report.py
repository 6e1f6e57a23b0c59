"""Writes the report of a case: the page, the CSV tables, the graph and run.json."""

import json
import platform
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from frametrace.app.not_compared_notes import notes_on
from frametrace.app.output.edit_words import edits_found
from frametrace.app.report.csv_tables import GROUPS_COLUMNS, write_batches, write_csv
from frametrace.app.report.framing_sections import framing_views
from frametrace.app.report.framing_sentences import compared_by
from frametrace.app.report.group_changes import members_with_changes, since_of
from frametrace.app.report.group_views import (
    element_views,
    group_views,
    paired_pictures,
    shown_files,
)
from frametrace.app.report.map_drawing import map_view
from frametrace.app.report.network_files import TiesView, ties_view, write_gexf
from frametrace.app.report.output_folder import check_output_folder, output_files
from frametrace.app.report.page import MAX_ACCOUNTS, Page, fill_template
from frametrace.app.report.side_by_side import side_by_side
from frametrace.app.report.thumbnails import thumbnails
from frametrace.app.skipped_reasons import reasons_of
from frametrace.app.summary import Counts, counts_of, describe_signals, elements_text
from frametrace.case.store import Case
from frametrace.matcher.between_cases.spanning_groups import matches_shown, skipped_of
from frametrace.matcher.match_settings import MatchSettings
from frametrace.matcher.result_schemas import CASE_NAME, GroupKind, Relation
from frametrace.matcher.saved_results import MatchRun, Results, load_results
from frametrace.work.executor import Executor
from frametrace.work.progress import Progress, Silent

__all__ = ["check_out", "write_report"]

# In the order in which they are moved: a folder with the last two holds a complete report.
_FILES = (
    *("matches.csv", "groups.csv", "framings.csv", "named.csv", "map.csv", "accounts.csv"),
    *("ties.csv", "skipped.csv", "network.gexf", "run.json", "index.html"),
)
_SKIPPED_COLUMNS = ("source", "line", "item", "reason")
_LIBRARIES = (
    *("frametrace", "numpy", "pyarrow", "duckdb", "pillow", "imagehash", "faiss-cpu", "scipy"),
    *("scikit-learn", "scikit-network", "torch", "open_clip_torch", "sentence-transformers"),
)


def write_report(
    case: Case,
    out: Path,
    *,
    executor: Executor | None = None,
    progress: Progress | None = None,
) -> Path:
    """Write the report of the case's last match run into the folder `out`; returns its page.

    The same results give the same bytes. Files of an earlier report are replaced, other files in
    the folder are kept. Raises `CaseError` if the case changed since it was matched.
    """
    progress = progress or Silent()
    check_out(case.path, out)
    results, run = load_results(case)
    page = _page(case, results, run, executor, progress)
    with output_files(out, _FILES) as folder:
        _write(case, folder, results, run, page)
    return out / "index.html"


def check_out(case: Path, out: Path) -> None:
    """Refuse a folder in which a report would overwrite other files, before any work is done."""
    check_output_folder(case, out, _FILES)


def _write(case: Case, folder: Path, results: Results, run: MatchRun, page: Page) -> None:
    shown = results if run.cases else _without_names(results)
    relations: Counter[str] = Counter()
    columns, batches = matches_shown(case, results, spanning=run.spanning)
    write_batches(folder / "matches.csv", columns, _counted(batches, relations))
    of_case = [CASE_NAME] if run.cases else []
    write_csv(folder / "groups.csv", members_with_changes(results), [*GROUPS_COLUMNS, *of_case])
    write_csv(folder / "framings.csv", results.framings)
    write_csv(folder / "named.csv", results.named.drop_columns(["belongs"]))
    write_csv(folder / "map.csv", results.map)
    write_csv(folder / "accounts.csv", shown.accounts)
    write_csv(folder / "ties.csv", shown.ties)
    skipped = skipped_of(case).sort_by([(name, "ascending") for name in _SKIPPED_COLUMNS])
    write_csv(folder / "skipped.csv", skipped, [*_SKIPPED_COLUMNS, *of_case])
    write_gexf(folder / "network.gexf", results)
    (folder / "run.json").write_text(_run_json(case, results, run), "utf-8")
    sharing, scenes = relations[Relation.SHARES_ELEMENT], relations[Relation.SAME_SCENE]
    page = replace(page, sharing=sharing, scenes=scenes)
    (folder / "index.html").write_text(fill_template("page.html", page), "utf-8")


def _without_names(results: Results) -> Results:
    """The results without the columns that name cases, which are null for a single case."""
    tables = {name: getattr(results, name) for name in ("accounts", "ties")}
    return replace(
        results,
        **{
            name: table.select([n for n in table.column_names if not n.startswith(CASE_NAME)])
            for name, table in tables.items()
        },
    )


def _counted(
    batches: Iterator[pa.RecordBatch], relations: Counter[str]
) -> Iterator[pa.RecordBatch]:
    """The batches unchanged; counts the rows of each relation as they pass."""
    for batch in batches:
        for count in pc.value_counts(batch["relation"]).to_pylist():
            relations[count["values"]] += count["counts"]
        yield batch


def _page(
    case: Case, results: Results, run: MatchRun, executor: Executor | None, progress: Progress
) -> Page:
    groups, elements = group_views(results), element_views(results)
    files = shown_files(case, groups, elements)
    made = thumbnails(files, executor, progress, large=paired_pictures(groups))
    counts = counts_of(case, results)
    ties = ties_view(results, run.settings.get("fdr", MatchSettings().fdr))
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
        thumbnails={digest: thumbnail.uri for digest, thumbnail in made.items()},
        pairs={
            view.row["group_id"]: side_by_side(view.pairs, made)
            for group in groups.values()
            for view in group
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
        ("pictures", f"{counts.pictures:,} different files"),
        ("found", f"{groups}; {accounts}"),
        *([("edited", edits)] if (edits := edits_found(counts)) else []),
        *([("elements", shared)] if (shared := elements_text(counts)) else []),
        *([(f"since epoch {since.epoch}", str(since))] if since else []),
        ("signals", describe_signals(run.signals)),
        ("settings", settings),
        ("skipped", f"{counts.skipped:,}"),
    ]


def _run_json(case: Case, results: Results, run: MatchRun) -> str:
    name = case.path.resolve().name
    content: dict[str, Any] = {
        **({"cases": run.cases, "spanning": run.spanning} if run.cases else {"case": name}),
        "epoch": run.epoch,
        "settings": run.settings,
        "signals": run.signals,
        "counts": asdict(counts_of(case, results)),
        "seconds": run.seconds,
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
