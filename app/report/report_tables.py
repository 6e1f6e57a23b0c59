"""Writes the tables of a report, as CSV or as Parquet, and counts their rows as progress."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from frametrace.app.report.csv_tables import GROUPS_COLUMNS, write_batches
from frametrace.app.report.explaining_matches import EXPLAINS, with_explains
from frametrace.app.report.group_changes import members_with_changes
from frametrace.app.report.span_columns import SPAN_COLUMNS, SharedSpans
from frametrace.case.store import Case
from frametrace.matcher.between_cases.spanning_groups import matches_shown, skipped_of
from frametrace.matcher.result_schemas import CASE_NAME, MATCHES, VIDEO_MATCHES
from frametrace.matcher.saved_results import MatchRun, Results
from frametrace.work.progress import Progress, counted

__all__ = ["TABLES", "TableFormat", "write_tables"]

TABLES = ("matches", "groups", "framings", "named", "map", "accounts", "ties", "skipped")

_SKIPPED_COLUMNS = ("source", "line", "item", "reason")
_ROWS_AT_ONCE = 10_000


@dataclass(frozen=True, slots=True)
class TableFormat:
    """Which matches the tables of a report list, and the files they are written to.

    With `all_matches` all of them, otherwise those that tie a member to its group; with `parquet`
    Parquet, with the values as they are, otherwise CSV, with cells that no spreadsheet runs.
    """

    all_matches: bool = False
    parquet: bool = False

    @property
    def suffix(self) -> str:
        """The suffix of the files."""
        return "parquet" if self.parquet else "csv"

    @property
    def files(self) -> tuple[str, ...]:
        """The names of the files."""
        return tuple(f"{name}.{self.suffix}" for name in TABLES)


def write_tables(
    case: Case,
    folder: Path,
    matched: tuple[Results, MatchRun],
    table_format: TableFormat,
    progress: Progress,
) -> Mapping[str, int]:
    """Write all tables; returns how many matches there are of each relation, listed or not."""
    results, run = matched
    relations: Counter[str] = Counter()
    tables = _tables(case, results, run)
    rows = results.matches.num_rows + sum(table.num_rows for table in tables.values())
    batches = results.matches.batches()
    if not table_format.all_matches:
        batches = with_explains(case, results, progress)
    schema, batches = matches_shown(case, batches, spanning=run.spanning)
    spans = SharedSpans(results.video_matches)
    more = [VIDEO_MATCHES.field(name) for name in SPAN_COLUMNS]
    schema = pa.schema([*MATCHES, *more, *list(schema)[len(MATCHES) :]])
    write = _write_parquet if table_format.parquet else _write_csv
    with progress.track("rows of tables", rows) as advance:
        matches = _explaining(counted(_with_tally(batches, relations), advance, len))
        path = folder / f"matches.{table_format.suffix}"
        write(path, schema, (spans.added_to(batch).select(schema.names) for batch in matches))
        for name, table in tables.items():
            parts = table.to_batches(max_chunksize=_ROWS_AT_ONCE)
            path = folder / f"{name}.{table_format.suffix}"
            write(path, table.schema, counted(parts, advance, len))
    return relations


def _tables(case: Case, results: Results, run: MatchRun) -> dict[str, pa.Table]:
    """The tables besides the matches, in the order in which they are written."""
    of_case = [CASE_NAME] if run.cases else []
    spans = SharedSpans(results.video_matches)
    skipped = skipped_of(case).sort_by([(name, "ascending") for name in _SKIPPED_COLUMNS])
    return {
        "groups": spans.with_columns(members_with_changes(results)).select(
            [*GROUPS_COLUMNS, *of_case]
        ),
        "framings": results.framings,
        "named": results.named.drop_columns(["belongs"]),
        "map": results.map,
        "accounts": results.accounts if run.cases else _without_names(results.accounts),
        "ties": results.ties if run.cases else _without_names(results.ties),
        "skipped": skipped.select([*_SKIPPED_COLUMNS, *of_case]),
    }


def _without_names(table: pa.Table) -> pa.Table:
    """The table without the columns that name cases, which are null for a single case."""
    return table.select([name for name in table.column_names if not name.startswith(CASE_NAME)])


def _with_tally(
    batches: Iterable[pa.RecordBatch], relations: Counter[str]
) -> Iterator[pa.RecordBatch]:
    """The batches unchanged; counts the rows of each relation as they pass."""
    for batch in batches:
        for count in pc.value_counts(batch["relation"]).to_pylist():
            relations[count["values"]] += count["counts"]
        yield batch


def _explaining(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """The rows that explain a membership; all rows of batches that don't say which ones do."""
    for batch in batches:
        yield batch.filter(batch[EXPLAINS]) if EXPLAINS in batch.schema.names else batch


def _write_csv(path: Path, schema: pa.Schema, batches: Iterator[pa.RecordBatch]) -> None:
    write_batches(path, schema.names, batches)


def _write_parquet(path: Path, schema: pa.Schema, batches: Iterator[pa.RecordBatch]) -> None:
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        for batch in batches:
            writer.write_batch(batch)
