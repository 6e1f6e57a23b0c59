"""Converts the options of commands to the settings of stages."""

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any

from frametrace.embed.embed_settings import EmbedSettings, ModelChoice, NumericPrecision
from frametrace.embed.signals import model_options
from frametrace.matcher.account_list import read_account_list
from frametrace.matcher.match_settings import MatchSettings
from frametrace.posts.columns.column_map import map_from_options, parse_column_options, read_map
from frametrace.posts.dates.day_order import DayOrder
from frametrace.posts.dates.parse_time import time_zone
from frametrace.posts.errors import UsageError
from frametrace.posts.read_settings import ReadSettings
from frametrace.posts.sources.encodings import checked_encoding

__all__ = ["embed_settings", "inspect_settings", "match_settings", "read_settings"]


def read_settings(options: Mapping[str, Any]) -> ReadSettings:
    """The settings for reading sources. Raises UsageError for values that can't be understood."""
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
    """The settings for reading sources, and the columns that the user named for a draft, by field.

    If the named columns are enough for a column map, they are used as one, as `add` does, unless a
    draft is to be written. Raises UsageError or CaseError.
    """
    named = parse_column_options(options["pairs"])
    is_map = "post_id" in named and not {"account_id", "account_name"}.isdisjoint(named)
    if options["columns"] or (is_map and not options["draft"]):
        reading, draft_columns = read_settings(options), dict[str, str]()
    else:
        reading = read_settings({**options, "pairs": ()})
        draft_columns = {field: columns[0] for field, columns in named.items()}
    if options["case"] is None:
        return reading, draft_columns
    from frametrace.case.saved_column_maps import saved_column_maps
    from frametrace.case.store import Case

    kept = saved_column_maps(Case(options["case"]).path)
    return replace(reading, columns=(*reading.columns, *kept)), draft_columns


def embed_settings(options: Mapping[str, Any]) -> EmbedSettings:
    """The signals to compute, and the models to use."""
    chosen = {option.name: options[option.name] for option in model_options()}
    precision = options["precision"]
    return EmbedSettings(
        signals=options["signals"],
        models=ModelChoice(
            {name: value for name, value in chosen.items() if value},
            None if precision is None else NumericPrecision(precision),
        ),
        workers=options["workers"],
        replace=options.get("replace", False),
        retry_failed=options.get("retry_failed", False),
    )


def match_settings(options: Mapping[str, Any]) -> MatchSettings:
    """The settings that were given, and the defaults for the rest.

    Raises UsageError for a list of fact-checkers that can't be read.
    """
    names = (field.name for field in fields(MatchSettings))
    given = {name: options[name] for name in names if options.get(name) is not None}
    if path := given.pop("fact_checkers", None):
        given["fact_checkers"] = read_account_list(path)
    return MatchSettings(**given)
