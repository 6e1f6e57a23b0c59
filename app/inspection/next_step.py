"""Suggests the commands to run after an inspection, and writes the draft of `--draft`."""

import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from frametrace.app.inspection.findings import DraftedMap, Inspection
from frametrace.posts.errors import UsageError

__all__ = ["check_new", "next_steps", "write_draft"]

_DEFAULT_DRAFT = Path("columns.toml")
_KEYS = ("post_id", "account_id")  # the fields that a draft can't do without
_REPEATED_OPTIONS: Mapping[str, str] = {
    "media": "--media",
    "maps": "--media-map",
    "format_name": "--format",
    "columns": "--columns",
    "pairs": "--column",
    "encoding": "--encoding",
    "timezone": "--timezone",
    "day_order": "--day-order",
}


def check_new(path: Path) -> None:
    """Refuse a file that exists. Raises UsageError."""
    if path.exists() or path.is_symlink():
        raise UsageError(f"{path} exists and is not overwritten: name another file.")


def write_draft(inspection: Inspection, path: Path) -> None:
    """Write the only draft of an inspection to a new file. Raises UsageError or OSError."""
    drafts = inspection.drafts
    if not drafts:
        raise UsageError("--draft: no table here needs a column map that could be drafted.")
    if len(drafts) > 1:
        tables = ", ".join(draft.table for draft in drafts)
        raise UsageError(
            f"--draft: these tables need different maps; inspect them one by one: {tables}."
        )
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(drafts[0].toml)
    except FileExistsError:
        check_new(path)
        raise


def next_steps(inspection: Inspection, options: Mapping[str, Any]) -> list[str]:
    """The commands to run next; none if nothing can be read."""
    sources = " ".join(shlex.quote(source.path) for source in inspection.sources)
    for source in inspection.sources:
        if incomplete := [draft for draft in source.drafts if not draft.is_complete]:
            return _completing(source.path, incomplete[0], options)
    case = shlex.quote(str(options["case"] or "CASE"))
    if not inspection.gives_posts:
        return []
    if inspection.drafts:
        path = options["draft"] or _DEFAULT_DRAFT
        rest = _repeated(options, "pairs", "timezone", "day_order")
        add = f"frametrace add {case} {sources}{rest} --columns {shlex.quote(str(path))}"
        draft = f"frametrace inspect {sources}{_repeated(options)} --draft {shlex.quote(str(path))}"
        return [add] if options["draft"] else [draft, add]
    return [f"frametrace add {case} {sources}{_repeated(options)}"]


def _completing(path: str, draft: DraftedMap, options: Mapping[str, Any]) -> list[str]:
    """How to name the columns that a draft lacks: by a command, or in the written file."""
    if written := options["draft"]:
        lacking = " and ".join(field for field in draft.lacking if field in _KEYS)
        return [f"in {written}, name the column of {lacking}"]
    repeated = _repeated(options, "pairs", "maps", "media")
    file = shlex.quote(str(_DEFAULT_DRAFT))
    return [f"frametrace inspect {shlex.quote(path)}{repeated} {_missing(draft)} --draft {file}"]


def _missing(draft: DraftedMap) -> str:
    """The options that name the columns of a draft, … for those that it lacks."""
    given = [f"--column {shlex.quote(f'{f}={c}')}" for f, c in draft.columns.items() if f in _KEYS]
    lacking = [f"--column {field}=…" for field in draft.lacking if field in _KEYS]
    return " ".join((*given, *lacking))


def _repeated(options: Mapping[str, Any], *without: str) -> str:
    """The options of the inspection, to repeat in the next command."""
    return "".join(
        f" {option} {shlex.quote(str(value))}"
        for name, option in _REPEATED_OPTIONS.items()
        if name not in without
        for value in _listed(options[name])
    )


def _listed(value: Any) -> Iterator[Any]:
    if isinstance(value, tuple):
        yield from value
    elif value:
        yield value
