"""Looks up the rows of a table that have one of a few values, without a database.

Where few rows are wanted, that takes no longer than a query in DuckDB, which must be loaded first.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from frametrace.case.store import BASE_TABLES, Case
from frametrace.work.thread_pool import ThreadPool

if TYPE_CHECKING:
    import pyarrow.parquet as pq

__all__ = ["rows_with"]


def rows_with(
    case: Case, table: str, column: str, values: pa.StringArray, columns: Sequence[str]
) -> pa.Table:
    """The rows whose `column` has one of some values, in the order of the shards.

    The other columns are decoded only of row groups that have such a row. Raises `CaseError` if a
    shard is missing or damaged.
    """
    names = list(dict.fromkeys([column, *columns]))
    parts = [BASE_TABLES[table].empty_table().select(names)]
    if len(values):
        lookup = _Lookup(case, table, values, names)
        with ThreadPool() as pool:
            parts += pool.map(lookup, case.files(table))
    return pa.concat_tables(parts)


@dataclass(frozen=True, slots=True)
class _Lookup:
    """Looks up rows in one shard. The first of the `names` is the column with the values."""

    case: Case
    table: str
    values: pa.StringArray
    names: Sequence[str]

    def __call__(self, file: Path) -> pa.Table:
        """The rows of one shard."""
        import pyarrow.parquet as pq

        self.case.verify(self.table, file)
        try:
            # Whoever has verified the digest of the file needs no checksums of its pages.
            digest = self.case.epoch.digest(self.table, file.name)
            with pq.ParquetFile(
                file, page_checksum_verification=not digest, pre_buffer=False
            ) as shard:
                groups = [self._rows_of(shard, at) for at in range(shard.num_row_groups)]
                return pa.concat_tables(groups)
        except (OSError, pa.ArrowException) as error:
            raise self.case.unreadable(self.table, error) from None

    def _rows_of(self, shard: "pq.ParquetFile", group: int) -> pa.Table:
        import pyarrow.compute as pc

        column, *others = self.names
        rows = shard.read_row_group(group, [column], use_threads=False)
        wanted = pc.is_in(rows[column], value_set=self.values)
        rows = rows.filter(wanted)
        if rows.num_rows:
            read = shard.read_row_group(group, others, use_threads=False).filter(wanted)
            for name in others:
                rows = rows.append_column(read.schema.field(name), read[name])
            return rows
        return BASE_TABLES[self.table].empty_table().select(self.names)
