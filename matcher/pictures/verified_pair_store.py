"""Stores the results of compared pairs of pictures, in files that are complete or absent.

A file holds one row per pair and is named by its own SHA-256 digest: a damaged file doesn't match
its name, and its pairs are compared again.
"""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from frametrace.case.atomic_files import write_atomically
from frametrace.case.views import query_over
from frametrace.matcher.pictures.verified_pair_table import PAIRS

__all__ = ["COMPARED", "UNIT", "ComparedStore", "damaged_files"]

UNIT = 500  # pairs per file: about 5 seconds of work

# As `PAIRS`; all columns but the digests are null if the two pictures share nothing.
COMPARED = pa.schema([pa.field(field.name, field.type) for field in PAIRS])

_VERIFIED_PAIRS = f"""
SELECT DISTINCT ON (sha256_a, sha256_b) {", ".join(PAIRS.names)} FROM compared
SEMI JOIN pictures a ON compared.sha256_a = a.sha256
SEMI JOIN pictures b ON compared.sha256_b = b.sha256
WHERE relation IS NOT NULL ORDER BY sha256_a, sha256_b
"""  # noqa: S608


class ComparedStore:
    """The compared pairs of a folder; `damaged` lists files that don't match their names."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files: dict[Path, pa.Table] = {}
        self.damaged: list[Path] = []
        for path in sorted(folder.glob("*.parquet")):
            rows = _read(path)
            if rows is None:
                self.damaged.append(path)
            else:
                self._files[path] = rows

    def compared(self) -> pa.Table:
        """All pairs that were compared: `sha256_a` < `sha256_b`."""
        return self._table().select(["sha256_a", "sha256_b"])

    def verified(self, pictures: pa.StringArray) -> pa.Table:
        """The verified pairs among some pictures, in the schema `PAIRS`."""
        pictures = pa.table({"sha256": pictures})
        with query_over(compared=self._table(), pictures=pictures) as connection:
            return connection.sql(_VERIFIED_PAIRS).to_arrow_table().cast(PAIRS)

    def put(self, rows: Sequence[dict[str, object]]) -> None:
        """Store rows of the schema `COMPARED`. Raises `CaseError` if they can't be written."""
        if rows:
            self._write(pa.Table.from_pylist(list(rows), COMPARED))

    def merge_small_files(self) -> None:
        """Merge all files that are not full into one, so that additions don't pile up files."""
        small = {path: rows for path, rows in self._files.items() if len(rows) < UNIT}
        if len(small) > 1:
            self._write(pa.concat_tables(small.values()))
            for path in small:
                del self._files[path]
                path.unlink()

    def _table(self) -> pa.Table:
        return pa.concat_tables([COMPARED.empty_table(), *self._files.values()])

    def _write(self, rows: pa.Table) -> None:
        sink = pa.BufferOutputStream()
        pq.write_table(rows, sink, compression="zstd")
        content = sink.getvalue().to_pybytes()
        path = self._folder / _name(content)
        write_atomically(path, content)
        self._files[path] = rows


def damaged_files(folder: Path) -> list[Path]:
    """The files of a folder that don't match their names."""
    return ComparedStore(folder).damaged


def _read(path: Path) -> pa.Table | None:
    """The rows of a file, or None if it doesn't match its name."""
    try:
        content = path.read_bytes()
    except OSError:
        return None
    if _name(content) != path.name:
        return None
    return pq.read_table(pa.BufferReader(content)).cast(COMPARED)


def _name(content: bytes) -> str:
    return f"{hashlib.sha256(content).hexdigest()[:32]}.parquet"
