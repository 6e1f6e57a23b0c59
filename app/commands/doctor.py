"""`frametrace doctor`: checks the installation, the models and the files of a case."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from frametrace.app.options import json_option

if TYPE_CHECKING:
    from frametrace.app.doctor import Finding

__all__ = ["command"]

_BAD_CASE = 3  # exit code
_MAX_WIDTH = 1000  # terminal columns of a sentence


@click.command("doctor")
@click.argument("case", required=False, type=click.Path(path_type=Path))
@json_option
def command(case: Path | None, as_json: bool) -> None:
    """Check what is installed, which models are available, and the files of CASE.

    Exit code 3 if something in the case is damaged.

    \b
    frametrace doctor
    frametrace doctor hongkong
    """
    from dataclasses import asdict

    from frametrace.app.doctor import examine
    from frametrace.app.output.console_output import print_json, print_table, print_text

    findings = examine(case)
    damaged = [finding for finding in findings if finding.damaged]
    if as_json:
        print_json([asdict(finding) for finding in findings])
    else:
        rows = [(_mark(finding), finding.subject, finding.state) for finding in findings]
        print_table((), rows, width=_MAX_WIDTH)
        if damaged:
            print_text()
            print_text(f"{len(damaged)} damaged; each line above says what to do")
    if damaged:
        click.get_current_context().exit(_BAD_CASE)


def _mark(finding: "Finding") -> str:
    if finding.damaged:
        return "BAD"
    return "ok" if finding.there else "-"
