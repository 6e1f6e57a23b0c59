"""`frametrace run`: goes from sources to the report in one call."""

from pathlib import Path
from typing import Any

import click

from frametrace.app.options import (
    ModelCommand,
    case_argument,
    json_option,
    match_options,
    model_options,
    out_option,
    source_options,
    sources_argument,
    strict_option,
)

__all__ = ["command"]


@click.command("run", cls=ModelCommand)
@case_argument
@sources_argument
@out_option
@source_options
@model_options
@match_options
@strict_option
@json_option
def command(case: Path, sources: tuple[Path, ...], out: Path, **options: Any) -> None:
    """Read SOURCES into CASE, compute signals, group posts and write the report.

    Run it again when there are more posts, or after it was stopped: it does only what is missing.

    \b
    frametrace run hongkong tweets.csv --media tweet_media/ --out report/
    frametrace run thailand thailand_092020_tweets_csv_hashed.zip --out report/
    frametrace run photos folder_of_pictures/ --out report/
    """
    from frametrace.app import library
    from frametrace.app.output.console_output import print_json
    from frametrace.app.output.console_progress import Console
    from frametrace.app.output.print_results import exit_if_incomplete, print_run, run_json
    from frametrace.app.stage_settings import embed_settings, match_settings, read_settings

    settings = library.RunSettings(
        options["media"],
        options["maps"],
        read_settings(options),
        embed_settings(options),
        match_settings(options),
    )
    done = library.run(case, sources, out, settings=settings, progress=Console())
    if options["as_json"]:
        print_json(run_json(done))
    else:
        print_run(done)
    exit_if_incomplete(
        done.matched.case, strict=options["strict"], added=done.added, embedded=done.embedded
    )
