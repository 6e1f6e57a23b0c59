"""`frametrace inspect`: shows how sources would be read, and drafts column maps."""

from pathlib import Path
from typing import Any

import click

from frametrace.app.options import FullPath, json_option, source_options, sources_argument

__all__ = ["command"]

_PATH = FullPath(path_type=Path)


@click.command("inspect")
@sources_argument
@source_options
@click.option("--case", type=_PATH, help="A case whose column maps are used as well.")
@click.option(
    "--rows",
    type=click.IntRange(1, 20),
    default=3,
    show_default=True,
    help="How many posts of each format to show side by side.",
)
@click.option(
    "--draft",
    type=_PATH,
    help="Write the drafted column map to this new file; nothing else is written.",
)
@json_option
def command(sources: tuple[Path, ...], **options: Any) -> None:
    """Show how SOURCES would be read, before they are added.

    For each source: its format and how it was recognised, its first posts and their files, how
    its times are understood, and what can't be read. For a table of no known format, a column map
    is drafted from the names and contents of its columns. Without --draft nothing is written.

    Exit code 3 if no post could be read and no column map could be drafted.

    \b
    frametrace inspect posts.csv --media pictures/
    frametrace inspect unknown.xlsx --draft columns.toml
    frametrace add hongkong unknown.xlsx --columns columns.toml
    """
    from dataclasses import asdict

    from frametrace.app.inspection.inspect_sources import inspect_sources
    from frametrace.app.inspection.next_step import check_new, next_steps, write_draft
    from frametrace.app.inspection.print_inspection import inspection_lines, screen_of
    from frametrace.app.output.console_output import print_json, print_lines
    from frametrace.app.output.console_progress import Console
    from frametrace.app.stage_settings import inspect_settings
    from frametrace.posts.media.media_library import MediaLibrary

    if options["draft"]:
        check_new(options["draft"])
    reading, draft_columns = inspect_settings(options)
    inspection = inspect_sources(
        sources,
        library=MediaLibrary(options["media"], options["maps"]),
        reading=reading,
        draft_columns=draft_columns,
        rows=options["rows"],
        progress=Console(),
    )
    if options["draft"]:
        write_draft(inspection, options["draft"])
    steps = next_steps(inspection, options)
    if options["as_json"]:
        print_json({**asdict(inspection), "next": steps})
    else:
        print_lines(inspection_lines(inspection, steps, screen_of()))
    has_incomplete_draft = any(
        draft.columns and not draft.is_complete for draft in inspection.drafts
    )
    if not (inspection.gives_posts or has_incomplete_draft):
        click.get_current_context().exit(3)
