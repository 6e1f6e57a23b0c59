"""Wraps an Arrow table for users of the library, who can turn it into pandas or polars."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from frametrace.posts.errors import UsageError

if TYPE_CHECKING:
    import pandas
    import polars

__all__ = ["Table"]

_ROWS_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Table:
    """An Arrow table that pandas, polars, DuckDB and notebooks can read.

    `arrow` is the `pyarrow.Table` itself; anything that takes Arrow data takes the `Table` as well.
    """

    arrow: pa.Table

    def __len__(self) -> int:
        rows: int = self.arrow.num_rows
        return rows

    def __getitem__(self, column: str) -> pa.ChunkedArray:
        return self.arrow[column]

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """The rows, one dictionary each."""
        for batch in self.arrow.to_batches():
            yield from batch.to_pylist()

    @property
    def columns(self) -> list[str]:
        """The names of the columns."""
        names: list[str] = self.arrow.column_names
        return names

    def to_pandas(self) -> "pandas.DataFrame":
        """The table as a pandas data frame. Raises `UsageError` if pandas is not installed."""
        try:
            return self.arrow.to_pandas()
        except ModuleNotFoundError:
            raise UsageError("pandas is not installed: pip install pandas") from None

    def to_polars(self) -> "polars.DataFrame":
        """The table as a polars data frame. Raises `UsageError` if polars is not installed."""
        try:
            import polars
        except ModuleNotFoundError:
            raise UsageError("polars is not installed: pip install polars") from None
        frame = polars.from_arrow(self.arrow)
        return frame if isinstance(frame, polars.DataFrame) else frame.to_frame()

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """The Arrow C stream of the table, for every library that imports Arrow data."""
        return self.arrow.__arrow_c_stream__(requested_schema)

    def _repr_html_(self) -> str:
        """The first rows as an HTML table, for notebooks; every cell is escaped."""
        from html import escape

        def row(cells: list[Any], tag: str) -> str:
            return "".join(f"<{tag}>{escape(str(cell))}</{tag}>" for cell in cells)

        shown = self.arrow.slice(0, _ROWS_SHOWN).to_pylist()
        lines = [f"<tr>{row(self.columns, 'th')}</tr>"]
        lines += [f"<tr>{row(list(record.values()), 'td')}</tr>" for record in shown]
        more = f"<p>{len(shown):,} of {len(self):,} rows</p>"
        return f"<table>{''.join(lines)}</table>{more}"
