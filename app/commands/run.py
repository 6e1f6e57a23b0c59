"""`frametrace run`."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from frametrace.app.options import (
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


@click.command("run")
@case_argument
@sources_argument
@out_option
@source_options
@model_options
@match_options
@strict_option
@json_option
def command(case: Path, sources: tuple[Path, ...], out: Path, **options: Any) -> None:
    """Do everything: read SOURCES into CASE, compute signals, group posts, write the report.

    Run it again after more posts came in, or after it was stopped: it does only what is missing.

    \b
    frametrace run hongkong tweets.csv --media tweet_media/ --out report/
    frametrace run thailand thailand_092020_tweets_csv_hashed.zip --out report/
    frametrace run photos folder_of_pictures/ --out report/
    """
    from frametrace.app.output.console import Console
    from frametrace.app.output.print_results import (
        end,
        named_counts,
        print_json,
        since_json,
        tell_added,
        tell_embedded,
        tell_found,
        tell_skipped,
    )
    from frametrace.app.pipeline import Inputs, run
    from frametrace.app.stage_settings import embed_settings, match_settings, read_settings

    done = run(
        case,
        Inputs(sources, options["media"], options["maps"], read_settings(options)),
        out,
        embedding=embed_settings(options),
        matching=match_settings(options),
        progress=Console(),
    )
    if options["as_json"]:
        found = {**asdict(done.counts), "report": done.page, "notes": done.embedded.notes}
        found["since"] = since_json(done.results, done.match_run)
        found["named"] = named_counts(done.results)
        print_json({"added": asdict(done.added), "found": found})
    else:
        tell_added(done.added)
        tell_embedded(done.case, done.embedded)
        tell_skipped(done.case)
        tell_found(done.case, done.results, done.match_run)
        print(f"report    {done.page}")
    end(done.case, strict=options["strict"], added=done.added)
