"""A case on disk: immutable Parquet shards, and epoch manifests that say which of them count.

A reader trusts only the epoch that CURRENT names (should that file get lost: the newest one, which
is written whole before CURRENT names it). A writer holds the case's lock, puts units (the
files of several tables that belong together) and commits them as the next epoch. A unit's files are
written under temporary names, flushed to disk and renamed; then its done-marker is put. A process
killed in between leaves either a marker, and the next writer adopts the unit, or none, and the next
writer sweeps the files.
"""

import uuid
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from frametrace.case.files import (
    TEMPORARY,
    link_file,
    read_json,
    replacing,
    to_json,
    write_atomically,
)
from frametrace.case.locks import writer_lock
from frametrace.case.schemas import ACCOUNT_PROFILES, GUESSED, MEDIA, POST_MEDIA, POSTS, SKIPPED
from frametrace.case.table import Table
from frametrace.posts.errors import CaseError, CaseTooNew, UsageError
from frametrace.posts.sources.folders import printable

__all__ = ["BASE_TABLES", "FORMAT_VERSION", "Case", "CaseWriter", "Epoch", "write_atomically"]

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
_EPOCHS = "epochs"
_LOCKED = ("framings", "watch")  # folders with a lock of their own
_WIDE, _GROUP = 1024, 32  # bytes a row beyond which one row can be read without many others
_KEPT_EPOCHS = 5  # older manifests are swept; a reader that began on one still finds its shards


@dataclass(frozen=True, slots=True)
class Epoch:
    """Which shards of a case are committed.

    `shards` maps a table to its files' names and row counts; `signals` maps a signal's name to what
    made it: `fingerprint` and a description for people.
    """

    number: int = 0
    shards: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    signals: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def rows(self, table: str) -> int:
        """How many rows of a table are committed."""
        return sum(self.shards.get(table, {}).values())


class Case:
    """A case as of one epoch; opening it again sees what was committed since."""

    def __init__(self, path: str | Path) -> None:
        """Open an existing case.

        Raises `CaseError` where there is none, or a broken one, and `UsageError` where the path
        isn't valid UTF-8.
        """
        path = self.path = _named_in_text(Path(path))
        if not (path / "case.json").is_file():
            raise CaseError(
                f"{path} is not a case (it has no case.json); make one with "
                f"`frametrace add {path} SOURCE...`"
            )
        version = read_json(path / "case.json").get("format")
        if not isinstance(version, int):
            raise CaseError(f"{path / 'case.json'} names no format version: restore it from a copy")
        if version > FORMAT_VERSION:
            raise CaseTooNew(
                f"{path} has case format {version}; this Frametrace reads up to {FORMAT_VERSION}. "
                "Upgrade it: pip install --upgrade frametrace"
            )
        self.epoch = self._read_epoch()

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
        """Whether the case is a union of others, whole or not."""
        return "origins" in self.epoch.shards

    @classmethod
    def create(cls, path: Path) -> "Case":
        """Open the case at `path`, making an empty one in an absent or empty folder."""
        if not (_named_in_text(path) / "case.json").is_file():
            if path.exists() and not _is_empty(path):
                raise CaseError(f"{path} exists and is not a case; name a new or an empty folder")
            path.mkdir(parents=True, exist_ok=True)
            write_atomically(path / "case.json", to_json({"format": FORMAT_VERSION}))
        return cls(path)

    def _read_epoch(self) -> Epoch:
        current = self.path / "CURRENT"
        try:
            name = current.read_text("utf-8").strip()
        except FileNotFoundError:
            if not (epochs := _epochs(self.path)):
                return self._empty_epoch()
            name = epochs[-1].name
        except (OSError, ValueError) as error:
            raise CaseError(f"{current} can't be read ({error}): delete it") from None
        if Path(name).name != name or not name:
            raise CaseError(f"{current} names {name!r}, which is no epoch of this case: delete it")
        return _epoch(self.path / _EPOCHS / name)

    def _empty_epoch(self) -> Epoch:
        if shard := next(self.path.glob("*/*.parquet"), None):
            raise CaseError(
                f"{self.path} holds {shard.parent.name}/{shard.name} but neither CURRENT nor "
                "epochs, which say what counts: restore them from a copy of the case"
            )
        return Epoch()

    def files(self, table: str) -> list[Path]:
        """The committed shards of a table, in stable order."""
        return [self.path / table / name for name in sorted(self.epoch.shards.get(table, {}))]

    def read(self, table: str, columns: Sequence[str] | None = None) -> pa.Table:
        """A whole table, or some of its columns, in memory.

        Raises `CaseError` where a shard is missing or damaged.
        """
        if not self.files(table):
            schema = BASE_TABLES.get(table, pa.schema([("sha256", pa.string())])).empty_table()
            return schema.select(columns) if columns is not None else schema
        try:
            return pa.concat_tables(self.shards(table, columns))
        except pa.ArrowException as error:
            raise self._unreadable(table, error) from None

    def shards(self, table: str, columns: Sequence[str] | None = None) -> Iterator[pa.Table]:
        """The same a shard at a time, for tables that are larger than memory."""
        for file in self.files(table):
            yield self.read_shard(table, file, columns)

    def read_shard(self, table: str, file: Path, columns: Sequence[str] | None = None) -> pa.Table:
        """One of the table's `files`. Raises `CaseError` where it is missing or damaged."""
        try:
            return _table(file, columns)
        except (OSError, pa.ArrowException) as error:
            raise self._unreadable(table, error) from None

    def _unreadable(self, table: str, error: Exception) -> CaseError:
        return CaseError(
            f"a shard of {table} can't be read ({error}); `frametrace doctor {self.path}` "
            "names the damaged files"
        )

    @contextmanager
    def writer(self) -> Iterator["CaseWriter"]:
        """Hold the case's lock and write. Raises `CaseLocked` where another process does."""
        with writer_lock(self.path):
            self.epoch = self._read_epoch()
            try:
                yield CaseWriter(self)
            finally:
                self.epoch = self._read_epoch()


class CaseWriter:
    """The one process that may add to a case; made by `Case.writer`."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self._adopt()
        self._sweep()

    def put(
        self,
        unit: str,
        tables: Mapping[str, pa.Table],
        instead: Mapping[str, Collection[str]] = {},
    ) -> None:
        """Write one unit: rows of several tables that become visible together.

        `unit` names the work that was done; putting a unit again before the next `commit`
        changes nothing. The rows count from that commit on, and those of the shards that it
        stands `instead` of no longer do.
        """
        marker = self._marker(unit)
        if marker.exists():
            return
        written = {name: table for name, table in tables.items() if table.num_rows}
        shard = f"{unit}-{uuid.uuid4().hex[:8]}.parquet"
        for name, table in written.items():
            with replacing(self.case.path / name / shard) as file:
                pq.write_table(
                    table,
                    file,
                    compression="zstd",
                    write_page_checksum=True,
                    row_group_size=_GROUP if table.nbytes > _WIDE * table.num_rows else None,
                )
        rows: dict[str, dict[str, int | None]] = {
            name: {shard: table.num_rows} for name, table in written.items()
        }
        for name, shards in instead.items():
            rows.setdefault(name, {}).update(dict.fromkeys(shards))
        self._done(marker, rows)

    def link(self, unit: str, table: str, shard: Path, rows: int) -> None:
        """Count a whole shard of another case, without copying it, as a unit of this one.

        Raises `CaseError` where it is gone, or where no link to it can be made.
        """
        marker = self._marker(unit)
        if not marker.exists():
            link_file(shard, self.case.path / table / f"{unit}.parquet")
            self._done(marker, {table: {f"{unit}.parquet": rows}})

    def _done(self, marker: Path, rows: Mapping[str, Mapping[str, int | None]]) -> None:
        write_atomically(marker, to_json(rows))
        self._note(rows)

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
        """Make everything that was put visible, as the next epoch; nothing new makes no epoch."""
        root, committed, epoch = self.case.path, self.case._read_epoch(), self.case.epoch
        changed = (committed.shards, committed.signals) != (epoch.shards, epoch.signals)
        if changed or not (root / "CURRENT").exists():
            newest = max([committed.number, *(int(path.stem[-6:]) for path in _epochs(root))])
            epoch = replace(epoch, number=newest + 1 if changed else committed.number)
            name = f"epoch-{epoch.number:06d}.json"
            manifest = {"number": epoch.number, "shards": epoch.shards, "signals": epoch.signals}
            write_atomically(root / _EPOCHS / name, to_json(manifest))
            write_atomically(root / "CURRENT", name + "\n")
            self.case.epoch = epoch
        for done in (*self._markers(), *_epochs(root)[:-_KEPT_EPOCHS]):
            done.unlink()

    def _adopt(self) -> None:
        """Count the units that a killed writer had finished but not committed.

        A marker that can't be read counts for nothing: its unit's work is done again.
        """
        for marker in self._markers():
            with suppress(CaseError):
                self._note(read_json(marker))
        self.commit()

    def _note(self, rows: Mapping[str, Mapping[str, int | None]]) -> None:
        """Count shards by their rows; without a number a shard counts no longer."""
        shards = dict(self.case.epoch.shards)
        for name, files in rows.items():
            changed = {**shards.get(name, {}), **files}
            shards[name] = {file: count for file, count in changed.items() if count is not None}
        self.case.epoch = replace(self.case.epoch, shards=shards)

    def _sweep(self) -> None:
        """Delete what a killed writer left half done, and shards that no kept epoch names."""
        root, kept = self.case.path, [self.case.epoch]
        for manifest in _epochs(root):
            with suppress(CaseError):
                kept.append(_epoch(manifest))
        tables = {*BASE_TABLES, *(name for epoch in kept for name in epoch.shards)}
        tables |= {f"signals/{path.name}" for path in (root / "signals").glob("*")}
        for name in tables:
            for file in (root / name).glob("*.parquet"):
                if not any(file.name in epoch.shards.get(name, {}) for epoch in kept):
                    file.unlink()
        for name in (".", _EPOCHS, _DONE, *tables):
            for file in (root / name).glob(TEMPORARY):
                file.unlink()
        for name in _LOCKED:
            _sweep_locked(root / name)

    def _marker(self, unit: str) -> Path:
        return self.case.path / _DONE / f"{unit}.json"

    def _markers(self) -> list[Path]:
        return sorted((self.case.path / _DONE).glob("*.json"))


def _named_in_text(path: Path) -> Path:
    if (shown := printable(str(path))) != str(path):
        raise UsageError(f"{shown}: a case's path has to be valid UTF-8; name another folder")
    return path


def _sweep_locked(folder: Path) -> None:
    """Delete what a killed process left half done, unless another one writes there just now."""
    if any(folder.glob(TEMPORARY)):
        with suppress(CaseError), writer_lock(folder):
            for file in folder.glob(TEMPORARY):
                file.unlink()


def _is_empty(path: Path) -> bool:
    """Whether it is a folder with nothing in it but what a killed `create` leaves."""
    return path.is_dir() and all(found.match(TEMPORARY) for found in path.iterdir())


def _epochs(case: Path) -> list[Path]:
    """The manifests that are on disk, oldest first."""
    return sorted((case / _EPOCHS).glob(f"epoch-{'[0-9]' * 6}.json"))


def _epoch(path: Path) -> Epoch:
    manifest = read_json(path)
    try:
        return Epoch(manifest["number"], manifest["shards"], manifest["signals"])
    except KeyError as missing:
        raise CaseError(f"{path} lacks {missing}: restore it from a copy of the case") from None


def _table(file: Path, columns: Sequence[str] | None) -> pa.Table:
    return pq.read_table(file, columns=columns, partitioning=None, page_checksum_verification=True)
