"""Pairs of pictures that were compared, kept in files that are whole or not there.

A file holds one row for each of some pairs, and is named by its own SHA-256 digest: a damaged one
is told by its name, and its pairs are compared again.
"""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from frametrace.case.files import write_atomically
from frametrace.case.views import query_over
from frametrace.matcher.pictures.verified_pairs import PAIRS

__all__ = ["COMPARED", "UNIT", "Verified", "damaged_in"]

UNIT = 500  # pairs a file: some 5 seconds of work

# As `PAIRS`; all but the digests is null where two pictures share nothing that can be told.
COMPARED = pa.schema([pa.field(field.name, field.type) for field in PAIRS])

_PAIRS = f"""
SELECT DISTINCT ON (sha256_a, sha256_b) {", ".join(PAIRS.names)} FROM compared
SEMI JOIN wanted a ON compared.sha256_a = a.sha256
SEMI JOIN wanted b ON compared.sha256_b = b.sha256
WHERE relation IS NOT NULL ORDER BY sha256_a, sha256_b
"""  # noqa: S608


class Verified:
    """The compared pairs of a folder; `damaged` are the files that are not whole."""

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
        """The pairs that were compared: `sha256_a` < `sha256_b`."""
        return self._table().select(["sha256_a", "sha256_b"])

    def pairs(self, among: pa.StringArray) -> pa.Table:
        """What was found of the pairs of some pictures, in the schema `PAIRS`."""
        wanted = pa.table({"sha256": among})
        with query_over(compared=self._table(), wanted=wanted) as connection:
            return connection.sql(_PAIRS).to_arrow_table().cast(PAIRS)

    def put(self, rows: Sequence[dict[str, object]]) -> None:
        """Keep rows of the schema `COMPARED`. Raises `CaseError` where they can't be written."""
        if rows:
            self._write(pa.Table.from_pylist(list(rows), COMPARED))

    def tidy(self) -> None:
        """Make one file of those that are not full: else there were more with every addition."""
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


def damaged_in(folder: Path) -> list[Path]:
    """The files of a folder that are not whole."""
    return Verified(folder).damaged


def _read(path: Path) -> pa.Table | None:
    """The rows of a file that is what it is called."""
    try:
        content = path.read_bytes()
    except OSError:
        return None
    if _name(content) != path.name:
        return None
    return pq.read_table(pa.BufferReader(content)).cast(COMPARED)


def _name(content: bytes) -> str:
    return f"{hashlib.sha256(content).hexdigest()[:32]}.parquet"
