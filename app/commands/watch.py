"""`frametrace watch`."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from frametrace.app.options import FullPath, case_argument, json_option, source_options

if TYPE_CHECKING:
    from frametrace.work.progress import Progress

__all__ = ["command"]

_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600}  # seconds


class _Duration(click.ParamType[float]):
    """A length of time: 90s, 5m, 2h, or seconds."""

    name = "time"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """The time in seconds. Fails for anything that is not between a second and a day."""
        if isinstance(value, float):
            return value
        found = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?)\s*([smh]?)", str(value).strip())
        if found is None or not 1 <= (seconds := float(found[1]) * _UNITS[found[2]]) <= 86_400:
            self.fail(f"{value!r} is not a time from 1s to 24h; write 60s or 5m", param, ctx)
        return seconds


@click.command("watch")
@case_argument
@click.argument("files", metavar="TIP... SOURCE...", nargs=-1, type=click.Path(path_type=Path))
@source_options
@click.option("--out", type=click.Path(path_type=Path), help="Also add the list to a CSV file.")
@click.option(
    "--workers", type=click.IntRange(0, 1024), default=0, help="Processes; 0: one a processor."
)
@click.option(
    "--folder",
    type=FullPath(path_type=Path),
    help="Stay on, and take the exports and pictures that arrive in this folder.",
)
@click.option(
    "--every",
    type=_Duration(),
    default="60s",
    show_default=True,
    help="With --folder: how often to look at least, such as 90s or 5m.",
)
@click.option("--once", is_flag=True, help="With --folder: look once, and end.")
@click.option(
    "--command",
    "on_hit",
    default="",
    help="With --folder: a command to run for each hit, which it gets as JSON on standard input.",
)
@click.option(
    "--webhook", default="", help="With --folder: an address that each hit is sent to, as JSON."
)
@json_option
def command(case: Path, files: tuple[Path, ...], **options: Any) -> None:
    """Add SOURCES to CASE and list each account that newly reuses known material, once.

    Known is what TIPs hold and what CASE's groups held before. The first call takes what CASE
    holds already as seen: `tip check` is for that. Repeating it with nothing new lists nobody; the
    file named with --out keeps who was listed before. New posts that belong to a framing that was
    kept under a name (`frametrace framing`) are listed as well.

    With --folder it stays on until it is stopped. Each hit is printed (with --json as a line of
    JSON), and goes to a command or a web address if one is named; what can't be reached is tried
    again. A hit carries an `id`, the same every time, so that nothing counts twice.

    \b
    frametrace watch facebook_case tip.json new_posts.csv --media pictures/
    frametrace watch facebook_case tip.json --folder incoming/ --every 60s --json
    """
    from frametrace.app.output.console import Console
    from frametrace.app.tips.watch_once import sorted_out

    tips, sources = sorted_out(files)
    if options["folder"] is None:
        of_folder = {"--once": "once", "--command": "on_hit", "--webhook": "webhook"}
        if given := [name for name, key in of_folder.items() if options[key]]:
            raise click.UsageError(f"{given[0]} goes with --folder")
        if not files:
            raise click.UsageError("name a tip, sources, or a folder with --folder")
        _look_once(case, tips, sources, options, Console())
    else:
        if sources or options["out"] or options["media"] or options["maps"]:
            raise click.UsageError(
                "--folder takes its sources and pictures from the folder: name tips alone besides"
            )
        _stay(case, tips, options, Console())


def _look_once(
    case: Path,
    tips: tuple[Path, ...],
    sources: tuple[Path, ...],
    options: dict[str, Any],
    progress: "Progress",
) -> None:
    from frametrace.app.pipeline import Inputs
    from frametrace.app.stage_settings import read_settings
    from frametrace.app.tips.watch_once import Watch, watch

    inputs = Inputs(sources, options["media"], options["maps"], read_settings(options))
    watch(
        case, Watch(tips, inputs, options["workers"], options["out"], options["as_json"]), progress
    )


def _stay(
    case: Path, tips: tuple[Path, ...], options: dict[str, Any], progress: "Progress"
) -> None:
    from frametrace.app.tips.hit_delivery import Reporting
    from frametrace.app.tips.watch_folder import Staying, stay

    reporting = Reporting(options["as_json"], options["on_hit"], options["webhook"])
    every, once = options["every"], options["once"]
    stay(
        case, Staying(tips, options["folder"], every, reporting, options["workers"], once), progress
    )
