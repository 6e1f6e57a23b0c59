"""`frametrace doctor`."""

from pathlib import Path

import click

from frametrace.app.options import json_option

__all__ = ["command"]

_BAD_CASE = 3


@click.command("doctor")
@click.argument("case", required=False, type=click.Path(path_type=Path))
@json_option
def command(case: Path | None, as_json: bool) -> None:
    """Say what is installed and which models are here; check CASE's files and checksums.

    Ends with exit code 3 when something in the case is damaged.

    \b
    frametrace doctor
    frametrace doctor hongkong
    """
    from dataclasses import asdict

    from frametrace.app.doctor import examine
    from frametrace.app.output.render import print_json, printable

    findings = examine(case)
    damaged = [finding for finding in findings if finding.damaged]
    if as_json:
        print_json([asdict(finding) for finding in findings])
    else:
        for finding in findings:
            mark = "BAD" if finding.damaged else "ok" if finding.there else "-"
            print(printable(f"{mark:4}{finding.subject:24}{finding.state}"))
        if damaged:
            print(f"\n{len(damaged)} damaged: what to do stands beside each")
    if damaged:
        click.get_current_context().exit(_BAD_CASE)
