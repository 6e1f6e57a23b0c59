"""Reads Parquet files as rows of text."""

import io
import json
import math
from collections.abc import Iterator
from datetime import UTC, date, datetime
from itertools import islice
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from frametrace.posts.errors import SourceError
from frametrace.posts.layouts.delimited import MAX_COLUMNS
from frametrace.posts.sources.compression import READ_ERRORS
from frametrace.posts.values import without_surrogates

__all__ = ["is_parquet", "open_parquet", "parquet_names", "parquet_rows"]

_MAGIC = b"PAR1"
_BATCH_ROWS, _BATCH_CELLS = 64, 2**17  # decoded at once; a cell may hold megabytes
_CHUNK = 2**20  # bytes
_MAX_IN_ARCHIVE = 2**29  # bytes; a file in an archive is read whole, since its index is at its end


def is_parquet(first_bytes: bytes) -> bool:
    """Whether a file with these first bytes is a Parquet file."""
    return first_bytes.startswith(_MAGIC)


def open_parquet(file: "io.BufferedReader[Any]", name: str) -> pq.ParquetFile:
    """Open a Parquet file. Raises SourceError, with a plain reason, if it can't be read."""
    try:
        if not isinstance(file.raw, io.FileIO):  # it is compressed, or in an archive
            data = bytearray()
            while chunk := file.read1(_CHUNK):
                data += chunk
                if len(data) > _MAX_IN_ARCHIVE:
                    reason = f"over {_MAX_IN_ARCHIVE // 2**20} MB in an archive; unpack it"
                    raise SourceError(f"{name}: {reason}")
            return pq.ParquetFile(pa.BufferReader(pa.py_buffer(data)))
        return pq.ParquetFile(file)
    except (pa.ArrowException, *READ_ERRORS) as error:
        raise SourceError(f"{name}: the Parquet file can't be read: {error}") from None


def parquet_names(file: pq.ParquetFile) -> tuple[str, ...]:
    """The names of its columns; those inside structures are dotted paths.

    Raises SourceError if there are too many.
    """
    names = tuple(islice(_names(file.schema_arrow, ""), MAX_COLUMNS + 1))
    if len(names) > MAX_COLUMNS:
        raise SourceError(f"the Parquet file has more than {MAX_COLUMNS:,} columns")
    return names


def parquet_rows(file: pq.ParquetFile) -> Iterator[dict[str, str]]:
    """Yield each row as text by column name. Raises SourceError if the file is damaged."""
    try:
        rows = max(1, min(_BATCH_ROWS, _BATCH_CELLS // max(1, file.metadata.num_columns)))
        for batch in file.iter_batches(rows):
            for row in batch.to_pylist():
                values: dict[str, str] = {}
                _flatten(row, "", values)
                yield values
    except (pa.ArrowException, *READ_ERRORS) as error:
        raise SourceError(f"damaged from here on: {error}") from None


def _names(fields: Any, prefix: str) -> Iterator[str]:
    for field in fields:
        if pa.types.is_struct(field.type):
            yield from _names(field.type, f"{prefix}{field.name}.")
        else:
            yield prefix + field.name


def _flatten(row: dict[str, Any], prefix: str, values: dict[str, str]) -> None:
    for name, value in row.items():
        if isinstance(value, dict):
            _flatten(value, f"{prefix}{name}.", values)
        else:
            values[prefix + name] = _text(value)


def _text(value: object) -> str:
    if isinstance(value, str):
        return without_surrogates(value)
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, list | bool | float):
        return json.dumps(value, ensure_ascii=False, default=_plain)
    return _plain(value)


def _plain(value: object) -> str:
    if isinstance(value, datetime):
        return (value.astimezone(UTC) if value.tzinfo else value).isoformat()
    return value.isoformat() if isinstance(value, date) else str(value)
