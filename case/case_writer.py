"""Adds to a case: units of rows that become visible together, and what a killed writer left.

A unit is the shards of several tables that belong together. Its files are written under temporary
names, flushed to disk and renamed; then its done-marker is written. A commit makes all units since
the last one visible as the next epoch. If the process is killed in between, the next writer adopts
the units that have a marker and sweeps the files of the others.
"""

import uuid
from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from frametrace.case.atomic_files import TEMPORARY, delete_unused, link_file, replacing, sweep
from frametrace.case.epochs import (
    EPOCHS,
    Epoch,
    commit_epoch,
    delete_old_epochs,
    epoch_files,
    read_epoch,
)
from frametrace.case.file_digests import digest_of
from frametrace.case.json_files import read_json, write_json
from frametrace.case.locks import writer_lock
from frametrace.case.store import BASE_TABLES, Case
from frametrace.posts.errors import CaseError

__all__ = ["CaseWriter"]

_DONE = "done"
_ROWS, _DIGESTS = "rows", "digests"  # members of a marker
_FOLDERS_WITH_LOCKS = ("framings", "watch")  # each has a writer lock of its own
_FOLDERS_WITHOUT_LOCKS = ("columns", "tips", "opinions")  # who writes there holds the case's lock
# Tables with wide rows are written in small row groups: one row is read without many others.
_WIDE_ROW_BYTES = 1024
_WIDE_ROW_GROUP = 32  # rows


class CaseWriter:
    """Adds to a case while this process holds the case's lock; made by `Case.writer`."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self._adopt()
        self._sweep()

    def put(
        self,
        unit: str,
        tables: Mapping[str, pa.Table],
        replaced: Mapping[str, Collection[str]] = {},
    ) -> None:
        """Write one unit: rows of several tables that become visible together at the next commit.

        `unit` names the work that was done; putting a unit again before the next `commit`
        changes nothing. The shards named in `replaced`, by table, no longer count from that commit
        on.
        """
        marker = self._marker(unit)
        if marker.exists():
            return
        filled = {name: table for name, table in tables.items() if table.num_rows}
        shard = f"{unit}-{uuid.uuid4().hex[:8]}.parquet"
        digests = {}
        for name, table in filled.items():
            is_wide = table.nbytes > _WIDE_ROW_BYTES * table.num_rows
            with replacing(self.case.path / name / shard) as file:
                pq.write_table(
                    table,
                    file,
                    compression="zstd",
                    write_page_checksum=True,
                    row_group_size=_WIDE_ROW_GROUP if is_wide else None,
                )
                file.flush()
                digests[name] = {shard: digest_of(Path(file.name))}
        rows: dict[str, dict[str, int | None]] = {
            name: {shard: table.num_rows} for name, table in filled.items()
        }
        for name, shards in replaced.items():
            rows.setdefault(name, {}).update(dict.fromkeys(shards))
        self._mark_done(marker, rows, digests)

    def link(self, unit: str, table: str, case: Case, shard: Path) -> None:
        """Use a whole shard of another case, without copying it, as a unit of this one.

        Raises `CaseError` if it is gone, or if no link to it can be made.
        """
        marker = self._marker(unit)
        if not marker.exists():
            name = f"{unit}.parquet"
            link_file(shard, self.case.path / table / name)
            digest = case.epoch.digest(table, shard.name)
            self._mark_done(
                marker,
                {table: {name: case.epoch.shards[table][shard.name]}},
                {table: {name: digest}} if digest else {},
            )

    def _mark_done(
        self,
        marker: Path,
        rows: Mapping[str, Mapping[str, int | None]],
        digests: Mapping[str, Mapping[str, str]],
    ) -> None:
        write_json(marker, {_ROWS: rows, _DIGESTS: digests})
        self.case.epoch = self.case.epoch.updated(rows, digests)

    def describe(self, signal: str, made_by: Mapping[str, str]) -> None:
        """Record what makes a signal's values: its fingerprint and a description."""
        self.case.epoch = replace(
            self.case.epoch, signals={**self.case.epoch.signals, signal: dict(made_by)}
        )

    def drop(self, table: str) -> None:
        """Leave a table's rows out of the next epoch."""
        shards = {name: files for name, files in self.case.epoch.shards.items() if name != table}
        self.case.epoch = replace(self.case.epoch, shards=shards)

    def clear(self) -> None:
        """Leave all rows and signals out of the next epoch."""
        self.case.epoch = Epoch(self.case.epoch.number)

    def commit(self) -> None:
        """Make every unit visible as the next epoch; without changes there is no new epoch.

        Shards of versions before 0.9 get their digests here, once, unless they are damaged.
        """
        self._add_digests()
        self.case.epoch = commit_epoch(self.case.path, self.case.epoch)
        for marker in self._markers():
            marker.unlink()
        delete_old_epochs(self.case.path)

    def _add_digests(self) -> None:
        epoch = self.case.epoch
        digests: dict[str, dict[str, str]] = {}
        for table in epoch.shards:
            for file in self.case.files(table):
                if not epoch.digest(table, file.name):
                    with suppress(CaseError):
                        self.case.read_shard(table, file)  # verifies the checksums of its pages
                        digests.setdefault(table, {})[file.name] = digest_of(file)
        self.case.epoch = epoch.updated({}, digests)

    def _adopt(self) -> None:
        """Commit the units that a killed writer had finished.

        A marker that can't be read is ignored: its unit is computed again.
        """
        for marker in self._markers():
            with suppress(CaseError):
                done = read_json(marker)
                rows = done.get(_ROWS, done)  # before version 0.9, only these
                self.case.epoch = self.case.epoch.updated(rows, done.get(_DIGESTS, {}))
        self.commit()

    def _sweep(self) -> None:
        """Delete unfinished files of a killed writer, and shards that no kept epoch names."""
        root, epochs = self.case.path, [self.case.epoch]
        for manifest in epoch_files(root):
            with suppress(CaseError):
                epochs.append(read_epoch(manifest))
        tables = {*BASE_TABLES, *(name for epoch in epochs for name in epoch.shards)}
        for folder in ("signals", "frames"):
            tables |= {f"{folder}/{path.name}" for path in (root / folder).glob("*")}
        for name in tables:
            for file in (root / name).glob("*.parquet"):
                if not any(file.name in epoch.shards.get(name, {}) for epoch in epochs):
                    delete_unused(file)
        for name in (".", EPOCHS, _DONE, *_FOLDERS_WITHOUT_LOCKS, *tables):
            sweep(root / name)
        for name in _FOLDERS_WITH_LOCKS:
            _sweep_unless_locked(root / name)

    def _marker(self, unit: str) -> Path:
        return self.case.path / _DONE / f"{unit}.json"

    def _markers(self) -> list[Path]:
        return sorted((self.case.path / _DONE).glob("*.json"))


def _sweep_unless_locked(folder: Path) -> None:
    """Delete unfinished files of a killed process, unless another process is writing there."""
    if any(folder.glob(TEMPORARY)):
        with suppress(CaseError), writer_lock(folder):
            sweep(folder)
