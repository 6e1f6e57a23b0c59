"""`frametrace report`: writes the report of a matched case."""

from pathlib import Path

import click

from frametrace.app.options import case_argument, json_option, out_option, report_options

__all__ = ["command"]


@click.command("report")
@case_argument
@out_option
@report_options
@json_option
def command(case: Path, out: Path, as_json: bool, **options: bool) -> None:
    """Write the results of `match` for CASE: a page to read, and tables to analyse.

    index.html needs no other file and no network. The tables are matches.csv, groups.csv,
    framings.csv, named.csv, map.csv, accounts.csv, ties.csv and skipped.csv; network.gexf opens in
    Gephi; run.json records the settings and versions. matches.csv lists the matches that tie a post
    to its group; a case may have many more.

    \b
    frametrace report hongkong --out report/
    frametrace report hongkong --out tables/ --all-matches --parquet
    """
    from dataclasses import asdict

    from frametrace.app import library
    from frametrace.app.output.console_output import print_json, print_line
    from frametrace.app.output.console_progress import Console
    from frametrace.app.output.skip_pandas import skip_pandas

    skip_pandas()
    page = library.report(case, out, **options, progress=Console())
    if as_json:
        print_json({"report": page, **asdict(library.results(case).counts)})
    else:
        print_line("report", page)
