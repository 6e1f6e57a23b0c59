"""Writes a report's files to a temporary folder and moves them into place together."""

import shutil
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from frametrace.case.atomic_files import when_free
from frametrace.case.locks import output_lock
from frametrace.posts.errors import CaseError, UsageError

__all__ = ["check_output_folder", "output_files"]

_TEMPORARY = ".writing"


def check_output_folder(
    case: Path, out: Path, files: Sequence[str], not_of_earlier: Collection[str] = ()
) -> None:
    """Refuse a folder in which a report would overwrite other files, before any work is done.

    `files` are the report's files in the order in which they are moved: a folder with the last two
    holds a complete report, which did not write those in `not_of_earlier`. Raises `UsageError` if
    `out` is a file, is inside a case, or has files of these names that no report wrote.
    """
    if out.exists() and not out.is_dir():
        raise UsageError(f"{out} is a file: name a folder for the report with --out")
    if out.resolve().is_relative_to(case.resolve()):
        raise UsageError(f"{out} is inside the case: name another folder for the report with --out")
    if any((folder / "case.json").is_file() for folder in (out.resolve(), *out.resolve().parents)):
        raise UsageError(f"{out} is inside a case: name another folder for the report with --out")
    existing = [name for name in files if (out / name).exists()]
    is_report = all((out / name).is_file() for name in files[-2:])
    others = [name for name in existing if not is_report or name in not_of_earlier]
    if others and not (out / _TEMPORARY).is_dir():  # a stopped report
        raise UsageError(
            f"{out} holds {others[0]}, which no report wrote: name another folder with --out"
        )


@contextmanager
def output_files(out: Path, files: Sequence[str], obsolete: Sequence[str] = ()) -> Iterator[Path]:
    """A temporary folder for the report's files; they are moved to `out` if the block succeeds.

    Files named in `obsolete`, of an earlier report, are then deleted from `out`.
    Raises `CaseError` if they can't be written, and leaves nothing behind.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
        with output_lock(out):
            temporary = out / _TEMPORARY
            shutil.rmtree(temporary, ignore_errors=True)  # of a process that was killed
            temporary.mkdir()
            try:
                yield temporary
                for name in obsolete:
                    when_free(partial((out / name).unlink, missing_ok=True))
                for name in files:
                    when_free(partial((temporary / name).replace, out / name))
            finally:
                shutil.rmtree(temporary, ignore_errors=True)
    except OSError as error:
        raise CaseError(
            f"{out} can't be written: {error.strerror or error}. Make room, fix "
            "the permissions or name another folder, then run the same command again"
        ) from None
