"""Opens a case on disk: immutable Parquet shards, which are read table by table and verified.

A reader trusts only the current epoch (see `epochs`), and `case_writer` writes.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from frametrace.case.atomic_files import TEMPORARY, make_folder
from frametrace.case.epochs import current_epoch
from frametrace.case.file_digests import is_intact
from frametrace.case.json_files import read_json, write_json
from frametrace.case.locks import writer_lock
from frametrace.case.schemas import (
    ACCOUNT_PROFILES,
    GUESSED,
    INTERVALS,
    MEDIA,
    POST_MEDIA,
    POSTS,
    SKIPPED,
    VIDEOS,
)
from frametrace.case.table import Table
from frametrace.posts.errors import CaseError, CaseTooNew, UsageError
from frametrace.posts.sources.paths import printable

if TYPE_CHECKING:
    from frametrace.case.case_writer import CaseWriter

__all__ = ["BASE_TABLES", "FORMAT_VERSION", "Case"]

FORMAT_VERSION = 1
BASE_TABLES: Mapping[str, pa.Schema] = {
    "posts": POSTS,
    "accounts": ACCOUNT_PROFILES,
    "media": MEDIA,
    "post_media": POST_MEDIA,
    "guessed": GUESSED,
    "skipped": SKIPPED,
    "videos": VIDEOS,
    "intervals": INTERVALS,
}


class Case:
    """A case as of one epoch; open it again to see what was committed since."""

    def __init__(self, path: str | Path) -> None:
        """Open an existing case.

        Raises `CaseError` if the path holds no case or the case is damaged, `UsageError` if the
        path isn't valid UTF-8.
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
        """One row per distinct file of a picture or video."""
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
                raise self.unreadable(table, f"{file.name} doesn't have its digest")
        except OSError as error:
            raise self.unreadable(table, error) from None

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
            raise self.unreadable(table, error) from None

    def shards(self, table: str, columns: Sequence[str] | None = None) -> Iterator[pa.Table]:
        """The same, one shard at a time, for tables that are larger than memory."""
        for file in self.files(table):
            yield self.read_shard(table, file, columns)

    def read_shard(self, table: str, file: Path, columns: Sequence[str] | None = None) -> pa.Table:
        """One of the table's `files`. Raises `CaseError` if it is missing or damaged."""
        import pyarrow.parquet as pq

        self.verify(table, file)
        try:
            return pq.read_table(
                file, columns=columns, partitioning=None, page_checksum_verification=True
            )
        except (OSError, pa.ArrowException) as error:
            raise self.unreadable(table, error) from None

    def unreadable(self, table: str, error: Exception | str) -> CaseError:
        """The error for a shard that is missing or damaged, and what to do."""
        return CaseError(
            f"a shard of {table} can't be read ({error}): restore it from a copy of the case, or "
            f"add its sources again in a new case. `frametrace doctor {self.path}` checks all files"
        )

    @contextmanager
    def writer(self) -> Iterator["CaseWriter"]:
        """Hold the case's lock and write. Raises `CaseLocked` if another process holds it."""
        from frametrace.case.case_writer import CaseWriter  # which needs this module

        with writer_lock(self.path):
            self.epoch = current_epoch(self.path)
            try:
                yield CaseWriter(self)
            finally:
                self.epoch = current_epoch(self.path)


def _check_utf8(path: Path) -> Path:
    if (shown := printable(str(path))) != str(path):
        raise UsageError(f"{shown}: a case's path must be valid UTF-8; name another folder")
    return path


def _is_empty(path: Path) -> bool:
    """Whether it is a folder with nothing in it, except what a killed `create` left."""
    return path.is_dir() and all(child.match(TEMPORARY) for child in path.iterdir())
