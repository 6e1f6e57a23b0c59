"""Pairs of pictures as they are kept once they were compared, and an executor that counts them."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from frametrace.matcher.pictures.verified_pair_table import PAIRS
from frametrace.work.executor import InProcess

__all__ = ["Counting", "cells", "name_of", "pairs_of"]


def name_of(number: int) -> str:
    """A digest; they are ordered as numbers are."""
    return f"{number:064x}"


def cells(rows: Collection[int] = range(16), columns: Collection[int] = range(16)) -> bytes:
    """Where a picture agrees: cells of these rows and columns, all by default."""
    grid = np.zeros((16, 16), bool)
    grid[np.ix_([*rows], [*columns])] = True
    return np.packbits(grid).tobytes()


def pairs_of(pairs: Iterable[tuple[int, int, Mapping[str, Any]]], **options: object) -> pa.Table:
    """Pairs a < b in the schema `PAIRS`: copies that agree all over, but for what is given."""
    same: dict[str, object] = {"relation": "copy", "similarity": 0.5, "inliers": 90}
    same |= {"mirrored": False, "scale": 1.0, "part_a": 1.0, "part_b": 1.0, "altered": []}
    same |= dict.fromkeys(("rotation", "shift_x", "shift_y", "altered_part"), 0.0)
    same |= {f"{side}_{of}": 100 for side in ("width", "height") for of in "ab"}
    same |= {"cells_a": cells(), "cells_b": cells(), "same_photograph": True}
    rows = [
        {"sha256_a": name_of(a), "sha256_b": name_of(b), **same, **options, **other}
        for a, b, other in sorted(pairs, key=lambda pair: pair[:2])
    ]
    return pa.Table.from_pylist(rows, PAIRS)


class Counting(InProcess):
    """Counts the items that it is asked to compare."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = 0

    def map(self, function: Any, items: Sequence[Any]) -> Iterator[Any]:
        self.asked += len(items)
        return super().map(function, items)
