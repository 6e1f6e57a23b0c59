"""A case on disk: immutable Parquet shards, and epoch manifests that say which of them count.

A reader trusts only the epoch that CURRENT names. A writer holds the case's lock, puts units (the
files of several tables that belong together) and commits them as the next epoch. A unit's files are
written under temporary names, flushed to disk and renamed; then its done-marker is put. A process
killed in between leaves either a marker, and the next writer adopts the unit, or none, and the next
writer sweeps the files.
"""

import fcntl
import json
import os
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from frametrace.embed.tables import ACCOUNT_PROFILES, MEDIA, POST_MEDIA, POSTS, SKIPPED
from frametrace.posts.errors import CaseError, CaseLocked, CaseTooNew

__all__ = ["BASE_TABLES", "FORMAT_VERSION", "Case", "CaseWriter", "Epoch", "write_atomically"]

FORMAT_VERSION = 1
BASE_TABLES: Mapping[str, pa.Schema] = {
    "posts": POSTS,
    "accounts": ACCOUNT_PROFILES,
    "media": MEDIA,
    "post_media": POST_MEDIA,
    "skipped": SKIPPED,
}
_DONE = "done"
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

    def __init__(self, path: Path) -> None:
        """Open an existing case. Raises `CaseError` where there is none, or a broken one."""
        self.path = path
        if not (path / "case.json").is_file():
            raise CaseError(
                f"{path} is not a case (it has no case.json); make one with "
                f"`frametrace add {path} SOURCE...`"
            )
        version = _read_json(path / "case.json").get("format")
        if not isinstance(version, int):
            raise CaseError(f"{path / 'case.json'} names no format version: restore it from a copy")
        if version > FORMAT_VERSION:
            raise CaseTooNew(
                f"{path} has case format {version}; this Frametrace reads up to {FORMAT_VERSION}. "
                "Upgrade it: pip install --upgrade frametrace"
            )
        self.epoch = self._read_epoch()

    @classmethod
    def create(cls, path: Path) -> "Case":
        """Open the case at `path`, making an empty one in an absent or empty folder."""
        if not (path / "case.json").is_file():
            if path.exists() and (not path.is_dir() or any(path.iterdir())):
                raise CaseError(f"{path} exists and is not a case; name a new or an empty folder")
            path.mkdir(parents=True, exist_ok=True)
            write_atomically(path / "case.json", _to_json({"format": FORMAT_VERSION}))
        return cls(path)

    def _read_epoch(self) -> Epoch:
        current = self.path / "CURRENT"
        if not current.is_file():
            return Epoch()
        name = current.read_text("utf-8").strip()
        if Path(name).name != name:
            raise CaseError(f"{current} names {name!r}, which is not an epoch of this case")
        manifest = _read_json(self.path / "epochs" / name)
        try:
            return Epoch(manifest["number"], manifest["shards"], manifest["signals"])
        except KeyError as missing:
            raise CaseError(f"{self.path / 'epochs' / name} lacks {missing}: restore it") from None

    def files(self, table: str) -> list[Path]:
        """The committed shards of a table, in stable order."""
        return [self.path / table / name for name in sorted(self.epoch.shards.get(table, {}))]

    def read(self, table: str, columns: Sequence[str] | None = None) -> pa.Table:
        """A whole table, or some of its columns, in memory.

        Raises `CaseError` where a shard is missing or damaged.
        """
        files = self.files(table)
        if not files:
            schema = BASE_TABLES.get(table, pa.schema([("sha256", pa.string())])).empty_table()
            return schema.select(columns) if columns is not None else schema
        try:
            return pa.concat_tables(
                [pq.read_table(file, columns=columns, partitioning=None) for file in files]
            )
        except (OSError, pa.ArrowException) as error:
            raise CaseError(
                f"a shard of {table} can't be read ({error}); `frametrace doctor {self.path}` "
                "names the damaged files"
            ) from None

    @contextmanager
    def writer(self) -> Iterator["CaseWriter"]:
        """Hold the case's lock and write. Raises `CaseLocked` where another process does."""
        with (self.path / ".lock").open("a+") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                lock.seek(0)
                raise CaseLocked(
                    f"process {lock.read().strip() or 'unknown'} is writing to {self.path}; wait "
                    "until it ends, then run the same command again"
                ) from None
            lock.truncate(0)
            lock.write(str(os.getpid()))
            lock.flush()
            self.epoch = self._read_epoch()
            yield CaseWriter(self)


class CaseWriter:
    """The one process that may add to a case; made by `Case.writer`."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self._adopt()
        self._sweep()

    def put(self, unit: str, tables: Mapping[str, pa.Table]) -> None:
        """Write one unit: rows of several tables that become visible together.

        `unit` names the work that was done; putting a unit that is already there changes nothing.
        The rows count from the next `commit` on.
        """
        marker = self._marker(unit)
        if marker.exists():
            return
        written = {name: table for name, table in tables.items() if table.num_rows}
        shard = f"{unit}-{uuid.uuid4().hex[:8]}.parquet"
        for name, table in written.items():
            folder = self.case.path / name
            folder.mkdir(parents=True, exist_ok=True)
            temporary = folder / f".{shard}.tmp"
            try:
                with temporary.open("wb") as file:
                    pq.write_table(table, file, compression="zstd", write_page_checksum=True)
                    _flush(file.fileno())
            except OSError as error:
                temporary.unlink(missing_ok=True)
                raise CaseError(
                    f"{temporary.parent} can't be written: {error.strerror or error}. Make room or "
                    "mend the permissions, then run the same command again; nothing is lost"
                ) from None
            temporary.rename(folder / shard)
            _flush_folder(folder)
        rows = {name: {shard: table.num_rows} for name, table in written.items()}
        write_atomically(marker, _to_json(rows))
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

    def commit(self) -> None:
        """Make everything that was put visible, as the next epoch; nothing new makes no epoch."""
        committed, epoch = self.case._read_epoch(), self.case.epoch
        if (committed.shards, committed.signals) != (epoch.shards, epoch.signals):
            epoch = replace(epoch, number=committed.number + 1)
            folder = self.case.path / "epochs"
            folder.mkdir(exist_ok=True)
            name = f"epoch-{epoch.number:06d}.json"
            manifest = {"number": epoch.number, "shards": epoch.shards, "signals": epoch.signals}
            write_atomically(folder / name, _to_json(manifest))
            write_atomically(self.case.path / "CURRENT", name + "\n")
            self.case.epoch = epoch
        for marker in self._markers():
            marker.unlink()
        for old in sorted((self.case.path / "epochs").glob("epoch-*.json"))[:-_KEPT_EPOCHS]:
            old.unlink()

    def _adopt(self) -> None:
        """Count the units that a killed writer had finished but not committed."""
        for marker in self._markers():
            self._note(_read_json(marker))
        self.commit()

    def _note(self, rows: Mapping[str, Mapping[str, int]]) -> None:
        shards = dict(self.case.epoch.shards)
        for name, files in rows.items():
            shards[name] = {**shards.get(name, {}), **files}
        self.case.epoch = replace(self.case.epoch, shards=shards)

    def _sweep(self) -> None:
        """Delete the files that no epoch names: what a killed writer left half done."""
        shards = self.case.epoch.shards
        signals = [f"signals/{path.name}" for path in (self.case.path / "signals").glob("*")]
        for name in [*BASE_TABLES, *signals]:
            for file in (self.case.path / name).glob("*"):
                if file.name not in shards.get(name, {}):
                    file.unlink()

    def _marker(self, unit: str) -> Path:
        return self.case.path / _DONE / f"{unit}.json"

    def _markers(self) -> list[Path]:
        return sorted((self.case.path / _DONE).glob("*.json"))


def write_atomically(path: Path, content: str | bytes) -> None:
    """Write a file so that a reader sees the old content or the new, and a crash loses neither."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}.tmp")
    try:
        with temporary.open("wb") as file:
            file.write(content.encode("utf-8") if isinstance(content, str) else content)
            file.flush()
            _flush(file.fileno())
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise CaseError(
            f"{path} can't be written: {error.strerror or error}. Make room or mend the "
            "permissions, then run the same command again"
        ) from None
    temporary.replace(path)
    _flush_folder(path.parent)


def _flush(descriptor: int) -> None:
    os.fsync(descriptor)


def _flush_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _to_json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def _read_json(path: Path) -> dict[str, Any]:
    try:
        value = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise CaseError(f"{path} is missing: restore it from a copy of the case") from None
    except (OSError, ValueError) as error:
        raise CaseError(f"{path} can't be read ({error}): restore it from a copy") from None
    if not isinstance(value, dict):
        raise CaseError(f"{path} holds no JSON object: restore it from a copy of the case")
    return value
