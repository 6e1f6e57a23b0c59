"""What to do after an inspection: the commands, and the draft in a file if it is asked for."""

import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from frametrace.app.inspection.findings import DraftFound, Inspection
from frametrace.posts.errors import UsageError

__all__ = ["check_new", "next_steps", "write_draft"]

_DEFAULT = Path("columns.toml")
_OPTIONS: Mapping[str, str] = {
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
    """Refuse a file that is there already. Raises UsageError."""
    if path.exists() or path.is_symlink():
        raise UsageError(f"{path} is there already, and nothing is written over it: name another.")


def write_draft(found: Inspection, path: Path) -> None:
    """Write the one draft of an inspection into a new file. Raises UsageError or OSError."""
    drafts = found.drafts
    if not drafts:
        raise UsageError("--draft: nothing here needs a column map, or could have one.")
    if len(drafts) > 1:
        tables = ", ".join(draft.table for draft in drafts)
        raise UsageError(f"--draft: these tables differ; inspect one of them alone: {tables}.")
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(drafts[0].toml)
    except FileExistsError:
        check_new(path)
        raise


def next_steps(found: Inspection, options: Mapping[str, Any]) -> list[str]:
    """The commands that go on from here; none where nothing can be read."""
    sources = " ".join(shlex.quote(source.path) for source in found.sources)
    for source in found.sources:
        if lacking := [draft for draft in source.drafts if not draft.is_complete]:
            return _completed(source.path, lacking[0], options)
    case = shlex.quote(str(options["case"] or "CASE"))
    if not found.gives_posts:
        return []
    if found.drafts:
        path = options["draft"] or _DEFAULT
        rest = _said(options, "pairs", "timezone", "day_order")
        added = f"frametrace add {case} {sources}{rest} --columns {shlex.quote(str(path))}"
        said = _said(options)
        draft = f"frametrace inspect {sources}{said} --draft {shlex.quote(str(path))}"
        return [added] if options["draft"] else [draft, added]
    return [f"frametrace add {case} {sources}{_said(options)}"]


def _completed(path: str, draft: DraftFound, options: Mapping[str, Any]) -> list[str]:
    """What names the columns that a draft lacks: a command, or an editor if it was written."""
    if written := options["draft"]:
        lacking = " and ".join(field for field in draft.lacking if field in _KEYS)
        return [f"write into {written} which column is {lacking}"]
    said = _said(options, "pairs", "maps", "media")
    file = shlex.quote(str(_DEFAULT))
    return [f"frametrace inspect {shlex.quote(path)}{said} {_missing(draft)} --draft {file}"]


def _missing(draft: DraftFound) -> str:
    """The options that name what a draft lacks."""
    given = [f"--column {shlex.quote(f'{f}={c}')}" for f, c in draft.columns.items() if f in _KEYS]
    lacking = [f"--column {field}=…" for field in draft.lacking if field in _KEYS]
    return " ".join((*given, *lacking))


_KEYS = ("post_id", "account_id")


def _said(options: Mapping[str, Any], *without: str) -> str:
    """The options that were given, as they were given."""
    return "".join(
        f" {option} {shlex.quote(str(value))}"
        for name, option in _OPTIONS.items()
        if name not in without
        for value in _listed(options[name])
    )


def _listed(value: Any) -> Iterator[Any]:
    if isinstance(value, tuple):
        yield from value
    elif value:
        yield value
