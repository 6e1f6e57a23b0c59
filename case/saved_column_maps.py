"""Saves column maps in the case, so that the next table with the same columns needs none."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import xxhash

from frametrace.case.atomic_files import write_atomically
from frametrace.posts.columns.column_map import ColumnMap, map_as_toml, read_map
from frametrace.posts.errors import UsageError

__all__ = ["save_column_maps", "saved_column_maps"]

_FOLDER = "columns"
_CHECKSUM = "# checksum "


def saved_column_maps(case: Path) -> tuple[ColumnMap, ...]:
    """The column maps that a case has saved; each is named by its table's columns.

    Raises `UsageError`, which says what to do, if one can't be read.
    """
    paths = sorted((case / _FOLDER).glob("*.toml"))
    try:
        for path in paths:
            _verify(path)
        return tuple(
            replace(read_map(path), header=path.stem, saved_as=str(path)) for path in paths
        )
    except UsageError as error:
        raise UsageError(
            f"{error}. The case saved it when a table was added: correct it, or delete it and "
            "name that table's columns again with --columns or --column."
        ) from None


def save_column_maps(case: Path, maps: Iterable[ColumnMap]) -> None:
    """Save maps; one for the same columns is replaced. The caller holds the case's lock."""
    for column_map in maps:
        path = case / _FOLDER / f"{column_map.header}.toml"
        content = map_as_toml(column_map)
        write_atomically(path, f"{_CHECKSUM}{_checksum(content)}\n{content}")


def _verify(path: Path) -> None:
    """Raises `UsageError` if the content doesn't have the checksum of its first line, if any."""
    try:
        first, _, content = path.read_text("utf-8").partition("\n")
    except (OSError, ValueError):
        return  # reading the map raises the error again
    if first.startswith(_CHECKSUM) and first != f"{_CHECKSUM}{_checksum(content)}":
        raise UsageError(
            f"{path}: the content doesn't have its checksum; if you changed it, delete that line"
        )


def _checksum(content: str) -> str:
    return xxhash.xxh3_64(content.encode()).hexdigest()
