"""`frametrace add`: reads sources into a case."""

from pathlib import Path
from typing import Any

import click

from frametrace.app.options import (
    case_argument,
    json_option,
    source_options,
    sources_argument,
    strict_option,
)

__all__ = ["command"]


@click.command("add")
@case_argument
@sources_argument
@source_options
@strict_option
@json_option
def command(case: Path, sources: tuple[Path, ...], **options: Any) -> None:
    """Read SOURCES (exports, archives, folders of pictures and videos) into CASE.

    CASE is created if missing. Adding the same source again changes nothing; a run that was stopped
    continues. Pictures and videos are found by a media map, by the rows themselves, or by names
    such as <post id>-<anything>.jpg; nothing is ever downloaded.

    Exit code 1 if rows were dropped, 3 if nothing could be read.

    \b
    frametrace add hongkong tweets.csv --media tweet_media/
    frametrace add hongkong crowdtangle.csv --media pictures/ --media-map map.csv
    frametrace add hongkong twitter-archive.zip ChatExport_2019-08-20/
    frametrace add hongkong posts.xlsx --column post_id=URL --column account_id=Page \
        --column text=Message --column posted_at=Date --timezone Asia/Hong_Kong
    """
    import time
    from dataclasses import asdict

    from frametrace.app import library
    from frametrace.app.output.console_output import print_json, print_line
    from frametrace.app.output.console_progress import Console
    from frametrace.app.output.print_results import exit_if_incomplete, print_added, print_skipped
    from frametrace.app.output.skip_pandas import skip_pandas
    from frametrace.app.stage_settings import read_settings
    from frametrace.case.store import Case

    skip_pandas()
    start = time.monotonic()
    added = library.add(
        case,
        sources,
        media=options["media"],
        media_maps=options["maps"],
        reading=read_settings(options),
        progress=Console(),
    )
    if options["as_json"]:
        print_json(asdict(added))
    else:
        print_added(added, time.monotonic() - start)
        print_skipped(Case(case))
        print_line("next", f"frametrace embed {case}")
    exit_if_incomplete(Case(case), strict=options["strict"], added=added)
