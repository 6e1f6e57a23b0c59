"""DuckDB connections that see the tables of a case as SQL views over their shards."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pyarrow as pa

from frametrace.case.store import BASE_TABLES, Case
from frametrace.case.verify import check_shards
from frametrace.posts.errors import CaseError

if TYPE_CHECKING:
    import duckdb

__all__ = ["connect", "query_over"]


@contextmanager
def query_over(**tables: pa.Table) -> Iterator["duckdb.DuckDBPyConnection"]:
    """A DuckDB connection, in UTC, with Arrow tables under the names given."""
    import duckdb

    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'; SET enable_progress_bar = false")
        for name, table in tables.items():
            connection.register(name, table)
        yield connection


@contextmanager
def connect(case: Case, *tables: str) -> Iterator["duckdb.DuckDBPyConnection"]:
    """A DuckDB connection in which each of the case's tables is a view over its shards.

    `signals/pdq` is the view `pdq`; a signal without shards is an empty view of `sha256`. Raises
    `CaseError` where a query fails on a shard that is missing or damaged.
    """
    import duckdb

    with query_over() as connection:
        try:
            for name in tables:
                _create_view(connection, case, name)
            yield connection
        except duckdb.Error:
            if damages := [line for name in tables for line in check_shards(case, name)]:
                hint = f"`frametrace doctor {case.path}` checks all files"
                raise CaseError(f"{damages[0]}. {hint}") from None
            raise


def _create_view(connection: "duckdb.DuckDBPyConnection", case: Case, table: str) -> None:
    view = table.rpartition("/")[2]
    if files := [str(file) for file in case.files(table)]:
        connection.read_parquet(files, hive_partitioning=False).create_view(view)
    else:
        empty = BASE_TABLES.get(table, pa.schema([("sha256", pa.string())])).empty_table()
        connection.register(view, empty)
