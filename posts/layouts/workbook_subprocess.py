"""Prints the cells of a workbook from standard input (a script), one line of JSON for each row.

`workbooks` runs it as a subprocess with limited memory: a workbook of 13 kB can ask for 10 GB, and
then the library that reads it aborts its process. It imports nothing of Frametrace, to start fast.
Without an argument, it prints a line for each sheet: its name and its first rows. With a sheet's
number, it prints that sheet. The last line is `null`, or has the `error` if the workbook can't be
read.
"""

import io
import json
import sys
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from datetime import date, datetime, time
from itertools import islice
from typing import Any

__all__ = ["MAX_WORKBOOK"]

_HEAD_ROWS = 30  # a report may have as many rows above the header of its sheet
_MAX_SHEETS = 1000
_MAX_MEMORY = 3 * 2**30  # bytes of address space
_MAX_SECONDS = 600  # of processor time
MAX_WORKBOOK = 2**28  # bytes; it is read whole
_MAX_UNPACKED = 2**30  # bytes of its parts, as XML
_CHUNK = 2**20  # bytes
_MAX_EXACT = 10**15  # spreadsheets keep fifteen digits of a number
_ZIP = b"PK\x03\x04"


def _main() -> None:
    _limit_resources()
    try:
        data = sys.stdin.buffer.read(MAX_WORKBOOK + 1)
        _check_size(data)
        _print_cells(data, *map(int, sys.argv[1:]))
        _print(None)
    except BrokenPipeError:
        pass  # the reader needs no more rows
    except BaseException as error:  # a panic in the Rust library is not an Exception
        _print({"error": str(error)[:300] or type(error).__name__})


def _limit_resources() -> None:
    """Limit this process's memory and processor time, if the system can."""
    if sys.platform == "win32":
        return
    import resource

    limits = {
        resource.RLIMIT_AS: _MAX_MEMORY,
        resource.RLIMIT_CPU: _MAX_SECONDS,
        resource.RLIMIT_CORE: 0,
    }
    for limit, value in limits.items():
        with suppress(ValueError, OSError):  # macOS refuses some
            resource.setrlimit(limit, (value, value))


def _print_cells(data: bytes, number: int | None = None) -> None:
    from python_calamine import CalamineWorkbook

    workbook = CalamineWorkbook.from_filelike(io.BytesIO(data))
    if number is not None:
        for cells in _rows(workbook, number):
            _print({"cells": cells})
        return
    for at, name in enumerate(workbook.sheet_names[:_MAX_SHEETS]):
        try:
            first = list(islice(_rows(workbook, at), _HEAD_ROWS))
        except BaseException:  # a sheet that can't be read doesn't affect the rest
            first = []
        _print({"cells": [name, first]})


def _rows(workbook: Any, number: int) -> Iterator[list[str]]:
    for cells in workbook.get_sheet_by_index(number).iter_rows():
        yield [_text(cell) for cell in cells]


def _print(value: object) -> None:
    sys.stdout.buffer.write(json.dumps(value).encode() + b"\n")


def _check_size(data: bytes) -> None:
    """Unpack the workbook without keeping it: the sizes that it declares are not trusted."""
    if len(data) > MAX_WORKBOOK:
        raise ValueError(f"it is larger than {MAX_WORKBOOK // 2**20} MB")
    if not data.startswith(_ZIP):
        return
    left = _MAX_UNPACKED
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        for info in archive.infolist():
            info.file_size = left + 2 * _CHUNK  # zipfile would check the declared size
            with archive.open(info) as part:
                while chunk := part.read(_CHUNK):
                    left -= len(chunk)
                    if left < 0:
                        raise ValueError(f"it unpacks to over {_MAX_UNPACKED // 2**30} GB")


def _text(cell: object) -> str:
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return str(cell).lower()
    if isinstance(cell, float):
        if not cell.is_integer():
            return repr(cell)
        return str(int(cell)) if abs(cell) < _MAX_EXACT else f"{cell:.14E}"
    if isinstance(cell, datetime | date | time):
        return cell.isoformat()
    return "" if cell is None else str(cell)


if __name__ == "__main__":
    _main()
