"""From options of commands to the settings of stages."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from frametrace.embed.signals import ModelChoice
from frametrace.embed.signals.runtimes import Arithmetic
from frametrace.embed.stage import EmbedSettings
from frametrace.matcher.settings import MatchSettings

__all__ = ["embed_settings", "match_settings"]


def embed_settings(options: Mapping[str, Any]) -> EmbedSettings:
    """What to compute and with which models."""
    chosen = {field.name: options[field.name] for field in fields(ModelChoice)}
    if chosen["arithmetic"] is not None:
        chosen["arithmetic"] = Arithmetic(chosen["arithmetic"])
    return EmbedSettings(
        signals=options["signals"],
        models=ModelChoice(**chosen),
        workers=options["workers"],
        replace=options.get("replace", False),
    )


def match_settings(options: Mapping[str, Any]) -> MatchSettings:
    """The thresholds that were given, and the defaults of the others."""
    names = (field.name for field in fields(MatchSettings))
    given = {name: options[name] for name in names if options.get(name) is not None}
    return MatchSettings(**given)
