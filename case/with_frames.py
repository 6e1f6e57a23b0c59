"""Reads the frames of a case's videos as if they were pictures.

Joins, indexes and comparisons know one table of values for each signal. `WithFrames` shows them the
frames' values in that table, alone or together with those of the pictures. What they keep on disk
goes to a folder of its own in the case.
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from frametrace.case.schemas import frame_table, signal_table
from frametrace.case.store import Case

__all__ = ["WithFrames", "has_videos"]

_FOLDERS = {False: "frames", True: "pictures-and-frames"}  # of derived files, by `pictures`
_DERIVED = "derived"
_Value = TypeVar("_Value")


def has_videos(case: Case) -> bool:
    """Whether any video of the case was read."""
    return case.epoch.rows("videos") > 0


class WithFrames(Case):
    """A case in which the frames of videos are items of the signals' tables, read only.

    With `pictures`, pictures are as well. `path` is the folder for derived files.
    """

    def __init__(self, case: Case, *, pictures: bool) -> None:
        """A view of the case as of its epoch; nothing is read yet."""
        self._case, self._pictures = case, pictures
        self.path = case.path / _DERIVED / _FOLDERS[pictures]
        self.epoch = replace(
            case.epoch,
            shards=self._merged(case.epoch.shards),
            digests=self._merged(case.epoch.digests),
        )

    def files(self, table: str) -> list[Path]:
        """The shards of a table in the case, in stable order."""
        sources = self._sources(table)
        return [file for source in sources for file in self._case.files(source)]

    def _sources(self, table: str) -> tuple[str, ...]:
        signal = table.removeprefix("signals/")
        if signal == table:
            return (table,)
        return (table, frame_table(signal)) if self._pictures else (frame_table(signal),)

    def _merged(
        self, tables: Mapping[str, Mapping[str, _Value]]
    ) -> dict[str, Mapping[str, _Value]]:
        """What an epoch says of the files of each table, as this view has them."""
        merged: dict[str, Mapping[str, _Value]] = dict(tables)
        for signal in self._case.epoch.signals:
            table = signal_table(signal)
            merged[table] = {
                name: value
                for source in self._sources(table)
                for name, value in tables.get(source, {}).items()
            }
        return merged
