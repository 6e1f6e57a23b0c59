"""From options of commands to the settings of stages."""

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any

from frametrace.embed.models.runtime import NumericPrecision
from frametrace.embed.signals import ModelChoice, model_options
from frametrace.embed.stage import EmbedSettings
from frametrace.matcher.match_settings import MatchSettings
from frametrace.posts.columns.column_map import map_from_options, parse_column_options, read_map
from frametrace.posts.dates.parse_time import DayOrder, time_zone
from frametrace.posts.errors import UsageError
from frametrace.posts.read_settings import ReadSettings
from frametrace.posts.sources.encodings import checked_encoding

__all__ = ["embed_settings", "inspect_settings", "match_settings", "read_settings"]


def read_settings(options: Mapping[str, Any]) -> ReadSettings:
    """How sources are to be read. Raises UsageError for what can't be understood."""
    maps = tuple(read_map(path) for path in options["columns"])
    if options["pairs"]:
        maps = (map_from_options(options["pairs"], maps[0] if maps else None), *maps[1:])
    try:
        return ReadSettings(
            format=options["format_name"],
            encoding=checked_encoding(options["encoding"]) if options["encoding"] else "",
            zone=time_zone(options["timezone"]) if options["timezone"] else None,
            order=DayOrder(order.replace("-", " ")) if (order := options["day_order"]) else None,
            columns=maps,
        )
    except ValueError as error:
        raise UsageError(str(error)) from None


def inspect_settings(options: Mapping[str, Any]) -> tuple[ReadSettings, Mapping[str, str]]:
    """How sources are to be read, and which columns users named for a draft of a column map.

    Columns that make a map are one, as `add` takes them, unless a draft is to be written. Raises
    UsageError or CaseError.
    """
    named = parse_column_options(options["pairs"])
    is_map = "post_id" in named and not {"account_id", "account_name"}.isdisjoint(named)
    if options["columns"] or (is_map and not options["draft"]):
        reading, given = read_settings(options), dict[str, str]()
    else:
        reading = read_settings({**options, "pairs": ()})
        given = {field: columns[0] for field, columns in named.items()}
    if options["case"] is None:
        return reading, given
    from frametrace.case.saved_column_maps import saved_column_maps
    from frametrace.case.store import Case

    kept = saved_column_maps(Case(options["case"]).path)
    return replace(reading, columns=(*reading.columns, *kept)), given


def embed_settings(options: Mapping[str, Any]) -> EmbedSettings:
    """What to compute and with which models."""
    chosen = {option.name: options[option.name] for option in model_options()}
    precision = options["arithmetic"]
    return EmbedSettings(
        signals=options["signals"],
        models=ModelChoice(
            {name: value for name, value in chosen.items() if value},
            None if precision is None else NumericPrecision(precision),
        ),
        workers=options["workers"],
        replace=options.get("replace", False),
    )


def match_settings(options: Mapping[str, Any]) -> MatchSettings:
    """The thresholds that were given, and the defaults of the others."""
    names = (field.name for field in fields(MatchSettings))
    given = {name: options[name] for name in names if options.get(name) is not None}
    return MatchSettings(**given)
