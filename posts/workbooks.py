"""Workbooks of spreadsheets (xlsx, xls, ods), sheet by sheet, as rows of text."""

import io
import zipfile
from collections.abc import Iterator
from datetime import date, datetime, time
from typing import Any

from frametrace.posts.errors import SourceError

__all__ = ["is_workbook", "sheet_rows", "sheets_in"]

_MAGICS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")  # a zip, an OLE document
_PACKED = 2**28  # bytes; it is read whole
_UNPACKED = 2**30  # bytes of its parts: the cells then need some 2 GB
_PIECE = 2**20
_SAFE = 10**15  # a spreadsheet keeps fifteen digits of a number


def is_workbook(begins: bytes, suffix: str) -> bool:
    """Whether a file that begins like this, with this suffix, is a workbook."""
    return begins.startswith(_MAGICS) and suffix in {".xlsx", ".xlsm", ".xls", ".ods", ""}


def sheets_in(file: "io.BufferedReader[Any]", name: str) -> Any:
    """Open a workbook. Raises SourceError, with a plain reason, where it can't be read."""
    from python_calamine import CalamineWorkbook

    try:
        data = file.read(_PACKED + 1)
        _check_size(data)
        return CalamineWorkbook.from_filelike(io.BytesIO(data))
    except Exception as error:  # its own errors share no base but this
        raise SourceError(
            f"{name}: the workbook can't be read: {error}. Save it as CSV (UTF-8), ids as text."
        ) from None


def sheet_rows(workbook: Any, sheet: str) -> Iterator[list[str]]:
    """The cells of a sheet, row by row, as text; ids that lost digits look like it (`1.69E+18`)."""
    for cells in workbook.get_sheet_by_name(sheet).iter_rows():
        yield [_text(cell) for cell in cells]


def _check_size(data: bytes) -> None:
    """Unpack it once to nowhere: what a part declares as its size is not trusted."""
    if len(data) > _PACKED:
        raise ValueError(f"it is larger than {_PACKED // 2**20} MB")
    if not data.startswith(_MAGICS[0]):
        return
    left = _UNPACKED
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        for info in archive.infolist():
            info.file_size = left + 1
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
