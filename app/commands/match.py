"""`frametrace match`: groups the posts of one case, or finds what several cases share."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from frametrace.app.options import FullPath, json_option, match_options

__all__ = ["command"]


@click.command("match")
@click.argument(
    "cases", nargs=-1, required=True, metavar="CASE [OTHER]...", type=FullPath(path_type=Path)
)
@click.option(
    "--out",
    type=FullPath(path_type=Path),
    help="With several cases: a CSV file for the reuses.",
)
@click.option(
    "--report",
    type=FullPath(path_type=Path),
    help="With several cases: a folder for the report on what they share.",
)
@click.option(
    "--work",
    type=FullPath(path_type=Path),
    help="With several cases: a folder that keeps comparisons, so that a stopped run continues.",
)
@click.option("--all", "whole", is_flag=True, help="With several cases: groups within one, too.")
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
    """Group the posts of CASE, or find what CASE and the OTHER cases share.

    With one case, the groups are saved in it for `report`, and compared with those of the last
    epoch that was matched: which are new, which grew, which merged.

    With several cases, everything that they have signals for is compared between them as it is
    within one. What each case reuses of those before it is printed and, with --out, written as CSV;
    --report writes the page, the tables and the network. Nothing is written into the cases.

    \b
    frametrace match hongkong
    frametrace match twitter_case facebook_case --out reuse.csv
    frametrace match twitter_case facebook_case --report across/ --work union/
    """
    only_with_several = {"--out": out, "--report": report, "--work": work, "--all": whole or None}
    if len(cases) > 1:
        _match_several(cases, options, Outputs(out, report, work, whole))
    elif misplaced := [name for name, value in only_with_several.items() if value is not None]:
        raise click.UsageError(
            f"{misplaced[0]} needs two cases or more; for one: frametrace report {cases[0]} "
            "--out report/"
        )
    else:
        _match_one(cases[0], options)


@dataclass(frozen=True, slots=True)
class Outputs:
    """The files to write for several cases, and whether groups within one case are included."""

    out: Path | None
    report: Path | None
    work: Path | None
    whole: bool

    def check(self) -> None:
        """Refuse a path that can't be written, before any work is done."""
        if self.out is not None and self.out.suffix.lower() != ".csv":
            raise click.UsageError(f"{self.out} is not a CSV file: name one that ends in .csv")
        if self.out is not None and self.out.is_dir():
            raise click.UsageError(f"{self.out} is a folder: name a file that ends in .csv")


def _match_one(case: Path, options: dict[str, Any]) -> None:
    from frametrace.app import library
    from frametrace.app.output.console_output import print_json, print_line
    from frametrace.app.output.console_progress import Console
    from frametrace.app.output.print_results import matched_json, print_matched
    from frametrace.app.stage_settings import match_settings

    matched = library.match(case, settings=match_settings(options), progress=Console())
    if options["as_json"]:
        about = {"settings": matched.made_by.settings, "notes": matched.notes}
        print_json({**matched_json(matched), **about})
    else:
        print_matched(matched)
        print_line("next", f"frametrace report {case} --out report/")


def _match_several(paths: Sequence[Path], options: dict[str, Any], outputs: Outputs) -> None:
    from frametrace.app import library
    from frametrace.app.output.console_output import print_json, print_line
    from frametrace.app.output.console_progress import Console
    from frametrace.app.output.print_results import print_reuses
    from frametrace.app.report.csv_tables import write_csv
    from frametrace.app.stage_settings import match_settings

    outputs.check()
    matched = library.match(
        *paths,
        settings=match_settings(options),
        whole=outputs.whole,
        work=outputs.work,
        report=outputs.report,
        progress=Console(),
    )
    if outputs.out is not None:
        outputs.out.parent.mkdir(parents=True, exist_ok=True)
        write_csv(outputs.out, matched.reuses.arrow)
    if options["as_json"]:
        print_json({"reuses": list(matched.reuses), "notes": matched.notes})
        return
    print_reuses(matched)
    if outputs.report is not None:
        print_line("report", outputs.report / "index.html")
