"""Prints the cells of the workbook that comes on standard input, as a line of JSON for each row.

It runs as a process of its own, which may fill no more than its share of memory: a workbook of
13 kB can ask for 10 GB, and the library that reads it then ends its process. It imports nothing of
Frametrace, so that it starts at once. Without an argument it prints a line for each sheet: its
name and its first rows. With a sheet's number it prints that sheet. The last line is `null`, or
has the `error` where the workbook can't be read.
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

_ROWS_BEFORE = 30  # rows that a report may have above the header of its sheet
_SHEETS = 1000
_ADDRESSES = 3 * 2**30  # bytes of memory
_SECONDS = 600  # of its processor
_PACKED = 2**28  # bytes of the workbook
_UNPACKED = 2**30  # bytes of its parts, as XML
_PIECE = 2**20
_SAFE = 10**15  # a spreadsheet keeps fifteen digits of a number
_ZIP = b"PK\x03\x04"


def _main() -> None:
    _limit_resources()
    try:
        data = sys.stdin.buffer.read(_PACKED + 1)
        _check_size(data)
        _print_cells(data, *map(int, sys.argv[1:]))
        _print(None)
    except BrokenPipeError:
        pass  # whoever reads has seen enough
    except BaseException as error:  # a panic of the library is not an Exception
        _print({"error": str(error)[:300] or type(error).__name__})


def _limit_resources() -> None:
    """Limit this process's memory and processor time, where the system can."""
    if sys.platform == "win32":
        return
    import resource

    limits = {
        resource.RLIMIT_AS: _ADDRESSES,
        resource.RLIMIT_CPU: _SECONDS,
        resource.RLIMIT_CORE: 0,
    }
    for limit, most in limits.items():
        with suppress(ValueError, OSError):  # macOS refuses some
            resource.setrlimit(limit, (most, most))


def _print_cells(data: bytes, number: int | None = None) -> None:
    from python_calamine import CalamineWorkbook

    workbook = CalamineWorkbook.from_filelike(io.BytesIO(data))
    if number is not None:
        for cells in _rows(workbook, number):
            _print({"cells": cells})
        return
    for at, name in enumerate(workbook.sheet_names[:_SHEETS]):
        try:
            first = list(islice(_rows(workbook, at), _ROWS_BEFORE))
        except BaseException:  # a sheet that can't be read costs itself alone
            first = []
        _print({"cells": [name, first]})


def _rows(workbook: Any, number: int) -> Iterator[list[str]]:
    for cells in workbook.get_sheet_by_index(number).iter_rows():
        yield [_text(cell) for cell in cells]


def _print(found: object) -> None:
    sys.stdout.buffer.write(json.dumps(found).encode() + b"\n")


def _check_size(data: bytes) -> None:
    """Unpack it once to nowhere: what a part declares as its size is not trusted."""
    if len(data) > _PACKED:
        raise ValueError(f"it is larger than {_PACKED // 2**20} MB")
    if not data.startswith(_ZIP):
        return
    left = _UNPACKED
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        for info in archive.infolist():
            info.file_size = left + 2 * _PIECE  # it is checked against what was read
            with archive.open(info) as part:
                while piece := part.read(_PIECE):
                    left -= len(piece)
                    if left < 0:
                        raise ValueError(f"it unpacks to over {_UNPACKED // 2**30} GB")


def _text(cell: object) -> str:
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return str(cell).lower()
    if isinstance(cell, float):
        if not cell.is_integer():
            return repr(cell)
        return str(int(cell)) if abs(cell) < _SAFE else f"{cell:.14E}"
    if isinstance(cell, datetime | date | time):
        return cell.isoformat()
    return "" if cell is None else str(cell)


if __name__ == "__main__":
    _main()
