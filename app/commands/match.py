"""`frametrace match`."""

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import click

from frametrace.app.options import FullPath, json_option, match_options

if TYPE_CHECKING:
    from frametrace.matcher.match_cases import MatchedCases

__all__ = ["command"]

_COLUMNS = {
    "distance": "bits",
    "similarity": "alike",
    "relation": "relation",
    "signal": "by",
    "case_b": "case",
    "platform": "platform",
    "post_id": "post",
    "account_id": "account",
    "account_kind": "kind",
    "posted_at": "time (UTC)",
    "media_path": "path",
    "case_a": "reused of",
    "media_path_a": "its path",
    "posts_a": "its posts",
}


@click.command("match")
@click.argument(
    "cases", nargs=-1, required=True, metavar="CASE [OTHER]...", type=FullPath(path_type=Path)
)
@click.option(
    "--out",
    type=FullPath(path_type=Path),
    help="With several cases: a CSV file for what is reused.",
)
@click.option(
    "--report",
    type=FullPath(path_type=Path),
    help="With several cases: a folder for the report on what spans them.",
)
@click.option(
    "--work",
    type=FullPath(path_type=Path),
    help="With several cases: a folder that keeps what was compared; a killed run goes on there.",
)
@click.option("--all", "whole", is_flag=True, help="With several cases: what lies inside one, too.")
@match_options
@json_option
def command(
    cases: tuple[Path, ...],
    out: Path | None,
    report: Path | None,
    work: Path | None,
    whole: bool,
    **options: Any,
) -> None:
    """Group the posts of CASE; or find what spans CASE and the OTHER cases.

    With one case the groups are kept in it for `report`, and compared with those of the newest
    earlier epoch that was matched: which are new, grew or merged.

    With several, everything that they have signals for is compared between them as it is inside
    one. What each case reuses of those before it is printed, and with --out written as CSV;
    --report writes the page, the tables and the network. Nothing is written into the cases.

    \b
    frametrace match hongkong
    frametrace match twitter_case facebook_case --out reuse.csv
    frametrace match twitter_case facebook_case --report across/ --work union/
    """
    of_several = {"--out": out, "--report": report, "--work": work, "--all": whole or None}
    if len(cases) > 1:
        _across(cases, options, Outputs(out, report, work, whole))
    elif given := [name for name, value in of_several.items() if value is not None]:
        raise click.UsageError(
            f"{given[0]} goes with two cases or more; for one: frametrace report {cases[0]} --out "
            "report/"
        )
    else:
        _within(cases[0], options)


@dataclass(frozen=True, slots=True)
class Outputs:
    """What is made of several cases besides what is printed."""

    out: Path | None
    report: Path | None
    work: Path | None
    whole: bool

    def check(self) -> None:
        """Refuse what can't be written, before any work is done."""
        if self.out is not None and self.out.suffix.lower() != ".csv":
            raise click.UsageError(f"{self.out} is not a CSV file: name one that ends in .csv")
        if self.out is not None and self.out.is_dir():
            raise click.UsageError(f"{self.out} is a folder: name a file that ends in .csv")


def _within(case: Path, options: dict[str, Any]) -> None:
    from dataclasses import asdict

    from frametrace.app.output.console import Console
    from frametrace.app.output.print_results import named_counts, print_json, since_json, tell_found
    from frametrace.app.stage_settings import match_settings
    from frametrace.app.summary import counts_of, notes_on
    from frametrace.case.store import Case
    from frametrace.matcher.match_case import match_case

    opened = Case(case)
    results, run = match_case(opened, match_settings(options), Console())
    if options["as_json"]:
        about = {"settings": run.settings, "notes": notes_on(opened, results, run)}
        since = {"since": since_json(results, run), "named": named_counts(results)}
        print_json({**asdict(counts_of(opened, results)), **about, **since})
        return
    tell_found(opened, results, run)
    print(f"next      frametrace report {case} --out report/")


def _across(paths: Sequence[Path], options: dict[str, Any], outputs: Outputs) -> None:
    from frametrace.app.output.console import Console
    from frametrace.app.output.print_results import print_json
    from frametrace.app.report.csv_tables import write_csv
    from frametrace.app.report.write_report import check_out, write_report
    from frametrace.app.stage_settings import match_settings
    from frametrace.app.summary import notes_on
    from frametrace.case.store import Case
    from frametrace.matcher.match_cases import match_cases
    from frametrace.matcher.match_settings import Extent

    outputs.check()
    cases = [Case(path) for path in paths]
    if outputs.report is not None:
        for path in (*paths, *([outputs.work] if outputs.work else [])):
            check_out(path, outputs.report)
    with nullcontext(outputs.work) if outputs.work else TemporaryDirectory() as work:
        found = match_cases(
            cases,
            Path(work),
            match_settings(options),
            extent=Extent(outputs.whole, mapped=bool(outputs.report or outputs.work)),
            progress=Console(),
        )
        if outputs.out is not None:
            outputs.out.parent.mkdir(parents=True, exist_ok=True)
            write_csv(outputs.out, found.reuses)
        page = outputs.report and write_report(found.union, outputs.report, progress=Console())
        if options["as_json"]:
            notes = notes_on(found.union, found.results, found.run)
            print_json({"reuses": found.reuses.to_pylist(), "notes": notes})
        else:
            _tell(found)
    if page is not None and not options["as_json"]:
        print(f"report    {page}")


def _tell(found: "MatchedCases") -> None:
    """Print the first reuses, how many there are of what, and what to know of them."""
    from frametrace.app.output.console import printable
    from frametrace.app.output.print_results import reused, rows_text
    from frametrace.app.summary import notes_on

    shown = found.reuses.slice(0, 20)
    print(rows_text(shown, _COLUMNS))
    print()
    for line in reused(found.reuses, found.run.cases):
        print(printable(line))
    if found.reuses.num_rows > shown.num_rows:
        print(f"the first {shown.num_rows} are shown; --out FILE.csv or --json gives all")
    for note in notes_on(found.union, found.results, found.run):
        print(printable(f"note      {note}"))
