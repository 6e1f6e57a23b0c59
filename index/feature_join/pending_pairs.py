"""Pairs that wait until all of their part are counted: some in memory, the others in a file."""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryFile
from types import TracebackType
from typing import Self

import numpy as np

from frametrace.index.feature_join.lsh_tables import RecordPairs

__all__ = ["PairSpool"]

_HELD = 1 << 24  # pairs in memory: 170 MB


class PairSpool:
    """Takes pairs and gives them back in the same pieces and order; its file is never seen."""

    def __init__(self, folder: Path) -> None:
        self._file = TemporaryFile(dir=folder)  # noqa: SIM115  closed on leaving
        self._held: list[RecordPairs] = []
        self._sizes: list[int] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()

    def add(self, pairs: RecordPairs) -> None:
        """Take some more."""
        self._held.append(pairs)
        if sum(map(len, self._held)) > _HELD:
            for each in self._held:
                self._sizes.append(len(each))
                for column in (each.first, each.second, each.crowd):
                    self._file.write(column.data)
            self._held = []

    def __iter__(self) -> Iterator[RecordPairs]:
        self._file.seek(0)
        for size in self._sizes:
            yield RecordPairs(
                *(self._read(kind, size) for kind in (np.uint32, np.uint32, np.uint16))
            )
        while self._held:
            yield self._held.pop(0)

    def _read(self, kind: type[np.generic], size: int) -> np.ndarray:
        column = np.empty(size, kind)
        self._file.readinto(column.view(np.uint8).data)
        return column
