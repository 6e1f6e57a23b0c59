"""Verifies the committed shards of a case: digests, every page's checksum, row counts."""

from pathlib import Path

import pyarrow as pa

from frametrace.case.file_digests import is_intact
from frametrace.case.store import Case

__all__ = ["check_shards"]


def check_shards(case: Case, table: str) -> list[str]:
    """Verify a table's shards; returns a sentence for each that is missing or damaged."""
    committed = case.epoch.shards.get(table, {})
    damages = (
        _damage(file, committed[file.name], case.epoch.digest(table, file.name))
        for file in case.files(table)
    )
    return [damage for damage in damages if damage]


def _damage(file: Path, rows: int, digest: str) -> str:
    """What is wrong with a shard; empty if nothing is."""
    import pyarrow.parquet as pq

    restore = "restore it from a copy of the case, or add its sources again in a new case"
    if not file.is_file():
        return f"{file} is missing: {restore}"
    try:
        if digest and not is_intact(file, digest):
            return f"{file} is damaged (it doesn't have its digest): {restore}"
        with pq.ParquetFile(file, page_checksum_verification=True) as shard:
            count = sum(batch.num_rows for batch in shard.iter_batches())
    except (OSError, pa.ArrowException) as error:
        return f"{file} is damaged ({error}): {restore}"
    if count != rows:
        return f"{file} holds {count:,} rows, {rows:,} were committed: {restore}"
    return ""
