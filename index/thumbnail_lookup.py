"""Where each picture's thumbnail lies: found by its digest, read from its shard."""

from collections.abc import Sequence
from pathlib import Path
from typing import Self

import numpy as np

from frametrace.embed.signals.thumbnail import pixels
from frametrace.index.arrays import map_array, save_array
from frametrace.index.codes import as_keys
from frametrace.index.feature_shards import CodeShards, Numbered

__all__ = ["ARRAYS", "ThumbnailIndex", "build_thumbnails"]

ARRAYS = ("items", "rows")


class ThumbnailIndex:
    """An open index. `items` is (n, 32) uint8, ascending; `rows` (n, 2) uint32: shard and row."""

    technique = "rows"

    def __init__(self, arrays: Sequence[np.ndarray], shards: CodeShards) -> None:
        self.items, self.rows = arrays
        self._keys, self._shards = as_keys(self.items), shards

    @classmethod
    def open(cls, folder: Path, shards: CodeShards) -> Self:
        """Map the files. Raises `OSError` or `ValueError` where they can't be mapped."""
        index = cls([map_array(folder / f"{name}.npy") for name in ARRAYS], shards)
        if index.items.shape != (len(index.rows), 32) or index.rows.shape[1:] != (2,):
            raise ValueError("its files don't belong together")
        return index

    def __len__(self) -> int:
        return len(self.items)

    def pixels(self, digest: str) -> np.ndarray | None:
        """A picture's thumbnail, (height, width) uint8, or None where the case has none of it.

        Raises `CaseError` where its shard is damaged.
        """
        key = as_keys(np.frombuffer(bytes.fromhex(digest), np.uint8)[None])
        at = int(np.searchsorted(self._keys, key)[0])
        if at == len(self) or self._keys[at] != key[0]:
            return None
        return pixels(self._shards.code(*self.rows[at].tolist()))


def build_thumbnails(folder: Path, shards: CodeShards) -> None:
    """Write the arrays of an index into a folder."""
    pictures = Numbered.of(shards)
    save_array(folder / "items.npy", pictures.items)
    save_array(folder / "rows.npy", pictures.rows)
