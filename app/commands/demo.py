"""`frametrace demo`."""

from pathlib import Path

import click

from frametrace.app.options import json_option

__all__ = ["command"]

_PAIRS = {"edited": "of these with a mirror image, a cut, a screenshot or a collage"}


@click.command("demo")
@click.argument("folder", type=click.Path(path_type=Path))
@json_option
def command(folder: Path, as_json: bool) -> None:
    """Make a small two-platform case in FOLDER from photographs in installed packages, and run it.

    What is planted in it is known, so the demo says how much of it was found. All accounts and
    posts are invented. FOLDER gets sources/, case/ and report/.

    \b
    frametrace demo demo
    """
    from dataclasses import asdict

    from frametrace.app.demo.build_demo import build_sources, is_demo
    from frametrace.app.demo.recall import score
    from frametrace.app.output.console import Console
    from frametrace.app.output.print_results import (
        print_json,
        tell_added,
        tell_embedded,
        tell_found,
        tell_skipped,
    )
    from frametrace.app.pipeline import Inputs, run
    from frametrace.matcher.results import GroupKind
    from frametrace.posts.errors import UsageError

    if folder.exists() and not is_demo(folder):
        raise UsageError(f"{folder} holds something else: name a new folder for the demo")
    sources = build_sources(folder / "sources")
    inputs = Inputs(sources.exports, sources.media, (sources.media_map,))
    done = run(folder / "case", inputs, folder / "report", progress=Console())
    kinds = (GroupKind.PHOTO, GroupKind.FRAMING)  # no element is planted
    scores = {str(kind): score(sources.planned, done.results, kind) for kind in kinds}
    scores["edited"] = score(sources.planned, done.results, GroupKind.PHOTO, heavy=True)
    if as_json:
        print_json({**{kind: asdict(s) for kind, s in scores.items()}, "report": done.page})
        return
    tell_added(done.added)
    tell_embedded(done.case, done.embedded)
    tell_skipped(done.case)
    tell_found(done.case, done.results, done.match_run)
    for kind, known in scores.items():
        which = _PAIRS.get(kind, "planted pairs of posts")
        print(
            f"{kind:9} {known.found:,} of {known.planted:,} {which} are found "
            f"({known.found / known.planted:.0%}), {known.false:,} pairs that were not planted"
        )
    print(f"report    {done.page}")
