"""Looks up the rows of a table that have one of a few values, without a database.

Where few rows are wanted, that takes no longer than a query in DuckDB, which must be loaded first.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from frametrace.case.decoded_columns import DecodedColumns
from frametrace.case.store import BASE_TABLES, Case
from frametrace.work.thread_pool import ThreadPool

__all__ = ["rows_with"]

_ASKED: set[tuple[Path, str, str]] = set()  # cases, tables and columns that were looked up
_DECODED = DecodedColumns(1 << 27)  # bytes: those of some 300,000 posts


def rows_with(
    case: Case, table: str, column: str, values: pa.StringArray, columns: Sequence[str]
) -> pa.Table:
    """The rows whose `column` has one of some values, in the order of the shards.

    The other columns are decoded only of shards that have such a row. From the second call on, what
    was decoded is kept for the next. Raises `CaseError` if a shard is missing or damaged.
    """
    names = list(dict.fromkeys([column, *columns]))
    parts = [_schema(table, names).empty_table()]
    if len(values):
        # Only a process that asks again keeps what it decodes: memory costs time too.
        asked = case.path, table, column
        lookup = _Lookup(case, table, values, names, keeps=asked in _ASKED)
        _ASKED.add(asked)
        files = case.files(table)
        if all(map(lookup.is_decoded, files)):
            parts += map(lookup, files)
        else:
            with ThreadPool() as pool:
                parts += pool.map(lookup, files)
    return pa.concat_tables(parts)


def _schema(table: str, names: Sequence[str]) -> pa.Schema:
    return pa.schema([BASE_TABLES[table].field(name) for name in names])


@dataclass(frozen=True, slots=True)
class _Lookup:
    """Looks up rows in one shard. The first of the `names` is the column with the values."""

    case: Case
    table: str
    values: pa.StringArray
    names: Sequence[str]
    keeps: bool

    def __call__(self, file: Path) -> pa.Table:
        """The rows of one shard."""
        import pyarrow.compute as pc

        self.case.verify(self.table, file)
        schema = _schema(self.table, self.names)
        (keys,) = self._columns(file, self.names[:1])
        at = pc.indices_nonzero(pc.is_in(keys, value_set=self.values))
        if not len(at):
            return schema.empty_table()
        columns = [keys, *self._columns(file, self.names[1:])]
        return pa.table([column.take(at) for column in columns], schema=schema)

    def is_decoded(self, file: Path) -> bool:
        """Whether the column with the values is kept."""
        return self._key(file, self.names[0]) in _DECODED

    def _key(self, file: Path, name: str) -> tuple[Path, str, str]:
        return file, self.case.epoch.digest(self.table, file.name), name

    def _columns(self, file: Path, names: Sequence[str]) -> list[pa.ChunkedArray]:
        """Columns of a shard: those that are kept, the others decoded."""
        columns = {name: _DECODED.get(self._key(file, name)) for name in names}
        if missing := [name for name, column in columns.items() if column is None]:
            columns.update(self._decoded(file, missing))
        return [columns[name] for name in names]

    def _decoded(self, file: Path, names: Sequence[str]) -> dict[str, pa.ChunkedArray]:
        import pyarrow.parquet as pq

        digest = self.case.epoch.digest(self.table, file.name)
        try:
            # Whoever has verified the digest of the file needs no checksums of its pages.
            with pq.ParquetFile(
                file, page_checksum_verification=not digest, pre_buffer=False
            ) as shard:
                read = shard.read(list(names), use_threads=False)
        except (OSError, pa.ArrowException) as error:
            raise self.case.unreadable(self.table, error) from None
        columns = {name: read[name] for name in names}
        if self.keeps and digest:  # which names the content: no other file is taken for this one
            for name, column in columns.items():
                _DECODED.keep(self._key(file, name), column)
        return columns
