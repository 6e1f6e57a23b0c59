"""The `Index` contract, what an index is built from, and what a search returns."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np

from frametrace.case.schemas import signal_table
from frametrace.case.store import Case
from frametrace.index.arrays import map_array, save_array
from frametrace.index.distinct_codes import Codes
from frametrace.work.progress import Progress

__all__ = ["CodeIndex", "Hits", "Index", "IndexSource", "Manifest"]

_ARRAYS = ("codes", "starts", "items")


@dataclass(frozen=True, slots=True)
class Hits:
    """Pairs of a query and a row of an index: three arrays of one length.

    `query` and `row` are positions, int64; `value` is a distance in bits, int32, or a similarity,
    float32.
    """

    query: np.ndarray
    row: np.ndarray
    value: np.ndarray

    @classmethod
    def concatenate(cls, parts: Sequence[Self], dtype: type[np.generic]) -> Self:
        """All hits of the parts; without parts, empty arrays with values of `dtype`."""
        empty = np.empty(0, np.int64)
        return cls(
            np.concatenate([empty, *(part.query for part in parts)]),
            np.concatenate([empty, *(part.row for part in parts)]),
            np.concatenate([np.empty(0, dtype), *(part.value for part in parts)]),
        )

    def where(self, keep: np.ndarray) -> "Hits":
        """The hits that a boolean array selects."""
        return Hits(self.query[keep], self.row[keep], self.value[keep])

    def __len__(self) -> int:
        return len(self.query)


@dataclass(frozen=True, slots=True)
class Manifest:
    """What an index on disk belongs to, and the digests of its files."""

    signal: str
    fingerprint: str
    metric: str
    technique: str
    dimension: int
    codes: int
    items: int
    recall: float
    files: dict[str, str]


@dataclass(frozen=True, slots=True)
class IndexSource:
    """The values of one signal of a case, as of its epoch."""

    case: Case
    signal: str

    def codes(self) -> Codes:
        """The usable values, equal ones once. Raises `CaseError` if a shard is damaged."""
        return Codes.of(self.case, self.signal)

    @property
    def rows(self) -> int:
        """How many items have a row."""
        return self.case.epoch.rows(signal_table(self.signal))


class Index(ABC):
    """An index of one signal's values, in files that are mapped when it is opened.

    `index.index_store` builds, opens and checks the files; its registry names the class for each
    metric. Every class declares what goes into the manifest:

    - `technique`: the name of the method.
    - `recall`: the fraction of true neighbours that it finds, 0 to 1.
    - `dimension`: how many numbers a value has; 0 if values are of any length.
    - `files`: the names of its files.
    """

    technique: str
    recall: float
    dimension: int
    files: tuple[str, ...]

    @classmethod
    @abstractmethod
    def build(
        cls, folder: Path, source: IndexSource, earlier: Iterable[Path], progress: Progress
    ) -> Self:
        """Write the files of an index into a folder and open it.

        `earlier` are the folders of undamaged indexes of fewer values of the same signal, largest
        first. Raises `OSError` or `RuntimeError` if the files can't be written.
        """

    @classmethod
    @abstractmethod
    def open(cls, folder: Path, source: IndexSource, manifest: Manifest) -> Self:
        """Map the files. Raises `OSError`, `ValueError` or `RuntimeError` for damaged ones."""

    @property
    @abstractmethod
    def counts(self) -> tuple[int, int]:
        """How many distinct values and how many items it holds."""


class CodeIndex(Index):
    """An index to search values that are one row of numbers each.

    `codes` holds them, equal ones once; the rows of `Hits` are positions in it.
    """

    files = tuple(f"{name}.npy" for name in _ARRAYS)

    def __init__(self, codes: Codes) -> None:
        self.codes = codes
        self.dimension = int(codes.codes.shape[1])

    @classmethod
    def build(
        cls, folder: Path, source: IndexSource, earlier: Iterable[Path], progress: Progress
    ) -> Self:
        """Write the codes, and what `of_codes` adds to them."""
        codes = source.codes()
        for name in _ARRAYS:
            save_array(folder / f"{name}.npy", getattr(codes, name))
        index = cls.of_codes(codes)
        index.save(folder)
        return index

    @classmethod
    def of_codes(cls, codes: Codes) -> Self:
        """An index of some codes, in memory."""
        return cls(codes)

    def save(self, folder: Path) -> None:
        """Write the further files: what can't be derived from the codes quickly."""

    @classmethod
    def open(cls, folder: Path, source: IndexSource, manifest: Manifest) -> Self:
        """Map the codes and the further files."""
        codes = Codes(*(map_array(folder / f"{name}.npy") for name in _ARRAYS))
        _check_sizes(codes, manifest)
        return cls.load(codes, folder, manifest)

    @classmethod
    def load(cls, codes: Codes, folder: Path, manifest: Manifest) -> Self:
        """Add what `save` wrote to the codes."""
        return cls(codes)

    @property
    def counts(self) -> tuple[int, int]:
        """How many distinct codes and how many items it holds."""
        return len(self.codes), len(self.codes.items)

    @abstractmethod
    def search(self, queries: np.ndarray, bound: float | None = None, limit: int = 0) -> Hits:
        """The codes near each of (m, k) queries, nearest first.

        They are at the distance `bound` or less (or at that similarity or more), and at most
        `limit` for each query. None and 0 mean that there is no such limit.
        """


def _check_sizes(codes: Codes, manifest: Manifest) -> None:
    actual = (len(codes.codes), codes.codes.shape[1], len(codes.items), int(codes.starts[-1]))
    stated = (manifest.codes, manifest.dimension, manifest.items, manifest.items)
    if actual != stated:
        raise ValueError(
            f"it has {actual[0]} codes of {actual[1]} values for {actual[2]} items, its manifest "
            f"states {stated[0]} of {stated[1]} for {stated[2]}"
        )
