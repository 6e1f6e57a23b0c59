"""Column maps that a case keeps, so that the next table with the same columns needs none."""

import hashlib
from collections.abc import Iterable
from pathlib import Path

from frametrace.embed.files import write_atomically
from frametrace.posts.column_maps import ColumnMap, read_map, written_map

__all__ = ["keep_maps", "kept_maps"]

_FOLDER = "columns"


def kept_maps(case: Path) -> tuple[ColumnMap, ...]:
    """The maps that a case keeps, if there is one. Raises UsageError where one can't be read."""
    return tuple(read_map(path) for path in sorted((case / _FOLDER).glob("*.toml")))


def keep_maps(case: Path, maps: Iterable[ColumnMap]) -> None:
    """Keep maps, each in the place of one of the same columns; the caller holds the case's lock."""
    for found in maps:
        named = sorted({column for columns in found.columns.values() for column in columns})
        digest = hashlib.sha256("\0".join(named).encode()).hexdigest()[:16]
        path = case / _FOLDER / f"{digest}.toml"
        path.parent.mkdir(exist_ok=True)
        write_atomically(path, written_map(found))
