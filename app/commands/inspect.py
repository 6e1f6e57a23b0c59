"""`frametrace inspect`."""

from pathlib import Path
from typing import Any

import click

from frametrace.app.options import FullPath, json_option, source_options, sources_argument

__all__ = ["command"]

_PATH = FullPath(path_type=Path)


@click.command("inspect")
@sources_argument
@source_options
@click.option("--case", type=_PATH, help="A case, whose kept column maps are used as well.")
@click.option(
    "--rows",
    type=click.IntRange(1, 20),
    default=3,
    show_default=True,
    help="How many posts of each format are shown side by side.",
)
@click.option(
    "--draft",
    type=_PATH,
    help="Write the column map that was drafted into this new file; nothing else is written.",
)
@json_option
def command(sources: tuple[Path, ...], **options: Any) -> None:
    """Look at SOURCES before they are added: what they are and how they would be read.

    Says for each which format reads it and why, what its first posts are, which pictures they would
    get, how times are understood, and what can't be read. For a table that no format fits, a column
    map is drafted from the names of its columns and what they hold. Nothing is written.

    Exit code 3 where no post could be read, and no map drafted that could be completed.

    \b
    frametrace inspect posts.csv --media pictures/
    frametrace inspect unknown.xlsx --draft columns.toml
    frametrace add hongkong unknown.xlsx --columns columns.toml
    """
    from dataclasses import asdict

    from frametrace.app.inspection.inspect_sources import inspect_sources
    from frametrace.app.inspection.next_step import check_new, next_steps, write_draft
    from frametrace.app.inspection.print_inspection import inspection_lines, screen_of
    from frametrace.app.output.console import Console
    from frametrace.app.output.render import print_json
    from frametrace.app.stage_settings import inspect_settings
    from frametrace.posts.media.media_library import MediaLibrary

    if options["draft"]:
        check_new(options["draft"])
    reading, given = inspect_settings(options)
    found = inspect_sources(
        sources,
        library=MediaLibrary(options["media"], options["maps"]),
        reading=reading,
        given=given,
        rows=options["rows"],
        progress=Console(),
    )
    if options["draft"]:
        write_draft(found, options["draft"])
    steps = next_steps(found, options)
    if options["as_json"]:
        print_json({**asdict(found), "next": steps})
    else:
        for line in inspection_lines(found, steps, screen_of()):
            print(line)
    to_complete = any(draft.columns and not draft.is_complete for draft in found.drafts)
    if not (found.gives_posts or to_complete):
        click.get_current_context().exit(3)
