"""`frametrace add`."""

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
    """Read SOURCES (exports, archives, folders of pictures) into CASE, made if it is absent.

    Adding the same source again changes nothing; a run that was stopped goes on from there.
    Pictures are found by a media map, by what the rows say, or by names such as
    <post id>-<anything>.jpg; nothing is ever downloaded.

    Exit code 1 where rows were dropped, 3 where nothing could be read.

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
    from frametrace.app.output.console import Console
    from frametrace.app.output.print_results import end, print_added, print_skipped
    from frametrace.app.output.render import print_json, print_line
    from frametrace.app.stage_settings import read_settings
    from frametrace.case.store import Case

    begun = time.monotonic()
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
        print_added(added, time.monotonic() - begun)
        print_skipped(Case(case))
        print_line("next", f"frametrace embed {case}")
    end(Case(case), strict=options["strict"], added=added)
