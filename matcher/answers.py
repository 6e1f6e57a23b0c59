"""What was found of each picture that was asked about, kept in files that are whole or not there.

A file holds one row for each of some pictures, with all its matches (see `asking`), and is named by
its own SHA-256 digest: a damaged one is told by its name, and counts for nothing.
"""

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from frametrace.embed.files import write_atomically
from frametrace.embed.held import query_over
from frametrace.matcher.asking import Match
from frametrace.matcher.results import EVIDENCE
from frametrace.matcher.sightings import PAIRS

__all__ = ["UNIT", "Answers"]

UNIT = 500  # pictures a file: 15 seconds of work

_OF_MATCH = [column for column in PAIRS if column.name not in ("sha256_a", "sha256_b")]
_MATCH = pa.struct([pa.field("other", pa.string(), nullable=False), *_OF_MATCH])
_ANSWERS = pa.schema(
    [
        pa.field("sha256", pa.string(), nullable=False),
        pa.field("matches", pa.list_(_MATCH), nullable=False),
    ]
)

# A pair may be found from both sides, and in both forms: the one that more features agree with.
_PAIRS = f"""
WITH told AS (
    SELECT sha256, unnest(matches) AS match FROM answers SEMI JOIN wanted USING (sha256)
)
SELECT DISTINCT ON (sha256_a, sha256_b) least(t.sha256, match.other) AS sha256_a,
    greatest(t.sha256, match.other) AS sha256_b,
    {", ".join(f"match.{column.name}" for column in _OF_MATCH)}
FROM told t SEMI JOIN wanted w ON w.sha256 = match.other
ORDER BY sha256_a, sha256_b, match.inliers DESC, match.mirrored
"""  # noqa: S608


class Answers:
    """The answers of a folder; `damaged` are the files that are not whole."""

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

    def asked(self) -> pa.StringArray:
        """The pictures that were asked about."""
        return self._table()["sha256"].combine_chunks()

    def pairs(self, among: pa.StringArray) -> pa.Table:
        """The pairs of some pictures, in the schema `PAIRS`."""
        wanted = pa.table({"sha256": among})
        with query_over(answers=self._table(), wanted=wanted) as connection:
            return connection.sql(_PAIRS).to_arrow_table().cast(PAIRS)

    def put(self, found: Mapping[str, Sequence[Match]], names: pa.StringArray) -> None:
        """Keep the matches of some pictures by digest; `names` are all pictures by number.

        Raises `CaseError` where they can't be written.
        """
        if found:
            matches = [[_row(match, names) for match in each] for each in found.values()]
            self._write(pa.table([list(found), matches], schema=_ANSWERS))

    def tidy(self) -> None:
        """Make one file of those that are not full: else there were more with every addition."""
        small = {path: rows for path, rows in self._files.items() if len(rows) < UNIT}
        if len(small) > 1:
            self._write(pa.concat_tables(small.values()))
            for path in small:
                del self._files[path]
                path.unlink()

    def _table(self) -> pa.Table:
        return pa.concat_tables([_ANSWERS.empty_table(), *self._files.values()])

    def _write(self, rows: pa.Table) -> None:
        sink = pa.BufferOutputStream()
        pq.write_table(rows, sink, compression="zstd")
        content = sink.getvalue().to_pybytes()
        path = self._folder / _name(content)
        write_atomically(path, content)
        self._files[path] = rows


def _read(path: Path) -> pa.Table | None:
    """The rows of a file that is what it is called."""
    try:
        content = path.read_bytes()
    except OSError:
        return None
    if _name(content) != path.name:
        return None
    return pq.read_table(pa.BufferReader(content)).cast(_ANSWERS)


def _row(match: Match, names: pa.StringArray) -> dict[str, object]:
    evidence = {name: getattr(match.evidence, name) for name in EVIDENCE.names}
    return {
        "other": names[match.other].as_py(),
        "relation": str(match.evidence.relation),
        "similarity": match.similarity,
        **evidence,
        "width_a": match.widths[0],
        "width_b": match.widths[1],
    }


def _name(content: bytes) -> str:
    return f"{hashlib.sha256(content).hexdigest()[:32]}.parquet"
