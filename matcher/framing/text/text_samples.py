"""Samples the distinct texts of each group, so that copy-pasted texts count once.

A text that was pasted 500 times counts once, whatever links, mentions and emoji came with it. Up to
256 distinct texts of each group are sampled, and 100,000 of the texts in no group. They are chosen
by their digests, so that the order of the input doesn't matter.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Self

import numpy as np

from frametrace.embed.text.tokenize import Piece, pieces

__all__ = ["NO_GROUP", "TextSamples"]

NO_GROUP = -1
_MAX_IN_GROUP = 256  # distinct texts of one group
_MAX_OUTSIDE = 100_000  # distinct texts in no group
_MAX_TRIES = 4  # texts read at most for each distinct text that is sampled


@dataclass(frozen=True, slots=True)
class TextSamples:
    """Samples of n groups: the `rows` of each in `texts`, and those of the texts in no group.

    All are rows of distinct texts that contain letters.
    """

    texts: Sequence[str]
    rows: list[np.ndarray]
    outside: np.ndarray

    @classmethod
    def of(cls, texts: Sequence[str], group: np.ndarray, count: int) -> Self:
        """Sample texts by the number of the group of each, (n,) below `count`, or `NO_GROUP`."""
        order, starts = _by_group(texts, group, count)
        outside = _distinct(texts, order[: starts[0]], _MAX_OUTSIDE)
        rows = [_distinct(texts, order[a:b], _MAX_IN_GROUP) for a, b in pairwise(starts.tolist())]
        return cls(texts, rows, outside)

    def pieces(self, group: int) -> list[tuple[Piece, ...]]:
        """The pieces of each text in a group's sample."""
        return [tuple(pieces(self.texts[row])) for row in self.rows[group].tolist()]


def _by_group(texts: Sequence[str], group: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """All rows, ordered by group and digest, and where each group begins.

    The rows in no group come first.
    """
    order = np.lexsort((np.fromiter(map(_digest, texts), np.uint64, len(texts)), group))
    return order, np.searchsorted(group[order], np.arange(count + 1))


def _distinct(texts: Sequence[str], rows: np.ndarray, limit: int) -> np.ndarray:
    """The first `limit` rows of distinct texts that contain letters."""
    seen: set[int] = set()
    distinct = []
    for row in rows[: _MAX_TRIES * limit].tolist():
        words = " ".join(piece.text for piece in pieces(texts[row]))
        if words and (digest := _digest(words)) not in seen:
            seen.add(digest)
            distinct.append(row)
            if len(distinct) == limit:
                break
    return np.array(distinct, np.int64)


def _digest(text: str) -> int:
    return int.from_bytes(hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=8).digest())
