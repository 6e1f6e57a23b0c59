"""Reads shares from a CSV table of accounts, items and times, as the R package CooRTweet does."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

import pyarrow as pa

from frametrace.matcher.match_settings import ShareColumns
from frametrace.matcher.network.shares import RAW_SHARES, Shares
from frametrace.posts.dates.parse_time import parse_time, parse_unix
from frametrace.posts.errors import SourceError, UsageError
from frametrace.posts.layouts.detection import table_head
from frametrace.posts.model import Precision, Skipped
from frametrace.posts.rows import Head, Row, Shape
from frametrace.posts.sources.source import Source, sources_in
from frametrace.work.progress import Advance, Progress, Silent

__all__ = ["SharesRead", "read_shares"]

_BATCH = 50_000  # rows
_MAX_SKIPPED = 1000  # rows listed with their reasons; all are counted


@dataclass(frozen=True, slots=True)
class SharesRead:
    """The shares of a table, and the rows that could not be read.

    `rows` counts all rows, `without_item` those with an empty item, `unreadable` those with an
    error; `skipped` holds the first thousand errors.
    """

    shares: Shares
    rows: int
    without_item: int
    unreadable: int
    skipped: list[Skipped]


def read_shares(
    path: Path, columns: ShareColumns = ShareColumns(), progress: Progress | None = None
) -> SharesRead:
    """Read a CSV file, a `.gz` of one, or all in a `.zip`.

    Raises `SourceError` for a file that is not a table or lacks a column, and `UsageError` where
    the platform is given in two ways.
    """
    if columns.platform and columns.prefixed:
        raise UsageError(
            "the platform is either in a column or the prefix of the account, not both"
        )
    reader = _Reader(columns)
    heads = [_head(source, columns) for source in sources_in(path) if not source.is_folder]
    with (progress or Silent()).track("rows", None) as advance:
        batches = [batch for head in heads for batch in reader.batches(head, advance)]
    shares = Shares.of(pa.Table.from_batches(batches, RAW_SHARES), reader.precisions)
    return SharesRead(shares, reader.rows, reader.without_item, reader.unreadable, reader.skipped)


def _head(source: Source, columns: ShareColumns) -> Head:
    """The head of the table with these columns; checked before any rows are read."""
    options = {
        columns.item: "--object",
        columns.account: "--account",
        columns.time: "--time",
        columns.platform: "--platform",
    }
    wanted = {name: option for name, option in options.items() if name}
    head = table_head(source, lambda head: wanted.keys() <= set(head.names))
    if head.shape is not Shape.TABLE:
        raise SourceError(
            f"{source.name}: is laid out as {head.shape}; shares can only be read from CSV."
        )
    for name, option in wanted.items():
        if name not in head.names:
            advice = ' (or do without times: --time "")' if option == "--time" else ""
            raise SourceError(
                f"{source.name}: has no column {name}. Name the right one with {option}{advice}. "
                f"Found: {head.shown}."
            )
    return head


@dataclass(slots=True)
class _Reader:
    """Turns rows into batches of shares and counts what it skips."""

    columns: ShareColumns
    rows: int = 0
    without_item: int = 0
    unreadable: int = 0
    skipped: list[Skipped] = field(default_factory=list)
    precisions: set[Precision] = field(default_factory=set)

    def batches(self, head: Head, advance: Advance) -> Iterator[pa.RecordBatch]:
        """The source's shares in the schema `RAW_SHARES`."""
        for rows in _batched(head.rows()):
            shares = [share for row in rows if (share := self._share(row)) is not None]
            self.rows += len(rows)
            advance(len(rows))
            platform, account, item, moment = zip(*shares, strict=True) if shares else ((),) * 4
            unknown = pa.nulls(len(shares), pa.string())
            columns = [pa.array(part, pa.string()) for part in (platform, account, item)]
            columns[2:2] = [unknown, unknown]  # account_kind and account_name
            yield pa.RecordBatch.from_arrays(
                [*columns, pa.array(moment, pa.int64())], schema=RAW_SHARES
            )

    def _share(self, row: Row | Skipped) -> tuple[str, str, str, int | None] | None:
        """Platform, account, item and milliseconds; None for a row that is skipped."""
        if isinstance(row, Skipped):
            self._skip(row)
            return None
        try:
            item = row.take(self.columns.item).strip()
            if not item:
                self.without_item += 1
                return None
            account = row.key(self.columns.account)
            platform = self._platform(row, account)
            return platform, account, item, self._moment(row)
        except ValueError as error:
            self._skip(Skipped(row.source, row.line, "", str(error)))
            return None

    def _skip(self, skipped: Skipped) -> None:
        self.unreadable += 1
        if len(self.skipped) < _MAX_SKIPPED:
            self.skipped.append(skipped)

    def _platform(self, row: Row, account: str) -> str:
        if self.columns.platform:
            return row.key(self.columns.platform)
        if not self.columns.prefixed:
            return ""
        prefix, underscore, _ = account.partition("_")
        if not (prefix and underscore):
            raise ValueError(f"account {account[:40]!r} has no platform before an underscore")
        return prefix

    def _moment(self, row: Row) -> int | None:
        text = row.take(self.columns.time).strip() if self.columns.time else ""
        if not text:
            return None
        parse = parse_unix if text.replace(".", "", 1).isdigit() else parse_time
        moment, precision = parse(text)
        self.precisions.add(precision)
        return round(moment.timestamp() * 1000)


def _batched(rows: Iterable[Row | Skipped]) -> Iterator[list[Row | Skipped]]:
    rows = iter(rows)
    while batch := list(islice(rows, _BATCH)):
        yield batch
