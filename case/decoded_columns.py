"""Keeps columns of shards that a process has decoded, for processes that answer many questions.

Shards never change, so what was decoded stays right.
"""

from collections import OrderedDict
from collections.abc import Hashable
from threading import Lock

import pyarrow as pa

__all__ = ["DecodedColumns"]


class DecodedColumns:
    """Columns by key, up to so many bytes: the longest unused make room. Safe in threads."""

    def __init__(self, limit: int) -> None:
        self._limit, self._bytes = limit, 0
        self._columns: OrderedDict[Hashable, pa.ChunkedArray] = OrderedDict()
        self._lock = Lock()

    def __contains__(self, key: Hashable) -> bool:
        return key in self._columns

    def get(self, key: Hashable) -> pa.ChunkedArray | None:
        """The column with a key, if it is kept."""
        with self._lock:
            if key in self._columns:
                self._columns.move_to_end(key)
            return self._columns.get(key)

    def keep(self, key: Hashable, column: pa.ChunkedArray) -> None:
        """Keep a column, unless it is larger than everything that may be kept."""
        with self._lock:
            if key in self._columns or column.nbytes > self._limit:
                return
            self._columns[key] = column
            self._bytes += column.nbytes
            while self._bytes > self._limit:
                self._bytes -= self._columns.popitem(last=False)[1].nbytes
