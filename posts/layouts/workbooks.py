"""Reads workbooks (xlsx, xls, ods) sheet by sheet, as rows of text.

A subprocess with limited memory does the reading: see `workbook_subprocess`.
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
from frametrace.posts.layouts.workbook_subprocess import MAX_WORKBOOK
from frametrace.posts.sources.compression import READ_ERRORS

__all__ = ["embedded_pictures", "is_workbook", "sheet_rows", "sheets_in"]

_MAGICS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")  # a zip, an OLE document
_DIRECTORY = 2**20  # bytes at the end of a zip that hold its directory
_PICTURE = re.compile(
    rb"PK\x01\x02.{42}(?:xl/media|Pictures)/[^/]", re.DOTALL
)  # in a zip's directory
_CHUNK = 2**20  # bytes
_MAX_ROW = 2**25  # bytes of JSON: 16,384 cells may repeat one text of 32,767 characters
_SCRIPT = Path(__file__).with_name("workbook_subprocess.py")


def is_workbook(first_bytes: bytes, suffix: str) -> bool:
    """Whether a file with these first bytes and this suffix is a workbook."""
    return first_bytes.startswith(_MAGICS) and suffix in {".xlsx", ".xlsm", ".xls", ".ods", ""}


def sheets_in(file: "io.BufferedReader[Any]", name: str) -> tuple[tuple[str, list[list[str]]], ...]:
    """Each sheet's name and its first rows. Raises SourceError, with a plain reason."""
    return tuple((sheet, rows) for sheet, rows in _printed(file, name))


def sheet_rows(file: "io.BufferedReader[Any]", name: str, number: int) -> Iterator[list[str]]:
    """Yield the cells of a sheet row by row, as text; ids that lost digits show it (`1.69E+18`).

    Raises SourceError, with a plain reason, if the workbook can't be read.
    """
    return _printed(file, name, str(number))


def embedded_pictures(file: "io.BufferedReader[Any]") -> int:
    """Count the pictures inside a workbook, by the directory of its parts at its end.

    0 if the end can't be read.
    """
    try:
        file.seek(max(0, file.seek(0, os.SEEK_END) - _DIRECTORY))
        return sum(1 for _ in _PICTURE.finditer(file.read(_DIRECTORY)))
    except READ_ERRORS:
        return 0


def _printed(file: "io.BufferedReader[Any]", name: str, *arguments: str) -> Iterator[Any]:
    """Run the script and yield what it prints, line by line."""
    command = [sys.executable, "-P", str(_SCRIPT), *arguments]
    environment = {**os.environ, "RUST_BACKTRACE": "0", "PYTHONIOENCODING": "utf-8"}
    with subprocess.Popen(  # the only argument is a number
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
    """Write the workbook to the process, then read its lines. Raises ValueError with a reason."""
    if process.stdin is None or process.stdout is None:
        raise ValueError("its process has no pipes")
    left = MAX_WORKBOOK
    with suppress(BrokenPipeError), process.stdin as pipe:  # it has ended: its last line says why
        while left >= 0 and (chunk := file.read(_CHUNK)):
            left -= len(chunk)
            pipe.write(chunk)
    while line := process.stdout.readline(_MAX_ROW):
        if line[-1:] != b"\n":
            raise ValueError("a row is too long" if len(line) == _MAX_ROW else "it is damaged")
        message = json.loads(line)
        if message is None:
            return
        if "error" in message:
            raise ValueError(message["error"])
        yield message["cells"]
    raise ValueError("it needs too much memory or time")
