"""The arguments and options that several commands share; options from settings dataclasses."""

from collections.abc import Callable
from dataclasses import fields
from math import isnan
from pathlib import Path
from typing import Any, TypeVar

import click

from frametrace.embed.embed_settings import EmbedSettings, NumericPrecision
from frametrace.matcher.match_settings import MatchSettings
from frametrace.posts.dates.day_order import DayOrder

__all__ = [
    "FullPath",
    "ModelCommand",
    "case_argument",
    "group_option",
    "json_option",
    "match_options",
    "max_pdq_option",
    "min_rarity_option",
    "model_options",
    "out_option",
    "reading_options",
    "report_options",
    "setting_option",
    "source_options",
    "sources_argument",
    "strict_option",
    "workers_option",
]

Command = TypeVar("Command", bound=Callable[..., Any])


class FullPath(click.Path):
    """A path that isn't empty: an unset shell variable would mean the current folder."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Convert as click does. Fails, as click does, for an empty text."""
        if value == "":
            self.fail("the path is empty; name a file or a folder", param, ctx)
        return super().convert(value, param, ctx)


_PATH = FullPath(path_type=Path)

case_argument = click.argument("case", type=_PATH)
sources_argument = click.argument("sources", nargs=-1, required=True, type=_PATH)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")
strict_option = click.option(
    "--strict", is_flag=True, help="Exit with code 1 if anything was skipped."
)


class _Folder(FullPath):
    def get_missing_message(self, param: click.Parameter, ctx: click.Context | None) -> str:
        """The message where no folder is named."""
        return "Name a folder for the report, such as --out report/"


out_option = click.option(
    "--out",
    type=_Folder(path_type=Path),
    required=True,
    help="The folder for the output; created if missing.",
)


def _without_elements(
    _context: click.Context, _parameter: click.Parameter, groups: tuple[str, ...]
) -> tuple[str, ...]:
    from frametrace.matcher.result_schemas import GroupKind

    for name in groups:
        if name.startswith(f"{GroupKind.ELEMENT}-"):
            raise click.BadParameter(
                f"{name} is an element, which unrelated pictures share: name a photo group or a "
                "framing group"
            )
    return groups


group_option = click.option(
    "--group",
    "groups",
    multiple=True,
    callback=_without_elements,
    help="The id of a group; may be repeated.",
)


class _RenamedOption(click.Option):
    """An option with a new name; the old one is still accepted, and help does not show it."""

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        """The names and the help, without the old name."""
        record = super().get_help_record(ctx)
        if record is None:
            return None
        names, text = record
        return names.replace(f", {self.opts[1]}", ""), text


class _Number(click.FloatRange):
    """A number in a range; `nan` is refused."""

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Convert as click does. Fails, as click does, for `nan`."""
        number = float(super().convert(value, param, ctx))
        if isnan(number):
            self.fail(f"{value} is not a number", param, ctx)
        return number


def setting_option(
    settings: type, name: str, *flags: str, always: bool = True, cls: type = click.Option
) -> Callable[[Command], Command]:
    """An option made from a field of a settings dataclass: its default, bounds, help and type.

    The field's `metadata` holds `help`, `min`, `max` and, if the bounds themselves are excluded,
    `open`. With `always` False an option that isn't given is None, though help shows the default.
    """
    field = next(field for field in fields(settings) if field.name == name)
    low, high, is_open = (field.metadata.get(key) for key in ("min", "max", "open"))
    number_type: click.ParamType[Any] = (
        click.IntRange(low, high)
        if isinstance(field.default, int)
        else _Number(low, high, min_open=bool(is_open), max_open=bool(is_open))
    )
    text = str(field.metadata["help"])
    if always:
        return click.option(
            *flags, name, cls=cls, type=number_type, default=field.default, show_default=True,
            help=text,
        )  # fmt: skip
    text = f"{text}  [default: {field.default:g}]"
    return click.option(*flags, name, cls=cls, type=number_type, help=text)


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
        help="A folder or zip archive that holds the posts' pictures and videos; may be repeated.",
    ),
    click.option(
        "--media-map",
        "maps",
        type=_PATH,
        multiple=True,
        help="A CSV with the columns post_id, path and, optionally, platform; may be repeated.",
    ),
    click.option(
        "--format", "format_name", help="The format of the sources. By default it is recognised."
    ),
)

reading_options = _all(
    click.option(
        "--columns",
        type=_PATH,
        multiple=True,
        help="A column map (TOML) for tables of no known format; `frametrace inspect` drafts one.",
    ),
    click.option(
        "--column",
        "pairs",
        multiple=True,
        help="FIELD=COLUMN: the column that holds a field, such as text=caption; may be repeated.",
    ),
    click.option("--encoding", help="The encoding of texts. By default it is detected."),
    click.option(
        "--timezone",
        help="The zone of times without one, such as Europe/Berlin. By default UTC.",
    ),
    click.option(
        "--day-order",
        type=click.Choice([order.replace(" ", "-") for order in DayOrder]),
        help="How to read 05/06/2024. By default as the other dates of its column show.",
    ),
)

source_options = _all(_source_options, reading_options)


class ModelCommand(click.Command):
    """A command with the model options that the signals declare, read when it is called."""

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        """The command's own parameters, the model options, and `--help`."""
        from frametrace.embed.signals import model_options as declared_options

        *own, help_option = super().get_params(ctx)
        declared = [
            click.Option([f"--{option.name.replace('_', '-')}"], default="", help=option.help)
            for option in declared_options()
        ]
        return [*own, *declared, help_option]


workers_option = setting_option(EmbedSettings, "workers", "--workers")
model_options = _all(
    click.option(
        "--signal",
        "signals",
        multiple=True,
        help="Compute only this signal; may be repeated. By default all that this machine can.",
    ),
    click.option(
        "--precision",
        "--arithmetic",
        "precision",
        cls=_RenamedOption,
        type=click.Choice([str(precision) for precision in NumericPrecision]),
        help="The numeric precision of models. By default that of the case's vectors; for new ones"
        " the fastest that agrees with float32 on this machine.",
    ),
    workers_option,
)

max_pdq_option = setting_option(MatchSettings, "max_pdq", "--max-pdq")
min_rarity_option = setting_option(  # None where it isn't given: a kept framing has its own
    MatchSettings, "min_decades", "--min-rarity", "--min-decades", always=False, cls=_RenamedOption
)
_fact_checkers_option = click.option(
    "--fact-checkers",
    type=_PATH,
    help="A file with one account per line (platform/id, or platform/name): their posts count as"
    " disputing what framings claim.",
)
report_options = _all(
    click.option(
        "--all-matches",
        is_flag=True,
        help="List every match, not only those that tie a post to its group.",
    ),
    click.option("--parquet", is_flag=True, help="Write the tables as Parquet instead of CSV."),
)
match_options = _all(max_pdq_option, min_rarity_option, _fact_checkers_option)
