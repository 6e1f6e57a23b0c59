"""Writes tables as CSV in UTF-8, with cells that no spreadsheet runs as a formula."""

import csv
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TextIO

import pyarrow as pa

from frametrace.app.report.csv_cells import cells_of, csv_lines, quoted
from frametrace.app.report.span_columns import SPAN_COLUMNS
from frametrace.case.atomic_files import when_free
from frametrace.matcher.result_schemas import EVIDENCE
from frametrace.posts.errors import CaseError, UsageError

__all__ = [
    "GROUPS_COLUMNS",
    "replacing_csv",
    "row_writer",
    "rows_of",
    "write_batches",
    "write_csv",
]

GROUPS_COLUMNS = (
    "group_id", "kind", "relation", "platform", "post_id", "account_id", "account_kind",
    "posted_at", "media_sha256", "media_path", "medoid_sha256", "signal", "distance", "similarity",
    "via_sha256", "caption_sha256", "change", "previous_ids", "new_post", "new_account",
    *EVIDENCE.names, "decades", "tied_by", "via_platform", "via_post_id",
    "stance", "stance_cue", *SPAN_COLUMNS,
)  # fmt: skip

_ROWS_AT_ONCE = 10_000


def write_csv(path: Path, table: pa.Table, columns: Sequence[str] = ()) -> None:
    """Write a table (or some of its columns) with a header, rows in the table's order.

    Text that a spreadsheet would read as a formula gets an apostrophe in front; characters that
    would control a terminal become spaces. Nulls are empty,
    times ISO 8601 in UTC, lists JSON; parts of pictures are `x0,y0,x1,y1`, separated by semicolons,
    and so are the spans of videos, `00:12-00:41 = 00:00-00:29`.
    Numbers have six decimals; very small ones, such as p-values, four significant digits.
    """
    names = list(columns or table.column_names)
    write_batches(path, names, table.select(names).to_batches(max_chunksize=_ROWS_AT_ONCE))


def write_batches(path: Path, names: Sequence[str], batches: Iterable[pa.RecordBatch]) -> None:
    """Write batches of rows as `write_csv` does; `names` are the columns."""
    with path.open("wb") as file:
        file.write(csv_lines([quoted(pa.array([name], pa.large_string())) for name in names]))
        for batch in batches:
            file.write(csv_lines([cells_of(column) for column in batch.columns]))


@contextmanager
def replacing_csv(path: Path) -> Iterator[Path]:
    """The path of a new file, which replaces the one at `path` if the block succeeds.

    Raises `CaseError` if it can't be written, and leaves nothing behind.
    """
    temporary = path.with_name(f".{path.name}.writing")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield temporary
        when_free(lambda: temporary.replace(path))
    except OSError as error:
        raise CaseError(f"{path} can't be written: {error.strerror or error}") from None
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def rows_of(path: Path, columns: Sequence[str], description: str) -> list[list[str]]:
    """The rows of a CSV file with these columns, as text; none if there is no file.

    Raises `UsageError` if the file is something else, so that it isn't overwritten.
    """
    if not path.exists():
        return []
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            header, *rows = list(csv.reader(file, strict=True)) or [[]]
    except (OSError, UnicodeDecodeError, csv.Error):
        header, rows = [], []
    if tuple(header) != tuple(columns):
        raise UsageError(f"{path} is not a {description}: name another file with --out")
    return rows


def row_writer(file: TextIO) -> Any:
    """A `csv.writer` whose rows end in line feeds, and that quotes carriage returns.

    Python 3.11 quotes a carriage return only if it is part of the line terminator.
    """
    return csv.writer(_LineFeeds(file))


class _LineFeeds:
    def __init__(self, file: TextIO) -> None:
        self._file = file

    def write(self, row: str) -> int:
        return self._file.write(row.removesuffix("\r\n") + "\n")
