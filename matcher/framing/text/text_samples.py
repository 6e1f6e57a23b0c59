"""Samples the distinct texts of each group, so that copy-pasted texts count once.

A text that was pasted 500 times counts once, whatever links, mentions and emoji came with it. Up to
256 distinct texts of each group are sampled, and 100,000 of the texts in no group. They are chosen
by their digests, so that the order of the input doesn't matter.

Every text is split into terms once, and only their hashes are kept: the words of a million texts
would take gigabytes.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import repeat
from typing import TYPE_CHECKING, Self

import numpy as np

from frametrace.embed.text.tokenize import Piece, pieces, terms_of
from frametrace.matcher.framing.text.hashed_terms import hashed
from frametrace.work.progress import Advance, uncounted

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

__all__ = ["NO_GROUP", "TextSamples"]

NO_GROUP = -1
_MAX_IN_GROUP = 256  # distinct texts of one group
_MAX_OUTSIDE = 100_000  # distinct texts in no group
_MAX_TRIES = 4  # texts read at most for each distinct text that is sampled


@dataclass(frozen=True, slots=True)
class TextSamples:
    """Samples of n groups: the `rows` of each in `texts`, and those of the texts in no group.

    All are rows of distinct texts that contain letters. `terms` are the hashed terms of the sampled
    texts: first of those in no group, then group by group.
    """

    texts: Sequence[str]
    rows: list[np.ndarray]
    outside: np.ndarray
    terms: "csr_matrix"

    @classmethod
    def of(
        cls,
        texts: Sequence[str],
        group: np.ndarray,
        count: int,
        advance: Advance = uncounted,
    ) -> Self:
        """Sample texts by the number of the group of each, (n,) below `count`, or `NO_GROUP`.

        `advance` receives how many more texts are done.
        """
        order, starts = _by_group(texts, group, count)
        classes = np.split(order, starts)
        limits = [_MAX_OUTSIDE, *repeat(_MAX_IN_GROUP, count)]
        sampled: list[list[int]] = [[] for _ in classes]

        def terms() -> Iterator[Iterator[str]]:
            for rows, chosen, limit in zip(classes, sampled, limits, strict=True):
                for row, words in _distinct(texts, rows, limit):
                    chosen.append(row)
                    yield terms_of(words)
                    advance(1)
                advance(len(rows) - len(chosen))

        hashes = hashed(terms())
        outside, *in_groups = (np.array(rows, np.int64) for rows in sampled)
        return cls(texts, in_groups, outside, hashes)

    def pieces(self, group: int) -> list[tuple[Piece, ...]]:
        """The pieces of each text in a group's sample."""
        return [tuple(pieces(self.texts[row])) for row in self.rows[group].tolist()]


def _by_group(texts: Sequence[str], group: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """All rows, ordered by group and digest, and where each group begins.

    The rows in no group come first.
    """
    order = np.lexsort((np.fromiter(map(_digest, texts), np.uint64, len(texts)), group))
    return order, np.searchsorted(group[order], np.arange(count))


def _distinct(
    texts: Sequence[str], rows: np.ndarray, limit: int
) -> Iterator[tuple[int, Sequence[Piece]]]:
    """The first `limit` rows of distinct texts that contain letters, and the pieces of each."""
    seen: set[int] = set()
    for row in rows[: _MAX_TRIES * limit].tolist():
        found = tuple(pieces(texts[row]))
        digest = _digest(" ".join(piece.text for piece in found))
        if found and digest not in seen:
            seen.add(digest)
            yield row, found
            if len(seen) == limit:
                break


def _digest(text: str) -> int:
    return int.from_bytes(hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=8).digest())
