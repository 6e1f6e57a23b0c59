"""`frametrace embed`: computes the signals of a case."""

from pathlib import Path
from typing import Any

import click

from frametrace.app.options import (
    ModelCommand,
    case_argument,
    json_option,
    model_options,
    strict_option,
)

__all__ = ["command"]


@click.command("embed", cls=ModelCommand)
@case_argument
@model_options
@click.option("--replace", is_flag=True, help="Recompute the values that another model made.")
@click.option("--retry-failed", is_flag=True, help="Try the pictures again that were given up.")
@strict_option
@json_option
def command(case: Path, **options: Any) -> None:
    """Compute the signals that CASE lacks: hashes and vectors of its pictures and captions.

    Only what is missing is computed, also for a signal that is added later. A run that was stopped
    continues. A picture that can't be decoded is not tried again, except with --retry-failed; one
    whose worker the system ended, most often for lack of memory, is tried in three runs. Exit code
    1 says that there were some of these.

    \b
    frametrace embed hongkong
    frametrace embed hongkong --signal clip --clip-model ViT-B-32 --clip-weights weights.safetensors
    frametrace embed hongkong --signal caption --caption-model models/multilingual --replace
    """
    from dataclasses import asdict

    from frametrace.app import library
    from frametrace.app.output.console_output import print_json, print_line
    from frametrace.app.output.console_progress import Console
    from frametrace.app.output.print_results import (
        exit_if_incomplete,
        print_embedded,
        print_skipped,
    )
    from frametrace.app.output.skip_pandas import skip_pandas
    from frametrace.app.stage_settings import embed_settings
    from frametrace.case.store import Case

    skip_pandas()
    embedded = library.embed(case, embed_settings(options), progress=Console())
    opened = Case(case)
    if options["as_json"]:
        print_json({**asdict(embedded), "signals": opened.epoch.signals})
    else:
        print_embedded(opened, embedded)
        print_skipped(opened)
        print_line("next", f"frametrace match {case}")
    exit_if_incomplete(opened, strict=options["strict"], embedded=embedded)
