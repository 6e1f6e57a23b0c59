"""`frametrace framing`: ranks posts by examples, and keeps framings under a name."""

from pathlib import Path
from typing import Any

import click

from frametrace.app.options import FullPath, case_argument, json_option, min_rarity_option

__all__ = ["command"]

_PATH = FullPath(path_type=Path)


@click.command("framing")
@case_argument
@click.option(
    "--like",
    "posts",
    multiple=True,
    metavar="POST",
    help="A post of CASE, by its id or as platform/id; may be repeated.",
)
@click.option(
    "--picture", "pictures", multiple=True, type=_PATH, help="A picture file; may be repeated."
)
@click.option("--text", "texts", multiple=True, help="A text; may be repeated.")
@click.option(
    "--unlike",
    "unlike_posts",
    multiple=True,
    metavar="POST",
    help="A counter-example: a post of CASE; may be repeated.",
)
@click.option(
    "--unlike-picture",
    "unlike_pictures",
    multiple=True,
    type=_PATH,
    help="A counter-example: a picture file; may be repeated.",
)
@click.option(
    "--unlike-text",
    "unlike_texts",
    multiple=True,
    help="A counter-example: a text; may be repeated.",
)
@click.option(
    "--name",
    help="Keep the examples, and --min-rarity, in CASE under this name; adds to those kept before.",
)
@click.option("--delete", is_flag=True, help="Delete the framing with this --name.")
@min_rarity_option
@click.option(
    "--top",
    type=click.IntRange(0, 10**9),
    help="How many posts to show, the most similar first; 0: all.  [default: 20; with --out and"
    " --json those that belong]",
)
@click.option("--out", type=_PATH, help="Also write the posts to a CSV file.")
@json_option
def command(case: Path, **options: Any) -> None:
    """Find the posts of CASE that say or show what the examples do: posts, pictures or texts.

    All posts are ranked by the rarity of their similarity to the examples: 3 means that one of
    1,000 unrelated pairs is as similar. A post belongs to the framing if the rarity is high enough
    and the post is closer to the examples than to the counter-examples. With --name the examples
    are kept, and later ones are added to them; `run` and `match` then list the posts that belong,
    `watch` lists new ones, and `tip export --framing` shares them. Without options, the named
    framings of CASE are listed.

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
        raise click.UsageError("--name is empty: give a name, or leave it out")
    query = FramingQuery(
        ExampleNames(options["posts"], options["pictures"], options["texts"]),
        ExampleNames(options["unlike_posts"], options["unlike_pictures"], options["unlike_texts"]),
        options["min_decades"],
        options["name"] or "",
    )
    out, top, as_json = options["out"], options["top"], options["as_json"]
    if out is not None and out.suffix.lower() != ".csv":
        raise click.UsageError(f"{out} is not a CSV file: name one that ends in .csv")
    if options["delete"]:
        if not query.name or query.is_more_than_a_name or out is not None or top is not None:
            raise click.UsageError("--delete takes --name and no other option")
        remove_framing(case, query.name, as_json=as_json)
    elif query.name or query.is_more_than_a_name:
        show_framing(case, query, top, out, as_json=as_json)
    elif out is not None or top is not None:
        raise click.UsageError("name an example with --like, --picture or --text")
    else:
        list_framings(case, as_json=as_json)
