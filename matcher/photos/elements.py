"""Elements: what many unrelated pictures share, such as an app's bars, a watermark, a caption bar.

Two pictures that agree in a part and show different photographs share an element. Where a picture
does so with several others, the cells that agree are known to be element and not photo: a copy
whose agreement lies in such cells alone is none, however many points agree there.

Pictures that share an element make a group of their own, which ties nobody.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from scipy.sparse import csr_matrix

from frametrace.embed.signals.local import Local
from frametrace.matcher.photos.assignment import LISTED, SAME_BYTES
from frametrace.matcher.photos.star_clustering import stars
from frametrace.matcher.pictures.evidence import CELLS, GRID
from frametrace.matcher.pictures.verified_pairs import (
    PAIRS,
    Sightings,
    cells_of,
    components,
    pairs_among,
    places_of,
)
from frametrace.matcher.results import EVIDENCE, Relation

__all__ = ["OWN", "Elements", "element_cells", "find_elements"]

_PARTNERS = 2  # unrelated pictures that share a cell with a picture make it one of an element
OWN = 0.15  # of the cells that agree, a copy has at least so many that are of no element
_PLAIN = 0.9  # of the cells that agree, a picture without elements has so many of its own
_MEMBERS = 3  # unrelated pictures that an element is in, at least
_BLOCK = 1 << 16  # pairs whose cells are unpacked at a time: 16 MB
_SURE = 0.8  # parts of both pictures that agree: copies beyond doubt


@dataclass(frozen=True, slots=True)
class Elements:
    """The pairs without copies that only share an element, and where elements are.

    `pairs` is in the schema `PAIRS`. Of k pictures in elements, `picture` are the digests, `medoid`
    those of the pictures that stand for each one's element, and `via` those that tie it there.
    """

    pairs: pa.Table
    picture: pa.StringArray
    medoid: pa.StringArray
    via: pa.StringArray

    @classmethod
    def none(cls) -> Self:
        """Nothing was compared."""
        nothing = pa.array([], pa.string())
        return cls(PAIRS.empty_table(), nothing, nothing, nothing)

    def listed(self) -> pa.Table:
        """The pictures with what ties them to their element, in the schema `LISTED`."""
        names = pc.unique(pa.concat_arrays([self.picture, self.via]))
        picture, via = (
            pc.index_in(side, value_set=names).to_numpy().astype(np.int64)
            for side in (self.picture, self.via)
        )
        seen = Sightings.of(pairs_among(self.pairs, names), names, np.arange(len(names)))
        itself = picture == via
        evidence = seen.seen_from(via, picture, ~itself)
        similarity = seen.similarity(via, picture, ~itself)
        through = pc.if_else(
            pc.equal(self.via, self.medoid), pa.scalar(None, pa.string()), self.via
        )
        columns = {
            "sha256": self.picture,
            "medoid_sha256": self.medoid,
            "via_sha256": through,
            "signal": pc.if_else(pa.array(itself), SAME_BYTES, Local.name),
            "distance": pa.nulls(len(itself), pa.int32()),
            "similarity": pa.array(similarity, pa.float32()),
            **dict(zip(EVIDENCE.names, evidence, strict=True)),
            "relation": pa.repeat(str(Relation.SHARES_ELEMENT), len(itself)),
        }
        return pa.table(columns).select(LISTED.names).cast(LISTED)


def find_elements(pairs: pa.Table) -> Elements:
    """Tell elements from photographs, by pairs of pictures in the schema `PAIRS`."""
    names = _names(pairs)
    if not len(names):
        return Elements(pairs, names, names, names)
    a, b = places_of(pairs, names)
    tied = _is(pairs["relation"], Relation.COPY, Relation.CONTAINS)
    related, apart = _unrelated(pairs, a, b, len(names))
    partners = _partners(a, b, apart, pairs, len(names))
    demoted = tied & _only_elements(a, b, tied, partners, pairs)
    element = str(Relation.SHARES_ELEMENT)  # which has no altered parts
    for name, value in (("relation", element), ("altered", None), ("altered_part", None)):
        at, field = PAIRS.get_field_index(name), PAIRS.field(name)
        column = pc.if_else(pa.array(demoted), pa.scalar(value, field.type), pairs[name])
        pairs = pairs.set_column(at, field, column)
    sharing = apart | demoted
    return Elements(pairs, *_grouped(a, b, sharing, related, names))


def element_cells(pairs: pa.Table) -> dict[str, np.ndarray]:
    """Where pictures show elements, by digest: (16, 16) bool cells; pictures without any lack.

    `pairs` are in the schema `PAIRS`. A photo that stands in several collages is none, where the
    case holds it by itself.
    """
    names = _names(pairs)
    a, b = places_of(pairs, names)
    related, apart = _unrelated(pairs, a, b, len(names))
    row, shared = _partners(a, b, apart, pairs, len(names))
    # A picture that shows nothing of its own is like all of them: it is known by its partners.
    unsure = _is(pairs["relation"], Relation.SHARES_ELEMENT) & (related[a] != related[b]) & ~apart
    known = np.zeros(len(a), bool)
    for at in _blocks(np.flatnonzero(unsure)):
        for side, name in ((a, "cells_a"), (b, "cells_b")):
            known[at] |= _own(_cells(pairs[name], at), shared[row[side[at]]]) < OWN
    row, shared = _partners(a, b, apart | known, pairs, len(names))
    common = (shared >= _PARTNERS) & ~_photos_inside(a, b, pairs, row, shared)
    some = np.flatnonzero(common.any(axis=1)[row])
    cells = common[row[some]].reshape(-1, GRID, GRID)
    return dict(zip(names.take(pa.array(some)).to_pylist(), cells, strict=True))


def _photos_inside(
    a: np.ndarray, b: np.ndarray, pairs: pa.Table, row: np.ndarray, shared: np.ndarray
) -> np.ndarray:
    """The cells of pictures in which another one lies that shows no element, like `shared`."""
    inside = np.zeros(shared.shape, bool)
    holds = _is(pairs["relation"], Relation.CONTAINS)
    is_a = pairs["part_b"].to_numpy() > pairs["part_a"].to_numpy()  # A is the larger picture
    sides = (a, "cells_a"), (b, "cells_b")
    for rows, (outer, ours), (inner, theirs) in (
        (holds & is_a, *sides),
        (holds & ~is_a, *sides[::-1]),
    ):
        for at in _blocks(np.flatnonzero(rows & (row[outer] > 0))):
            plain = at[_own(_cells(pairs[theirs], at), shared[row[inner[at]]]) >= _PLAIN]
            np.logical_or.at(inside, row[outer[plain]], _cells(pairs[ours], plain) > 0)
    return inside


def _names(pairs: pa.Table) -> pa.StringArray:
    sides = [pairs[name].combine_chunks() for name in ("sha256_a", "sha256_b")]
    return pc.unique(pa.concat_arrays(sides))


def _unrelated(
    pairs: pa.Table, a: np.ndarray, b: np.ndarray, count: int
) -> tuple[np.ndarray, np.ndarray]:
    """The set of copies that each picture is in, and which pairs share no more than an element."""
    relation = pairs["relation"]
    parts = np.minimum(pairs["part_a"].to_numpy(), pairs["part_b"].to_numpy())
    sure = _is(relation, Relation.COPY) & (parts >= _SURE)
    related = components(a[sure], b[sure], count)
    apart = _is(relation, Relation.SHARES_ELEMENT) & (related[a] != related[b])
    return related, apart & ~pairs["same_photograph"].to_numpy(zero_copy_only=False)


def _is(relation: pa.ChunkedArray, *wanted: Relation) -> np.ndarray:
    found = pc.is_in(relation, value_set=pa.array([str(one) for one in wanted]))
    return np.asarray(found.to_numpy())


def _partners(
    a: np.ndarray, b: np.ndarray, apart: np.ndarray, pairs: pa.Table, count: int
) -> tuple[np.ndarray, np.ndarray]:
    """Each picture's row, and by how many unrelated partners its cells are shared: (m, 256)."""
    row = np.zeros(count, np.int64)  # of the pictures without partners, a row of zeros
    some = np.union1d(a[apart], b[apart])
    row[some] = 1 + np.arange(len(some))
    shared = np.zeros((1 + len(some), CELLS), np.uint16)
    for at in _blocks(np.flatnonzero(apart)):
        for side, name in ((a, "cells_a"), (b, "cells_b")):
            np.add.at(shared, row[side[at]], _cells(pairs[name], at))
    return row, shared


def _only_elements(
    a: np.ndarray,
    b: np.ndarray,
    tied: np.ndarray,
    partners: tuple[np.ndarray, np.ndarray],
    pairs: pa.Table,
) -> np.ndarray:
    """Which pairs agree in cells of elements alone, in both pictures, (m,) bool."""
    only = tied.copy()
    row, shared = partners
    common = shared.max(axis=1) >= _PARTNERS
    only &= common[row[a]] & common[row[b]]
    asked = np.flatnonzero(only)
    for at in _blocks(asked):
        for side, name in ((a, "cells_a"), (b, "cells_b")):
            only[at] &= _own(_cells(pairs[name], at), shared[row[side[at]]]) < OWN
    return only


def _own(cells: np.ndarray, shared: np.ndarray) -> np.ndarray:
    """The part of each row of cells, (k, 256), that too few partners share to be an element."""
    own = (cells * (shared < _PARTNERS)).sum(axis=1)
    return np.asarray(own / np.maximum(cells.sum(axis=1), 1))


def _grouped(
    a: np.ndarray, b: np.ndarray, sharing: np.ndarray, related: np.ndarray, names: pa.StringArray
) -> tuple[pa.StringArray, pa.StringArray, pa.StringArray]:
    """Pictures around those that share an element with most, where enough of them are unrelated."""
    count = len(names)
    x, y = a[sharing], b[sharing]
    half = csr_matrix((np.ones(len(x), np.float32), (x, y)), (count, count))
    cut = stars(half + half.T, np.ones(count, np.int64))
    order = np.lexsort((related, cut.medoid))
    key = cut.medoid[order] * count + related[order]
    distinct = np.zeros(count, np.int64)
    np.add.at(distinct, cut.medoid[order][np.flatnonzero(np.diff(key, prepend=-1))], 1)
    kept = np.flatnonzero(distinct[cut.medoid] >= _MEMBERS)
    return (
        names.take(pa.array(kept)),
        names.take(pa.array(cut.medoid[kept])),
        names.take(pa.array(cut.via[kept])),
    )


def _cells(column: pa.ChunkedArray, at: np.ndarray) -> np.ndarray:
    """(k, 256) uint8 of some rows."""
    return cells_of(column.take(pa.array(at))).astype(np.uint8)


def _blocks(rows: np.ndarray) -> list[np.ndarray]:
    return [rows[start : start + _BLOCK] for start in range(0, len(rows), _BLOCK)]
