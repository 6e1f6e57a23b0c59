"""Opens DuckDB connections that see the tables of a case as SQL views over their shards."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING

import pyarrow as pa

from frametrace.case.shard_checksums import check_shards
from frametrace.case.store import Case
from frametrace.posts.errors import CaseError

if TYPE_CHECKING:
    import duckdb

__all__ = ["connect", "query_over", "view_name"]


@contextmanager
def query_over(**tables: pa.Table) -> Iterator["duckdb.DuckDBPyConnection"]:
    """A DuckDB connection, in UTC, with Arrow tables under the names given."""
    import duckdb

    with _database().cursor() as connection:
        connection.execute("SET TimeZone = 'UTC'; SET enable_progress_bar = false")
        for name, table in tables.items():
            connection.register(name, table)
        try:
            yield connection
        except (duckdb.FatalException, duckdb.InternalException):
            _database.cache_clear()  # after such an error a database refuses all further queries
            raise


@cache
def _database() -> "duckdb.DuckDBPyConnection":
    """The process's one DuckDB database: it takes 15 ms to set up, a connection to it next to none.

    Connections share nothing in it: all that they create is temporary.
    """
    import duckdb

    return duckdb.connect()


@contextmanager
def connect(case: Case, *tables: str) -> Iterator["duckdb.DuckDBPyConnection"]:
    """A DuckDB connection in which each of the case's tables is a view over its shards.

    `signals/pdq` is the view `pdq`, `frames/pdq` the view `frames_pdq`; a signal without shards is
    an empty view of `sha256`. Raises `CaseError` if a query fails on a shard that is missing or
    damaged.
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


def view_name(table: str) -> str:
    """The name of a table's view in a connection."""
    return table.removeprefix("signals/").replace("/", "_")


def _create_view(connection: "duckdb.DuckDBPyConnection", case: Case, table: str) -> None:
    view = view_name(table)
    if files := [str(file) for file in case.intact_files(table)]:
        names = ", ".join("'" + file.replace("'", "''") + "'" for file in files)
        rows = f"read_parquet([{names}], hive_partitioning = false)"
        connection.execute(f'CREATE TEMP VIEW "{view}" AS SELECT * FROM {rows}')  # noqa: S608
    else:
        connection.register(view, case.read(table))  # empty
