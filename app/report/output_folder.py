"""The folder of a report: refused unless it is ours, written beside, put in place all at once."""

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from frametrace.case.files import when_free
from frametrace.case.locks import output_lock
from frametrace.posts.errors import CaseError, UsageError

__all__ = ["check_place", "written"]

_BESIDE = ".writing"


def check_place(case: Path, out: Path, files: Sequence[str]) -> None:
    """Refuse a folder in which a report would overwrite something else, before any work is done.

    `files` are the report's, in the order in which they take their places: a folder with the last
    two holds a whole one. Raises `UsageError` where `out` is a file, lies in a case, or holds
    files of these names that no such report has written.
    """
    if out.exists() and not out.is_dir():
        raise UsageError(f"{out} is a file: name a folder for the report with --out")
    if out.resolve().is_relative_to(case.resolve()):
        raise UsageError(f"{out} is inside the case: name another folder for the report with --out")
    if any((folder / "case.json").is_file() for folder in (out.resolve(), *out.resolve().parents)):
        raise UsageError(f"{out} lies in a case: name another folder for the report with --out")
    taken = [name for name in files if (out / name).exists()]
    ours = all((out / name).is_file() for name in files[-2:])
    if taken and not ours and not (out / _BESIDE).is_dir():  # that of a killed report is ours too
        raise UsageError(
            f"{out} holds {taken[0]}, which no report has written: name another folder with --out"
        )


@contextmanager
def written(out: Path, files: Sequence[str]) -> Iterator[Path]:
    """A folder to write the report's files to; they take their places when the block ends well.

    Raises `CaseError` where they can't be written, and leaves nothing behind.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
        with output_lock(out):
            beside = out / _BESIDE
            shutil.rmtree(beside, ignore_errors=True)  # of a process that was killed
            beside.mkdir()
            try:
                yield beside
                for name in files:
                    when_free(partial((beside / name).replace, out / name))
            finally:
                shutil.rmtree(beside, ignore_errors=True)
    except OSError as error:
        raise CaseError(
            f"{out} can't be written: {error.strerror or error}. Make room, mend the "
            "permissions or name another place, then run the same command again"
        ) from None
