"""Runs Frametrace's own chain: the relation of each pair of pictures, and a ranking of pairs.

Pairs are ranked by relation, then by evidence: PDQ within its limit first, then pairs called `copy`
or `contains` by the number of inliers, then the rest. Pictures with the same bytes are always
copies.
"""

import os
from collections import defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from multiprocessing import get_context
from pathlib import Path
from typing import Protocol, Self

import numpy as np
import pyarrow as pa
from copies.peers import METHODS
from copies.preparing import Prepared

from frametrace.case.schemas import signal_table
from frametrace.case.store import Case
from frametrace.embed.signals.local import Local
from frametrace.embed.signals.thumbnail import Thumbnail
from frametrace.index.feature_search.inverted_index import FeatureIndex
from frametrace.index.index_store import open_index
from frametrace.index.thumbnail_lookup import ThumbnailIndex
from frametrace.matcher.pictures.picture_values import PictureValues
from frametrace.matcher.pictures.verify_pair import verify
from frametrace.matcher.query.by_local_features import pictures_sharing_pixels
from frametrace.matcher.result_schemas import Relation

__all__ = [
    "GROUPING",
    "SURE",
    "UNFOUND",
    "ByIndex",
    "Called",
    "Everything",
    "Partner",
    "Truth",
    "ask",
    "put_features",
]

UNFOUND = np.int16(-999)  # the similarity of pairs that nothing was found of
SURE = 1_000  # of pairs that are called copy or contains: more than any number of inliers
GROUPING = (Relation.COPY, Relation.CONTAINS)
_RELATIONS = (
    None,
    Relation.COPY,
    Relation.CONTAINS,
    Relation.SHARES_ELEMENT,
    Relation.SAME_SCENE,
)

Related = Iterator[tuple[str, Relation, int]]


class Way(Protocol):
    """A way to query: which pictures of the database one is compared with."""

    def __call__(self, kept: Prepared, at: int, digest: str, query: PictureValues) -> Related:
        """Digests of the database, their relation to picture `at` of a set, and inliers."""
        ...


@dataclass(frozen=True, slots=True)
class ByIndex:
    """As `frametrace query` searches a case that holds the database."""

    case: Path

    @classmethod
    def of(cls, kept: Prepared, folder: Path) -> Self:
        """Make such a case, and its indexes, in a folder."""
        digests = kept.digests
        once = pa.array(np.unique(digests.to_numpy(False), return_index=True)[1])
        case = Case.create(folder / "case")
        columns = (column.take(once) for column in (digests, kept.codes, kept.thumbnails))
        case = put_features(case, "all", *columns)
        open_index(case, Local.name)
        open_index(case, Thumbnail.name)
        return cls(case.path)

    def __call__(self, kept: Prepared, at: int, digest: str, query: PictureValues) -> Related:
        """Shortlist, then verify."""
        for hit in pictures_sharing_pixels(*_indexes(self.case), digest, query, ())[0]:
            yield hit.sha256, Relation(hit.relation), hit.inliers or 0


@dataclass(frozen=True, slots=True)
class Truth:
    """Only with the picture that it was made from: verification alone."""

    rows: tuple[int, ...]

    def __call__(self, kept: Prepared, at: int, digest: str, query: PictureValues) -> Related:
        """One picture."""
        return _verified(kept, [self.rows[at]], digest, query)


@dataclass(frozen=True, slots=True)
class Everything:
    """With every picture: finds what an index may miss."""

    def __call__(self, kept: Prepared, at: int, digest: str, query: PictureValues) -> Related:
        """All of them."""
        return _verified(kept, range(len(kept)), digest, query)


@dataclass(frozen=True, slots=True)
class Partner:
    """For pictures in pairs: the first with the second."""

    def __call__(self, kept: Prepared, at: int, digest: str, query: PictureValues) -> Related:
        """The next picture, or nothing."""
        return _verified(kept, [at + 1] if at % 2 == 0 else [], digest, query)


@dataclass(frozen=True, slots=True)
class Called:
    """The relations of m pictures to the n of a database: `inliers` and `relation`, (m, n).

    `relation` counts in the order none, copy, contains, shares_element, same_scene.
    """

    inliers: np.ndarray
    relation: np.ndarray

    def similarity(self) -> np.ndarray:
        """(m, n) int16: by relation, then by inliers; `UNFOUND` if nothing was found."""
        sure = (self.relation == 1) | (self.relation == 2)
        found = self.inliers + SURE * sure
        return np.where(self.relation > 0, found, UNFOUND).astype(np.int16)

    def after_pdq(self, distance: np.ndarray) -> tuple[Self, np.ndarray]:
        """The whole chain and its similarities: pairs within PDQ's limit are copies."""
        limit = METHODS["PDQ"].limit
        near = distance <= limit
        chain = type(self)(self.inliers, np.where(near, np.int8(1), self.relation))
        first = 2 * SURE + limit - distance.astype(np.int16)
        return chain, np.where(near, first, self.similarity()).astype(np.int16)

    def either_way(self) -> Self:
        """For m pictures that are the first m of the database: the better of both directions."""
        m = len(self.inliers)
        inliers, relation = self.inliers.copy(), self.relation.copy()
        better = self.inliers[:, :m] < self.inliers[:, :m].T
        inliers[:, :m][better] = self.inliers[:, :m].T[better]
        relation[:, :m][better] = self.relation[:, :m].T[better]
        return type(self)(inliers, relation)

    def names(self, pairs: np.ndarray) -> list[Relation | None]:
        """The relations of the pairs at (k, 2) rows and columns."""
        return [_RELATIONS[self.relation[row, column]] for row, column in pairs.tolist()]


def ask(queries: Sequence[Prepared], kept: Sequence[Prepared], ways: Sequence[Way]) -> list[Called]:
    """Query each set of pictures in its database, in one process per core."""
    workers = len(os.sched_getaffinity(0))
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        return list(pool.map(_ask, queries, kept, ways))


def put_features(
    case: Case, unit: str, digests: pa.Array, codes: pa.Array, thumbnails: pa.Array | None = None
) -> Case:
    """Put values of the signals into a case; returns the case with them."""
    values = {Local.name: codes}
    if thumbnails is not None:
        values[Thumbnail.name] = thumbnails
    with case.writer() as writer:
        for signal in (Local(), Thumbnail()):
            if signal.name in values:
                writer.describe(signal.name, signal.made_by)
        tables = {
            signal_table(name): pa.table({"sha256": digests, "code": column})
            for name, column in values.items()
        }
        writer.put(unit, tables)
        writer.commit()
    return Case(case.path)


def _ask(queries: Prepared, kept: Prepared, way: Way) -> Called:
    pictures = zip(queries.digests.to_pylist(), _shown(queries), strict=True)
    inliers, relation = np.zeros((2, len(queries), len(kept)), np.int16)
    rows = _database(kept).rows
    for at, (digest, shown) in enumerate(pictures):
        related = way(kept, at, digest, shown)
        same = (digest, Relation.COPY, len(shown.features))  # equal bytes come first
        for other, name, count in (*related, *([same] if digest in rows else [])):
            inliers[at, rows[other]] = count
            relation[at, rows[other]] = _RELATIONS.index(name)
    return Called(inliers, relation.astype(np.int8))


def _verified(kept: Prepared, rows: Sequence[int], digest: str, query: PictureValues) -> Related:
    """Verify always from the smaller digest to the greater, as in matches."""
    database = _database(kept)
    for row in rows:
        name, other = database.digests[row], database.shown[row]
        if found := verify(query, other) if digest < name else verify(other, query):
            yield name, found.relation, found.inliers


class _Database:
    """Pictures and digests, unpacked once, and the rows of each digest."""

    def __init__(self, kept: Prepared) -> None:
        self.digests: list[str] = kept.digests.to_pylist()
        self.shown = _shown(kept)
        self.rows: defaultdict[str, list[int]] = defaultdict(list)
        for row, digest in enumerate(self.digests):
            self.rows[digest].append(row)


@lru_cache(maxsize=1)
def _database(kept: Prepared) -> _Database:
    return _Database(kept)


def _shown(pictures: Prepared) -> list[PictureValues]:
    values = zip(pictures.codes.to_pylist(), pictures.thumbnails.to_pylist(), strict=True)
    return [PictureValues.of(*each) for each in values]


@lru_cache(maxsize=1)
def _indexes(case: Path) -> tuple[FeatureIndex, ThumbnailIndex]:
    features = open_index(Case(case), Local.name, FeatureIndex)
    thumbnails = open_index(Case(case), Thumbnail.name, ThumbnailIndex)
    return features, thumbnails
