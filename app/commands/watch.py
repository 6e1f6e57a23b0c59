"""`frametrace watch`: reports accounts whose new posts reuse known material."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from frametrace.app.options import (
    FullPath,
    case_argument,
    json_option,
    source_options,
    workers_option,
)

if TYPE_CHECKING:
    from frametrace.work.progress import Progress

__all__ = ["command"]

_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600}  # seconds


class _Duration(click.ParamType[float]):
    """A duration: 90s, 5m, 2h, or a number of seconds."""

    name = "time"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """The duration in seconds; it must be between one second and one day."""
        if isinstance(value, float):
            return value
        match = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?)\s*([smh]?)", str(value).strip())
        if match is None or not 1 <= (seconds := float(match[1]) * _UNITS[match[2]]) <= 86_400:
            self.fail(f"{value!r} is not a duration from 1s to 24h; write 60s or 5m", param, ctx)
        return seconds


@click.command("watch")
@case_argument
@click.argument("files", metavar="TIP... SOURCE...", nargs=-1, type=click.Path(path_type=Path))
@source_options
@click.option("--out", type=click.Path(path_type=Path), help="Also add the list to this CSV file.")
@workers_option
@click.option(
    "--folder",
    type=FullPath(path_type=Path),
    help="Keep running, and add the exports and pictures that arrive in this folder.",
)
@click.option(
    "--every",
    type=_Duration(),
    default="60s",
    show_default=True,
    help="With --folder: the longest interval between two passes, such as 90s or 5m.",
)
@click.option("--once", is_flag=True, help="With --folder: process the folder once, then exit.")
@click.option(
    "--command",
    "on_hit",
    default="",
    help="With --folder: a command to run for each hit, with the hit as JSON on standard input.",
)
@click.option(
    "--webhook", default="", help="With --folder: an address to post each hit to, as JSON."
)
@json_option
def command(case: Path, files: tuple[Path, ...], **options: Any) -> None:
    """Add SOURCES to CASE and list each account that newly reuses known material, once.

    Known material is what the TIPs hold, and what CASE's groups already share. At the first call,
    all posts in CASE count as seen (use `tip check` for these). If nothing is new, no account is
    listed; the file named with --out keeps the accounts of earlier calls. New posts that belong to
    a named framing (`frametrace framing`) are listed as well.

    With --folder, it runs until it is stopped. Each hit is printed (with --json as a line of JSON),
    and sent to a command or a web address if you name one; failed deliveries are retried. A hit has
    the same `id` each time, so that receivers can ignore repeats.

    \b
    frametrace watch facebook_case tip.json new_posts.csv --media pictures/
    frametrace watch facebook_case tip.json --folder incoming/ --every 60s --json
    """
    from frametrace.app.output.console_progress import Console
    from frametrace.app.tips.watch_once import split_tips_and_sources

    tips, sources = split_tips_and_sources(files)
    if options["folder"] is None:
        only_with_folder = {"--once": "once", "--command": "on_hit", "--webhook": "webhook"}
        if used := [name for name, key in only_with_folder.items() if options[key]]:
            raise click.UsageError(f"{used[0]} needs --folder")
        if not files:
            raise click.UsageError("name a tip, sources, or a folder with --folder")
        _run_once(case, tips, sources, options, Console())
    else:
        if sources or options["out"] or options["media"] or options["maps"]:
            raise click.UsageError(
                "--folder takes sources and pictures from the folder: name no other files than tips"
            )
        _run_in_folder(case, tips, options, Console())


def _run_once(
    case: Path,
    tips: tuple[Path, ...],
    sources: tuple[Path, ...],
    options: dict[str, Any],
    progress: "Progress",
) -> None:
    from frametrace.app.stage_settings import read_settings
    from frametrace.app.tips.watch_once import WatchRequest, watch_once

    request = WatchRequest(
        tips=tips,
        sources=sources,
        media=options["media"],
        media_maps=options["maps"],
        reading=read_settings(options),
        workers=options["workers"],
        out=options["out"],
        as_json=options["as_json"],
    )
    watch_once(case, request, progress)


def _run_in_folder(
    case: Path, tips: tuple[Path, ...], options: dict[str, Any], progress: "Progress"
) -> None:
    from frametrace.app.tips.hit_delivery import HitDelivery
    from frametrace.app.tips.watch_folder import FolderWatch, watch_folder

    delivery = HitDelivery(options["as_json"], options["on_hit"], options["webhook"])
    every, once = options["every"], options["once"]
    watch_folder(
        case,
        FolderWatch(tips, options["folder"], every, delivery, options["workers"], once),
        progress,
    )
