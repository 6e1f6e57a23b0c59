"""Workbooks of spreadsheets (xlsx, xls, ods), sheet by sheet, as rows of text.

A process of its own reads them: see `workbook_subprocess`.
"""

import io
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from frametrace.posts.errors import SourceError
from frametrace.posts.sources.compression import READ_ERRORS

__all__ = ["embedded_pictures", "is_workbook", "sheet_rows", "sheets_in"]

_MAGICS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")  # a zip, an OLE document
_LISTED = 2**20  # bytes
_PICTURE = re.compile(
    rb"PK\x01\x02.{42}(?:xl/media|Pictures)/[^/]", re.DOTALL
)  # in a zip's directory
_PACKED = 2**28  # bytes; it is read whole
_PIECE = 2**20
_ROW = 2**25  # bytes of a row as JSON: 16,384 cells may all show one text of 32,767 characters
_CELLS = Path(__file__).with_name("workbook_subprocess.py")


def is_workbook(begins: bytes, suffix: str) -> bool:
    """Whether a file that begins like this, with this suffix, is a workbook."""
    return begins.startswith(_MAGICS) and suffix in {".xlsx", ".xlsm", ".xls", ".ods", ""}


def sheets_in(file: "io.BufferedReader[Any]", name: str) -> tuple[tuple[str, list[list[str]]], ...]:
    """Each sheet's name and its first rows. Raises SourceError, with a plain reason."""
    return tuple((sheet, rows) for sheet, rows in _printed(file, name))


def sheet_rows(file: "io.BufferedReader[Any]", name: str, number: int) -> Iterator[list[str]]:
    """The cells of a sheet, row by row, as text; ids that lost digits look like it (`1.69E+18`).

    Raises SourceError, with a plain reason, where the workbook can't be read.
    """
    return _printed(file, name, str(number))


def embedded_pictures(file: "io.BufferedReader[Any]") -> int:
    """How many pictures a workbook holds itself, by the list of its parts, which stands at its end.

    None of one whose end can't be looked at.
    """
    try:
        file.seek(max(0, file.seek(0, os.SEEK_END) - _LISTED))
        return sum(1 for _ in _PICTURE.finditer(file.read(_LISTED)))
    except READ_ERRORS:
        return 0


def _printed(file: "io.BufferedReader[Any]", name: str, *arguments: str) -> Iterator[Any]:
    """What the process prints, line by line."""
    command = [sys.executable, "-P", str(_CELLS), *arguments]
    environment = {**os.environ, "RUST_BACKTRACE": "0", "PYTHONIOENCODING": "utf-8"}
    with subprocess.Popen(  # its one argument is a number
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=environment,
    ) as process:
        try:
            yield from _lines(process, file)
        except READ_ERRORS as error:
            raise SourceError(
                f"{name}: the workbook can't be read: {error}. Save it as CSV (UTF-8), ids as text."
            ) from None
        finally:
            process.kill()


def _lines(process: "subprocess.Popen[bytes]", file: "io.BufferedReader[Any]") -> Iterator[Any]:
    """Hand the workbook over, then read lines. Raises ValueError, with a plain reason."""
    assert process.stdin and process.stdout
    left = _PACKED
    with suppress(BrokenPipeError), process.stdin as pipe:  # it ended: its last line says why
        while left >= 0 and (piece := file.read(_PIECE)):
            left -= len(piece)
            pipe.write(piece)
    while line := process.stdout.readline(_ROW):
        if line[-1:] != b"\n":
            raise ValueError("a row is too long" if len(line) == _ROW else "it is damaged")
        found = json.loads(line)
        if found is None:
            return
        if "error" in found:
            raise ValueError(found["error"])
        yield found["cells"]
    raise ValueError("that took too much memory or time")
