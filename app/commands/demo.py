"""`frametrace demo`: builds a demo case, runs it, and measures how much of the reuse was found."""

from pathlib import Path

import click

from frametrace.app.options import json_option

__all__ = ["command"]

_PAIR_NAMES = {
    "framing": "planted pairs of posts in one language",
    "languages": "planted pairs of posts in two languages",
    "edited": "of the pairs of photos, with a mirror image, a crop, a screenshot or a collage,",
}


@click.command("demo")
@click.argument("folder", type=click.Path(path_type=Path))
@json_option
def command(folder: Path, as_json: bool) -> None:
    """Build a small case with two platforms in FOLDER, and run it.

    The photographs come from installed packages; all accounts and posts are invented. The reuse in
    it is known, so the demo prints how much of it was found. FOLDER gets sources/, case/ and
    report/.

    \b
    frametrace demo demo
    """
    from dataclasses import asdict

    from frametrace.app import library
    from frametrace.app.demo.build_demo import build_sources, is_demo
    from frametrace.app.demo.planted_recall import scores
    from frametrace.app.output.console_output import print_json, print_line
    from frametrace.app.output.console_progress import Console
    from frametrace.app.output.print_results import print_run
    from frametrace.posts.errors import UsageError

    if folder.exists() and not is_demo(folder):
        raise UsageError(f"{folder} contains other files: name a new folder for the demo")
    sources = build_sources(folder / "sources")
    done = library.run(
        folder / "case",
        sources.exports,
        folder / "report",
        settings=library.RunSettings(sources.media, sources.media_map),
        progress=Console(),
    )
    found = scores(sources.planned, done.matched.tables)
    if as_json:
        print_json({**{kind: asdict(s) for kind, s in found.items()}, "report": done.page})
        return
    print_run(done, page=False)
    for kind, pairs in found.items():
        name = _PAIR_NAMES.get(kind, "planted pairs of posts")
        print_line(
            kind,
            f"{pairs.found:,} of {pairs.planted:,} {name} were found "
            f"({pairs.found / pairs.planted:.0%}), and {pairs.false:,} pairs that were not planted",
        )
    print_line("report", done.page)
