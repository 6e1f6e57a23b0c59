"""Writing the report of a case: one page to look at, tables to compute with."""

import json
import platform
import shutil
import uuid
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from frametrace.app.report.network import write_gexf
from frametrace.app.report.page import MOST_ACCOUNTS, Page, render, shown_files, views_of
from frametrace.app.report.tables import GROUPS_COLUMNS, write_csv
from frametrace.app.report.thumbnails import data_uris
from frametrace.app.summary import Counts, counts_of, describe_signals, reasons_of
from frametrace.embed.case import Case, write_atomically
from frametrace.embed.executor import Executor, SpawnPool
from frametrace.embed.progress import Progress, Silent
from frametrace.matcher.results import GroupKind, Results
from frametrace.matcher.stage import MatchRun, load_results
from frametrace.posts.errors import CaseError, UsageError

__all__ = ["write_report"]

_SKIPPED_COLUMNS = ("source", "line", "item", "reason")
_LIBRARIES = (
    *("frametrace", "numpy", "pyarrow", "duckdb", "pillow", "imagehash", "faiss-cpu", "scipy"),
    *("scikit-network", "torch", "open_clip_torch", "sentence-transformers"),
)


def write_report(
    case: Case,
    out: Path,
    *,
    executor: Executor | None = None,
    progress: Progress | None = None,
) -> Path:
    """Write the report of the case's last match run into the folder `out`; returns its page.

    The same results give the same bytes. Files of an earlier report are replaced, others in the
    folder left alone. Raises `CaseError` where the case was not matched since it last changed.
    """
    progress = progress or Silent()
    results, run = load_results(case)
    if out.exists() and not out.is_dir():
        raise UsageError(f"{out} is a file: name a folder for the report with --out")
    out.mkdir(parents=True, exist_ok=True)
    for left in out.glob(".writing-*"):  # by a process that was killed
        shutil.rmtree(left, ignore_errors=True)
    page = _page(case, results, run, executor, progress)
    beside = out / f".writing-{uuid.uuid4().hex[:8]}"
    beside.mkdir()
    try:
        skipped = case.read("skipped").sort_by([(n, "ascending") for n in _SKIPPED_COLUMNS])
        write_csv(beside / "matches.csv", results.matches)
        write_csv(beside / "groups.csv", results.members, GROUPS_COLUMNS)
        write_csv(beside / "accounts.csv", results.accounts)
        write_csv(beside / "skipped.csv", skipped, _SKIPPED_COLUMNS)
        write_gexf(beside / "network.gexf", results)
        write_atomically(beside / "run.json", _run_json(case, results, run))
        write_atomically(beside / "index.html", render(page))
        for file in sorted(beside.iterdir()):
            file.replace(out / file.name)
    except OSError as error:
        raise CaseError(
            f"{out} can't be written: {error.strerror or error}. Make room or mend the "
            "permissions, then run the same command again"
        ) from None
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    return out / "index.html"


def _page(
    case: Case, results: Results, run: MatchRun, executor: Executor | None, progress: Progress
) -> Page:
    groups = {str(kind): views_of(results, kind) for kind in GroupKind}
    files = shown_files(results, [view for views in groups.values() for view in views])
    with progress.track("thumbnails", len(files)) as advance:
        if executor is not None:
            uris = data_uris(list(files.values()), executor, advance)
        else:
            with SpawnPool() as pool:
                uris = data_uris(list(files.values()), pool, advance)
    counts = counts_of(case, results)
    return Page(
        case=case.path.resolve().name,
        summary=_summary(case, run, counts),
        notes=_notes(run),
        groups=groups,
        totals={"photo": counts.photo_groups, "framing": counts.framing_groups},
        accounts=results.accounts.slice(0, MOST_ACCOUNTS).to_pylist(),
        accounts_total=counts.accounts,
        skipped=reasons_of(case),
        thumbnails=dict(zip(files, uris, strict=True)),
    )


def _summary(case: Case, run: MatchRun, counts: Counts) -> list[tuple[str, str]]:
    platforms = sorted(set(case.read("posts", ["platform"])["platform"].to_pylist()))
    settings = ", ".join(f"{name} {value:g}" for name, value in sorted(run.settings.items()))
    groups = f"{counts.photo_groups:,} photo groups, {counts.framing_groups:,} framing groups"
    accounts = f"{counts.accounts:,} accounts take part, {counts.ties:,} pairs of them are tied"
    return [
        ("posts", f"{counts.posts:,} on {', '.join(platforms) or 'no platform'}"),
        ("pictures", f"{counts.pictures:,} different files"),
        ("found", f"{groups}; {accounts}"),
        ("signals", describe_signals(run.signals)),
        ("settings", settings),
        ("skipped", f"{counts.skipped:,}"),
    ]


def _notes(run: MatchRun) -> list[str]:
    if "clip" in run.signals:
        return []
    return ["Pictures were compared for copies only, not by what they show: clip was not computed."]


def _run_json(case: Case, results: Results, run: MatchRun) -> str:
    content: dict[str, Any] = {
        "case": case.path.resolve().name,
        "epoch": run.epoch,
        "settings": run.settings,
        "signals": run.signals,
        "counts": asdict(counts_of(case, results)),
        "seconds": run.seconds,
        "versions": {"python": platform.python_version(), **_versions()},
    }
    return json.dumps(content, indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def _versions() -> dict[str, str]:
    found = {}
    for name in _LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
