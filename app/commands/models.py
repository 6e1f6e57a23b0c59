"""`frametrace models`: lists the models that signals can use, and downloads one if asked to."""

from typing import TYPE_CHECKING

import click

from frametrace.app.options import json_option

if TYPE_CHECKING:
    from frametrace.embed.models.model_catalogue import KnownModel

__all__ = ["command"]


@click.group("models", invoke_without_command=True)
@click.option(
    "--files", "carried", metavar="MODEL", help="List what to carry to a machine without internet."
)
@json_option
@click.pass_context
def command(context: click.Context, carried: str | None, as_json: bool) -> None:
    """List the models that signals can use: where they lie, licence, size, SHA-256, packages.

    Nothing is downloaded but by `frametrace models fetch MODEL`, which asks first.

    \b
    frametrace models
    frametrace models --files clip
    frametrace models fetch clip
    """
    from frametrace.app.output.console_output import print_json
    from frametrace.app.output.print_models import models_json, print_files, print_models
    from frametrace.embed.models.model_catalogue import KNOWN_MODELS

    if context.invoked_subcommand:
        return
    models = KNOWN_MODELS if carried is None else (_published(carried),)
    if as_json:
        print_json(models_json(models))
    elif carried is None:
        print_models(models)
    else:
        print_files(models[0])


@command.command("fetch")
@click.argument("model")
@click.option("--yes", is_flag=True, help="Download without asking.")
def fetch(model: str, yes: bool) -> None:
    """Download MODEL after showing its licence, size and source, and asking.

    An interrupted download continues where it stopped. Every file is verified by its digest.

    \b
    frametrace models fetch clip
    frametrace models fetch caption-multilingual --yes
    """
    from frametrace.app.output.console_output import print_line, print_text
    from frametrace.app.output.print_models import print_models
    from frametrace.embed.models.fetch_model import fetch_model, target_folder
    from frametrace.embed.models.model_catalogue import installed_at

    known = _published(model)
    if at := installed_at(known):
        print_line("here", at)
        return
    print_models([known])
    print_text()
    print_line("to", target_folder(known))
    if not yes:
        _ask(known)
    at = fetch_model(known, print_text)
    print_line("here", at)
    print_line("next", f"frametrace embed CASE --signal {known.signal}")


def _published(name: str) -> "KnownModel":
    """A known model that is published as files."""
    from frametrace.embed.models.fetch_model import target_folder
    from frametrace.embed.models.model_catalogue import known_model

    model = known_model(name)
    target_folder(model)
    return model


def _ask(model: "KnownModel") -> None:
    """Ask whether to download; raises UsageError where nobody can answer, Abort for a no."""
    from frametrace.posts.errors import UsageError

    try:
        agreed = click.confirm(f"Download {model.size / 1e6:,.0f} MB?")
    except click.Abort:
        raise UsageError(
            f"nothing was downloaded: nobody answered. frametrace models fetch {model.name} --yes"
        ) from None
    if not agreed:
        click.echo("nothing was downloaded")
        click.get_current_context().exit()
