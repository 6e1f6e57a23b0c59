"""The report's tables as CSV: stable, UTF-8, and harmless in a spreadsheet."""

import csv
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, TextIO

import pyarrow as pa

from frametrace.matcher.results import EVIDENCE
from frametrace.posts.errors import UsageError

__all__ = ["GROUPS_COLUMNS", "neutral", "row_writer", "rows_of", "write_batches", "write_csv"]

GROUPS_COLUMNS = (
    "group_id", "kind", "relation", "platform", "post_id", "account_id", "account_kind",
    "posted_at", "media_sha256", "media_path", "medoid_sha256", "signal", "distance", "similarity",
    "via_sha256", "caption_sha256", "change", "previous_ids", "new_post", "new_account",
    *EVIDENCE.names, "decades", "tied_by", "via_platform", "via_post_id",
)  # fmt: skip

_BOXES = EVIDENCE.field("altered").type

# What spreadsheets take as the beginning of a formula (OWASP, "CSV Injection"), full-width forms
# included; apostrophes before it, so that taking one away always gives back the original.
_FORMULA = re.compile("'*[=+\\-@\t\r\n＝＋－＠]")


def write_csv(path: Path, table: pa.Table, columns: Sequence[str] = ()) -> None:
    """Write a table (or some of its columns) with a header, rows in the table's order.

    Text that a spreadsheet would take for a formula gets an apostrophe in front. Nulls are empty,
    times ISO 8601 in UTC, lists JSON; parts of pictures are `x0,y0,x1,y1`, one after the other.
    Numbers have six decimals; smaller ones, such as p-values, four digits.
    """
    names = list(columns or table.column_names)
    write_batches(path, names, table.select(names).to_batches(max_chunksize=10_000))


def write_batches(path: Path, names: Sequence[str], batches: Iterable[pa.RecordBatch]) -> None:
    """Write batches of rows as `write_csv` does; `names` are their columns."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = row_writer(file)
        writer.writerow(names)
        for batch in batches:
            columns = [_cells(column) for column in batch.columns]
            writer.writerows(zip(*columns, strict=True))


def rows_of(path: Path, columns: Sequence[str], what: str) -> list[list[str]]:
    """The rows of a table of these columns as they stand in its file; none where there is no file.

    Raises `UsageError` where the file is something else: it isn't ours to write over.
    """
    if not path.exists():
        return []
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            header, *rows = list(csv.reader(file, strict=True)) or [[]]
    except (OSError, UnicodeDecodeError, csv.Error):
        header, rows = [], []
    if tuple(header) != tuple(columns):
        raise UsageError(f"{path} is no {what}: name another file with --out")
    return rows


def row_writer(file: TextIO) -> Any:
    """A `csv.writer` of rows that end in line feeds, and that quotes whatever ends lines elsewhere.

    Python 3.11 quotes a carriage return only where that ends rows, too.
    """
    return csv.writer(_LineFeeds(file))


class _LineFeeds:
    def __init__(self, file: TextIO) -> None:
        self._file = file

    def write(self, row: str) -> int:
        return self._file.write(row.removesuffix("\r\n") + "\n")


def neutral(text: str) -> str:
    """Text that no spreadsheet takes for a formula."""
    return f"'{text}" if _FORMULA.match(text) else text


def _cells(column: pa.Array) -> list[str]:
    cell = _boxes if column.type == _BOXES else _cell
    return [cell(value) for value in column.to_pylist()]


def _boxes(boxes: Sequence[Mapping[str, float]] | None) -> str:
    """Parts of a picture, in fractions of its width and height."""
    return "; ".join(",".join(f"{side:.3f}" for side in box.values()) for box in boxes or ())


def _cell(value: object) -> str:
    match value:
        case None:
            return ""
        case float() if 0 < abs(value) < 1e-4:
            return f"{value:.3e}"
        case float():
            return f"{value:.6f}".rstrip("0").rstrip(".")
        case datetime():
            return value.isoformat(timespec="seconds").replace("+00:00", "Z")
        case int() | list():
            return json.dumps(_plain(value), ensure_ascii=False)
    return neutral(str(value))


def _plain(value: object) -> object:
    """What JSON can hold, spelled as in cells."""
    match value:
        case list():
            return [_plain(each) for each in value]
        case dict():
            return {name: _plain(each) for name, each in value.items()}
        case float():
            return float(_cell(value))
        case datetime():
            return _cell(value)
    return value
