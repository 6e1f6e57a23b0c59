"""Stores a case on disk as immutable Parquet shards, which are read and written table by table.

A reader trusts only the current epoch (see `epochs`). A writer holds the case's lock, puts units
(the shards of several tables that belong together) and commits them as the next epoch. A unit's
files are written under temporary names, flushed to disk and renamed; then its done-marker is
written. If the process is killed in between, the next writer adopts the units that have a marker
and sweeps the files of the others.
"""

import uuid
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from frametrace.case.atomic_files import (
    TEMPORARY,
    delete_unused,
    link_file,
    make_folder,
    replacing,
    sweep,
)
from frametrace.case.epochs import (
    EPOCHS,
    Epoch,
    commit_epoch,
    current_epoch,
    delete_old_epochs,
    epoch_files,
    read_epoch,
)
from frametrace.case.file_digests import digest_of, is_intact
from frametrace.case.json_files import read_json, write_json
from frametrace.case.locks import writer_lock
from frametrace.case.schemas import ACCOUNT_PROFILES, GUESSED, MEDIA, POST_MEDIA, POSTS, SKIPPED
from frametrace.case.table import Table
from frametrace.posts.errors import CaseError, CaseTooNew, UsageError
from frametrace.posts.sources.paths import printable

__all__ = ["BASE_TABLES", "FORMAT_VERSION", "Case", "CaseWriter"]

FORMAT_VERSION = 1
BASE_TABLES: Mapping[str, pa.Schema] = {
    "posts": POSTS,
    "accounts": ACCOUNT_PROFILES,
    "media": MEDIA,
    "post_media": POST_MEDIA,
    "guessed": GUESSED,
    "skipped": SKIPPED,
}
_DONE = "done"
_ROWS, _DIGESTS = "rows", "digests"  # members of a marker
_FOLDERS_WITH_LOCKS = ("framings", "watch")  # each has a writer lock of its own
_FOLDERS_WITHOUT_LOCKS = ("columns", "tips", "opinions")  # who writes there holds the case's lock
# Tables with wide rows are written in small row groups: one row is read without many others.
_WIDE_ROW_BYTES = 1024
_WIDE_ROW_GROUP = 32  # rows


class Case:
    """A case as of one epoch; open it again to see what was committed since."""

    def __init__(self, path: str | Path) -> None:
        """Open an existing case.

        Raises `CaseError` if there is no case or a damaged one, and `UsageError` if the path
        isn't valid UTF-8.
        """
        path = self.path = _check_utf8(Path(path))
        if not (path / "case.json").is_file():
            raise CaseError(
                f"{path} is not a case (it has no case.json); make one with "
                f"`frametrace add {path} SOURCE...`"
            )
        version = read_json(path / "case.json").get("format")
        if not isinstance(version, int):
            raise CaseError(f"{path / 'case.json'} gives no format version: restore it from a copy")
        if version > FORMAT_VERSION:
            raise CaseTooNew(
                f"{path} has case format {version}; this Frametrace reads up to {FORMAT_VERSION}. "
                "Upgrade it: pip install --upgrade frametrace"
            )
        self.epoch = current_epoch(path)

    @property
    def posts(self) -> Table:
        """One row per post, in the schema `case.schemas.POSTS`."""
        return Table(self.read("posts"))

    @property
    def media(self) -> Table:
        """One row per distinct picture file."""
        return Table(self.read("media"))

    @property
    def skipped(self) -> Table:
        """One row per item that could not be read, with the reason."""
        return Table(self.read("skipped"))

    @property
    def is_union(self) -> bool:
        """Whether the case is a union of other cases, whole or in part."""
        return "origins" in self.epoch.shards

    @classmethod
    def create(cls, path: Path) -> "Case":
        """Open the case at `path`, making an empty one in an absent or empty folder."""
        if not (_check_utf8(path) / "case.json").is_file():
            if path.exists() and not _is_empty(path):
                raise CaseError(f"{path} exists and is not a case; name a new or an empty folder")
            make_folder(path)
            write_json(path / "case.json", {"format": FORMAT_VERSION})
        return cls(path)

    def files(self, table: str) -> list[Path]:
        """The committed shards of a table, in stable order; they may be damaged."""
        return [self.path / table / name for name in sorted(self.epoch.shards.get(table, {}))]

    def intact_files(self, table: str) -> list[Path]:
        """The same, verified. Raises `CaseError` if one is missing or damaged."""
        files = self.files(table)
        for file in files:
            self.verify(table, file)
        return files

    def verify(self, table: str, file: Path) -> None:
        """Compare one of the table's `files` with its digest; the first time, it is read whole.

        A shard that was committed without a digest is not verified. Raises `CaseError` if it is
        missing or damaged.
        """
        digest = self.epoch.digest(table, file.name)
        try:
            if digest and not is_intact(file, digest):
                raise self._unreadable(table, f"{file.name} doesn't have its digest")
        except OSError as error:
            raise self._unreadable(table, error) from None

    def read(self, table: str, columns: Sequence[str] | None = None) -> pa.Table:
        """A whole table, or some of its columns, in memory.

        Raises `CaseError` if a shard is missing or damaged.
        """
        if not self.files(table):
            empty = BASE_TABLES.get(table, pa.schema([("sha256", pa.string())])).empty_table()
            return empty.select(columns) if columns is not None else empty
        try:
            return pa.concat_tables(self.shards(table, columns))
        except pa.ArrowException as error:
            raise self._unreadable(table, error) from None

    def shards(self, table: str, columns: Sequence[str] | None = None) -> Iterator[pa.Table]:
        """The same, one shard at a time, for tables that are larger than memory."""
        for file in self.files(table):
            yield self.read_shard(table, file, columns)

    def read_shard(self, table: str, file: Path, columns: Sequence[str] | None = None) -> pa.Table:
        """One of the table's `files`. Raises `CaseError` if it is missing or damaged."""
        self.verify(table, file)
        try:
            return pq.read_table(
                file, columns=columns, partitioning=None, page_checksum_verification=True
            )
        except (OSError, pa.ArrowException) as error:
            raise self._unreadable(table, error) from None

    def _unreadable(self, table: str, error: Exception | str) -> CaseError:
        return CaseError(
            f"a shard of {table} can't be read ({error}): restore it from a copy of the case, or "
            f"add its sources again in a new case. `frametrace doctor {self.path}` checks all files"
        )

    @contextmanager
    def writer(self) -> Iterator["CaseWriter"]:
        """Hold the case's lock and write. Raises `CaseLocked` if another process holds it."""
        with writer_lock(self.path):
            self.epoch = current_epoch(self.path)
            try:
                yield CaseWriter(self)
            finally:
                self.epoch = current_epoch(self.path)


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

        Shards of versions before 0.9 get their digests here, unless they are damaged.
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
        tables |= {f"signals/{path.name}" for path in (root / "signals").glob("*")}
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


def _check_utf8(path: Path) -> Path:
    if (shown := printable(str(path))) != str(path):
        raise UsageError(f"{shown}: a case's path must be valid UTF-8; name another folder")
    return path


def _sweep_unless_locked(folder: Path) -> None:
    """Delete unfinished files of a killed process, unless another process is writing there."""
    if any(folder.glob(TEMPORARY)):
        with suppress(CaseError), writer_lock(folder):
            sweep(folder)


def _is_empty(path: Path) -> bool:
    """Whether it is a folder with nothing in it, except what a killed `create` left."""
    return path.is_dir() and all(child.match(TEMPORARY) for child in path.iterdir())
