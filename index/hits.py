"""What a search returns."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

__all__ = ["Hits"]


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
        """One after the other; none gives empty arrays with values of `dtype`."""
        empty = np.empty(0, np.int64)
        return cls(
            np.concatenate([empty, *(part.query for part in parts)]),
            np.concatenate([empty, *(part.row for part in parts)]),
            np.concatenate([np.empty(0, dtype), *(part.value for part in parts)]),
        )

    def where(self, keep: np.ndarray) -> "Hits":
        """The hits that a boolean array keeps."""
        return Hits(self.query[keep], self.row[keep], self.value[keep])

    def __len__(self) -> int:
        return len(self.query)
