"""Whether the committed shards of a case are whole."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from frametrace.case.store import Case

__all__ = ["check_shards"]


def check_shards(case: Case, table: str) -> list[str]:
    """Read every page of a table's shards against its checksum; what is wrong, in sentences."""
    committed = case.epoch.shards.get(table, {})
    return [wrong for file in case.files(table) if (wrong := _wrong(file, committed[file.name]))]


def _wrong(file: Path, rows: int) -> str:
    restore = "restore it from a copy of the case, or add its sources again in a new case"
    if not file.is_file():
        return f"{file} is missing: {restore}"
    try:
        with pq.ParquetFile(file, page_checksum_verification=True) as shard:
            found = sum(batch.num_rows for batch in shard.iter_batches())
    except (OSError, pa.ArrowException) as error:
        return f"{file} is damaged ({error}): {restore}"
    if found != rows:
        return f"{file} holds {found:,} rows, {rows:,} were committed: {restore}"
    return ""
