"""Arguments and options that several commands share."""

from collections.abc import Callable
from math import isnan
from pathlib import Path
from typing import Any, TypeVar

import click

from frametrace.posts.dates.day_order import DayOrder

__all__ = [
    "FullPath",
    "case_argument",
    "group_option",
    "json_option",
    "match_options",
    "min_decades_option",
    "model_options",
    "out_option",
    "reading_options",
    "source_options",
    "sources_argument",
    "strict_option",
]

Command = TypeVar("Command", bound=Callable[..., Any])


class FullPath(click.Path):
    """A path; an empty one (a shell variable that isn't set) would mean the current folder."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Read it as click does. Fails, as click does, for an empty text."""
        if value == "":
            self.fail("the path is empty; name a file or a folder", param, ctx)
        return super().convert(value, param, ctx)


_PATH = FullPath(path_type=Path)

case_argument = click.argument("case", type=_PATH)
sources_argument = click.argument("sources", nargs=-1, required=True, type=_PATH)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")
strict_option = click.option(
    "--strict", is_flag=True, help="End with exit code 1 when anything was skipped."
)


class _Folder(FullPath):
    def get_missing_message(self, param: click.Parameter, ctx: click.Context | None) -> str:
        """What to name where none is."""
        return "Name a folder for the report, such as --out report/"


out_option = click.option(
    "--out",
    type=_Folder(path_type=Path),
    required=True,
    help="The folder of the report; made if it is absent.",
)


def _without_elements(
    _context: click.Context, _parameter: click.Parameter, groups: tuple[str, ...]
) -> tuple[str, ...]:
    from frametrace.matcher.results import GroupKind

    for name in groups:
        if name.startswith(f"{GroupKind.ELEMENT}-"):
            raise click.BadParameter(
                f"{name} is an element, which unrelated pictures share; name a group of a photo "
                "or a framing"
            )
    return groups


group_option = click.option(
    "--group",
    "groups",
    multiple=True,
    callback=_without_elements,
    help="A group's id; may be given again.",
)


class _Decades(click.FloatRange):
    """A number in a range; `nan` is no number."""

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Read it as click does. Fails, as click does, for `nan`."""
        number = float(super().convert(value, param, ctx))
        if isnan(number):
            self.fail(f"{value} is no number", param, ctx)
        return number


def _all(*options: Callable[[Command], Command]) -> Callable[[Command], Command]:
    def decorate(command: Command) -> Command:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


_source_options = _all(
    click.option(
        "--media",
        type=_PATH,
        multiple=True,
        help="A folder or zip archive that holds the posts' pictures; may be given again.",
    ),
    click.option(
        "--media-map",
        "maps",
        type=_PATH,
        multiple=True,
        help="A CSV with the columns post_id and path (and platform); may be given again.",
    ),
    click.option(
        "--format", "format_name", help="Name the sources' format; otherwise it is recognised."
    ),
)

reading_options = _all(
    click.option(
        "--columns",
        type=_PATH,
        multiple=True,
        help="A column map (TOML) for tables that no format fits; `frametrace inspect` drafts one.",
    ),
    click.option(
        "--column",
        "pairs",
        multiple=True,
        help="FIELD=COLUMN: which column of a table is what, such as text=caption; again for each.",
    ),
    click.option("--encoding", help="The texts' encoding; otherwise UTF-8, or what is detected."),
    click.option(
        "--timezone", help="Of times that name none, such as Europe/Berlin; otherwise UTC."
    ),
    click.option(
        "--day-order",
        type=click.Choice([order.replace(" ", "-") for order in DayOrder]),
        help="What 05/06/2024 means; otherwise what the other dates of its column show.",
    ),
)

source_options = _all(_source_options, reading_options)


def model_options(command: Command) -> Command:
    """The options of `embed`: which signals, with which models; each signal declares its own."""
    from frametrace.embed.signals import model_options as declared_options  # loads NumPy and Arrow

    models = (
        click.option(f"--{option.name.replace('_', '-')}", default="", help=option.help)
        for option in declared_options()
    )
    return _all(_signal_option, *models, _precision_option, _workers_option)(command)


_signal_option = click.option(
    "--signal",
    "signals",
    multiple=True,
    help="Compute only this signal; may be given again. Otherwise all that this machine can.",
)
_precision_option = click.option(
    "--arithmetic",
    type=click.Choice(["float32", "int8", "bfloat16"]),
    help="The numeric precision of models. By default that of the case's vectors; for new ones the"
    " fastest that agrees with float32 on this machine.",
)
_workers_option = click.option(
    "--workers", type=click.IntRange(0, 1024), default=0, help="Processes; 0: one a processor."
)

min_decades_option = click.option(
    "--min-decades",
    type=_Decades(0, 18),
    help="How rare among unrelated posts the likeness of two posts of one framing is, at least:"
    " 3 is one of 1,000 pairs.  [default: 5]",
)

match_options = _all(
    click.option(
        "--max-pdq",
        type=click.IntRange(0, 255),
        help="The greatest PDQ distance of two copies, in bits of 256.  [default: 31]",
    ),
    min_decades_option,
)
