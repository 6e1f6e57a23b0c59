"""Looks up pictures' thumbnails by digest; they are read from the shards."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Self

import numpy as np

from frametrace.embed.signals.thumbnail import pixels
from frametrace.index.arrays import map_array, save_array
from frametrace.index.base import Index, IndexSource, Manifest
from frametrace.index.distinct_codes import as_keys
from frametrace.index.feature_shards import CodeShards, NumberedPictures
from frametrace.work.progress import Progress

__all__ = ["ThumbnailIndex"]

_ARRAYS = ("items", "rows")


class ThumbnailIndex(Index):
    """The rows of thumbnails by digest. It can't be searched.

    `items` is (n, 32) uint8, ascending; `rows` (n, 2) uint32: shard and row.
    """

    technique = "rows"
    recall = 1.0
    dimension = 0
    files = tuple(f"{name}.npy" for name in _ARRAYS)

    def __init__(self, arrays: Sequence[np.ndarray], shards: CodeShards) -> None:
        self.items, self.rows = arrays
        self._keys, self._shards = as_keys(self.items), shards

    @classmethod
    def build(
        cls, folder: Path, source: IndexSource, earlier: Iterable[Path], progress: Progress
    ) -> Self:
        """Write the digests and rows of the case's thumbnails."""
        shards = CodeShards.of_case(source.case, source.signal)
        pictures = NumberedPictures.of(shards)
        save_array(folder / "items.npy", pictures.items)
        save_array(folder / "rows.npy", pictures.rows)
        return cls((pictures.items, pictures.rows), shards)

    @classmethod
    def open(cls, folder: Path, source: IndexSource, manifest: Manifest) -> Self:
        """Map the files. Raises `OSError` or `ValueError` if they can't be mapped."""
        shards = CodeShards.of_case(source.case, source.signal)
        index = cls([map_array(folder / f"{name}.npy") for name in _ARRAYS], shards)
        if index.items.shape != (len(index.rows), 32) or index.rows.shape[1:] != (2,):
            raise ValueError("its files don't belong together")
        return index

    def __len__(self) -> int:
        return len(self.items)

    @property
    def counts(self) -> tuple[int, int]:
        """How many thumbnails it holds, twice."""
        return len(self), len(self)

    def pixels(self, digest: str) -> np.ndarray | None:
        """A picture's thumbnail, (height, width) uint8, or None if the case has none.

        Raises `CaseError` if its shard is damaged.
        """
        key = as_keys(np.frombuffer(bytes.fromhex(digest), np.uint8)[None])
        at = int(np.searchsorted(self._keys, key)[0])
        if at == len(self) or self._keys[at] != key[0]:
            return None
        return pixels(self._shards.code(*self.rows[at].tolist()))
