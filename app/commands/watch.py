"""`frametrace watch`."""

from pathlib import Path
from typing import Any

import click

from frametrace.app.options import case_argument, json_option, source_options

__all__ = ["command"]


@click.command("watch")
@case_argument
@click.argument(
    "files", metavar="TIP... SOURCE...", nargs=-1, required=True, type=click.Path(path_type=Path)
)
@source_options
@click.option("--out", type=click.Path(path_type=Path), help="Also add the list to a CSV file.")
@click.option(
    "--workers", type=click.IntRange(0, 1024), default=0, help="Processes; 0: one a processor."
)
@json_option
def command(case: Path, files: tuple[Path, ...], **options: Any) -> None:
    """Add SOURCES to CASE and list each account that newly reuses known material, once.

    Known is what TIPs hold and what CASE's groups held before. The first call takes what CASE
    holds already as seen: `tip check` is for that. Repeating it with nothing new lists nobody; the
    file named with --out keeps who was listed before. New posts that belong to a framing that was
    kept under a name (`frametrace framing`) are listed as well.

    \b
    frametrace watch facebook_case tip.json new_posts.csv --media pictures/
    """
    from frametrace.app.console import Console
    from frametrace.app.flow import Inputs
    from frametrace.app.tips.watching import Watch, sorted_out, watch

    tips, sources = sorted_out(files)
    inputs = Inputs(sources, options["media"], options["maps"], options["format_name"])
    asked = Watch(tips, inputs, options["workers"], options["out"], options["as_json"])
    watch(case, asked, Console())
