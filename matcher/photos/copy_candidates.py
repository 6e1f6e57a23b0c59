"""Proposes pairs of pictures that are near by `copy`, for local features and pixels to verify.

The join of local features finds most edited copies. A copy descriptor may find others, of which
few features are left. It only proposes: the same comparison as for every other pair decides.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from frametrace.case.store import Case
from frametrace.embed.signals.copy import Copy
from frametrace.index.base import CodeIndex, Hits
from frametrace.index.index_store import open_index
from frametrace.matcher.photos.match_graph import components
from frametrace.matcher.pictures.pairs_to_compare import PairsToCompare
from frametrace.matcher.pictures.verified_pair_table import pairs_among, positions_in
from frametrace.matcher.result_schemas import Relation
from frametrace.work.progress import Progress

__all__ = ["CopyNeighbours"]

_NEIGHBOURS = 50  # that are searched for each picture: the recall of the index is measured with 50
_PARTNERS = 4  # of them to compare a picture with, as in the first round of the feature join
_BLOCK = 1024  # vectors that are searched at once: 50,000 similarities


@dataclass(frozen=True, slots=True)
class CopyNeighbours:
    """The pairs of some pictures whose vectors have at least the cosine of `Copy.bound`.

    `a` and `b` are positions in `pictures` (digests), (m,) int64; `similarity` (m,) float32 is
    their cosine. Of pictures with equal vectors, one stands for the others, and they are paired
    with it.
    """

    pictures: pa.StringArray
    a: np.ndarray
    b: np.ndarray
    similarity: np.ndarray

    @classmethod
    def of(cls, case: Case, pictures: pa.StringArray, progress: Progress) -> Self:
        """Search the case's vectors; there are no pairs if it has none.

        Raises `CaseError` or `IndexMismatch` if the index can't be written or read.
        """
        none = np.zeros(0, np.int64)
        if Copy.name not in case.epoch.signals:
            return cls(pictures, none, none, none.astype(np.float32))
        index = open_index(case, Copy.name, CodeIndex, progress)
        position = pc.index_in(index.codes.digests(), value_set=pictures)
        is_wanted = position.is_valid().to_numpy(zero_copy_only=False)
        picture = position.drop_null().to_numpy().astype(np.int64)
        rows, first, which = np.unique(
            index.codes.rows_of_items()[is_wanted], return_index=True, return_inverse=True
        )
        hits = _near(index, rows, progress)
        a, b = (picture[first][np.searchsorted(rows, side)] for side in (hits.query, hits.row))
        equal = picture[first][which]  # the picture that stands for each
        similarity = np.concatenate([hits.value, np.ones(len(picture), np.float32)])
        return cls(pictures, np.concatenate([a, picture]), np.concatenate([b, equal]), similarity)

    def candidates(self, known: pa.Table) -> PairsToCompare:
        """Each picture with its nearest few that no copies tie it to.

        `known` are the verified pairs so far, in the schema `PAIRS`. When they tie more pictures,
        the next nearest are candidates.
        """
        is_copy = pc.equal(known["relation"], str(Relation.COPY))
        ties = positions_in(pairs_among(known.filter(is_copy), self.pictures), self.pictures)
        component = components(*ties, len(self.pictures))
        untied = component[self.a] != component[self.b]
        a, b = _nearest_few(self.a[untied], self.b[untied], self.similarity[untied])
        names = (self.pictures.take(pa.array(side)) for side in (a, b))
        return PairsToCompare.of(*names)


def _near(index: CodeIndex, rows: np.ndarray, progress: Progress) -> Hits:
    """The pairs of different rows, both among `rows`, that are near; in both directions."""
    assert Copy.bound is not None
    parts = []
    with progress.track("searching near copies", len(rows)) as advance:
        for start in range(0, len(rows), _BLOCK):
            block = rows[start : start + _BLOCK]
            hits = index.search(index.codes.codes[block], Copy.bound.value, _NEIGHBOURS)
            parts.append(Hits(block[hits.query], hits.row, hits.value))
            advance(len(block))
    hits = Hits.concatenate(parts, np.float32)
    return hits.where(np.isin(hits.row, rows) & (hits.query != hits.row))


def _nearest_few(
    a: np.ndarray, b: np.ndarray, similarity: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The nearest few partners `b` of each picture `a`; equally near ones by their position."""
    order = np.lexsort((b, -similarity, a))
    starts = np.flatnonzero(np.diff(a[order], prepend=-1))
    rank = np.arange(len(order)) - np.repeat(starts, np.diff(np.append(starts, len(order))))
    chosen = order[rank < _PARTNERS]
    return a[chosen], b[chosen]
