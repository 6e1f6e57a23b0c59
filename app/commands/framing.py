"""`frametrace framing`."""

from pathlib import Path
from typing import Any

import click

from frametrace.app.options import FullPath, case_argument, json_option, min_decades_option

__all__ = ["command"]

_PATH = FullPath(path_type=Path)


@click.command("framing")
@case_argument
@click.option(
    "--like",
    "posts",
    multiple=True,
    metavar="POST",
    help="A post of CASE, by its id or as platform/id; may be given again.",
)
@click.option(
    "--picture", "pictures", multiple=True, type=_PATH, help="A picture file; may be given again."
)
@click.option("--text", "texts", multiple=True, help="A text; may be given again.")
@click.option(
    "--unlike",
    "unlike_posts",
    multiple=True,
    metavar="POST",
    help="A post that is not meant; may be given again.",
)
@click.option(
    "--unlike-picture",
    "unlike_pictures",
    multiple=True,
    type=_PATH,
    help="A picture file that is not meant; may be given again.",
)
@click.option(
    "--unlike-text",
    "unlike_texts",
    multiple=True,
    help="A text that is not meant; may be given again.",
)
@click.option(
    "--name",
    help="Keep the examples, and --min-decades, in CASE under this name, with those kept before.",
)
@click.option("--delete", is_flag=True, help="Delete the framing of that --name.")
@min_decades_option
@click.option(
    "--top",
    type=click.IntRange(0, 10**9),
    help="How many posts, the most alike first; 0: all.  [default: 20; with --out and --json those"
    " that belong]",
)
@click.option("--out", type=_PATH, help="Also write the posts to a CSV file.")
@json_option
def command(case: Path, **options: Any) -> None:
    """Find the posts of CASE that say or show what examples do: posts, pictures, texts.

    All posts are ranked by their likeness, in decades: 3 is one of 1,000 unrelated pairs. Those
    belong that have enough of it and are nearer to the examples than to what they are not meant to
    be like. With --name examples are kept, and those given later are added to them; `run` and
    `match` then tell which posts belong, `watch` which new ones do, `tip export --framing` sends
    them. Without options the framings of CASE are listed.

    \b
    frametrace framing hongkong --like twitter/123 --like 456
    frametrace framing hongkong --text "who pays for the damage?" --picture meme.jpg --name damage
    frametrace framing hongkong --name damage --unlike twitter/789 --out damage.csv
    frametrace framing hongkong
    """
    from frametrace.app.output.framings_by_example import (
        list_framings,
        remove_framing,
        show_framing,
    )
    from frametrace.matcher.framing.by_example.framing_search import FramingQuery
    from frametrace.matcher.framing.by_example.read_examples import ExampleNames

    if options["name"] == "":
        raise click.UsageError("the name is empty: name a framing, or leave --name out")
    asked = FramingQuery(
        ExampleNames(options["posts"], options["pictures"], options["texts"]),
        ExampleNames(options["unlike_posts"], options["unlike_pictures"], options["unlike_texts"]),
        options["min_decades"],
        options["name"] or "",
    )
    out, top, as_json = options["out"], options["top"], options["as_json"]
    if out is not None and out.suffix.lower() != ".csv":
        raise click.UsageError(f"{out} is no CSV file: name one that ends in .csv")
    if options["delete"]:
        if not asked.name or asked.is_more_than_a_name or out is not None or top is not None:
            raise click.UsageError("--delete goes with --name and nothing else")
        remove_framing(case, asked.name, as_json=as_json)
    elif asked.name or asked.is_more_than_a_name:
        show_framing(case, asked, top, out, as_json=as_json)
    elif out is not None or top is not None:
        raise click.UsageError("name an example: a post with --like, a --picture, or a --text")
    else:
        list_framings(case, as_json=as_json)
