"""Column maps that a case keeps, so that the next table with the same columns needs none."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from frametrace.case.files import write_atomically
from frametrace.posts.columns.column_map import ColumnMap, map_as_toml, read_map
from frametrace.posts.errors import UsageError

__all__ = ["keep_maps", "kept_maps"]

_FOLDER = "columns"


def kept_maps(case: Path) -> tuple[ColumnMap, ...]:
    """The maps that a case keeps, if there is one; each is named by its table's columns.

    Raises UsageError, which says what to do, where one can't be read.
    """
    paths = sorted((case / _FOLDER).glob("*.toml"))
    try:
        return tuple(
            replace(read_map(path), header=path.stem, saved_as=str(path)) for path in paths
        )
    except UsageError as error:
        raise UsageError(
            f"{error}. The case keeps it of a table that was added: correct it, or delete it and "
            "name that table's columns again with --columns or --column."
        ) from None


def keep_maps(case: Path, maps: Iterable[ColumnMap]) -> None:
    """Keep maps, each in the place of one of the same columns; the caller holds the case's lock."""
    for each in maps:
        path = case / _FOLDER / f"{each.header}.toml"
        path.parent.mkdir(exist_ok=True)
        write_atomically(path, map_as_toml(each))
