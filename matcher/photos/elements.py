"""Finds elements that unrelated pictures share, such as an app's bars, a watermark, a caption bar.

Two pictures that agree in a part but show different photographs share an element. If a picture
shares one with several others, the cells that agree show an element and not a photo: a pair that
agrees only in such cells is not a pair of copies, however many features agree there.

Pictures that share an element form a group of their own, which never ties accounts.
"""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from scipy.sparse import csr_matrix

from frametrace.embed.signals.local import Local
from frametrace.matcher.photos.group_assignment import LISTED, SAME_BYTES
from frametrace.matcher.photos.match_graph import components
from frametrace.matcher.photos.node_pairs import NodePairs
from frametrace.matcher.photos.star_clustering import star_clusters
from frametrace.matcher.pictures.pair_evidence import CELLS, GRID
from frametrace.matcher.pictures.verified_pair_table import (
    PAIRS,
    cells_of,
    pairs_among,
    pictures_in,
    positions_in,
)
from frametrace.matcher.result_schemas import EVIDENCE, Relation

__all__ = ["MIN_OWN_CELLS", "Elements", "element_cells", "find_elements"]

_MIN_PARTNERS = 2  # unrelated pictures that agree with a picture in a cell that shows an element
MIN_OWN_CELLS = 0.15  # least part of the agreeing cells that show no element, in copies
_ELEMENT_FREE = 0.9  # the same part, in a picture that counts as one without elements
_MIN_MEMBERS = 3  # unrelated pictures that an element is in
_BLOCK = 1 << 16  # pairs whose cells are unpacked at a time: 16 MB
_SURE = 0.8  # part of both pictures that agrees in copies beyond doubt


@dataclass(frozen=True, slots=True)
class Elements:
    """The verified pairs, corrected for elements, and the pictures that share elements.

    `pairs` is in the schema `PAIRS`: pairs that only share an element are no longer copies in it.
    `picture` holds the digests of the k pictures with elements, `medoid` the digests of the
    pictures that represent their elements, and `via` those of the pictures that tie them there.
    """

    pairs: pa.Table
    picture: pa.StringArray
    medoid: pa.StringArray
    via: pa.StringArray

    def listed(self) -> pa.Table:
        """The pictures and what ties each to its element, in the schema `LISTED`."""
        names = pc.unique(pa.concat_arrays([self.picture, self.via]))
        picture, via = (
            pc.index_in(side, value_set=names).to_numpy().astype(np.int64)
            for side in (self.picture, self.via)
        )
        pairs = NodePairs.of(pairs_among(self.pairs, names), names)
        itself = picture == via
        evidence = pairs.seen_from(via, picture, ~itself)
        similarity = pairs.similarity(via, picture, ~itself)
        is_medoid = pc.equal(self.via, self.medoid)
        via_sha256 = pc.if_else(is_medoid, pa.scalar(None, pa.string()), self.via)
        columns = {
            "sha256": self.picture,
            "medoid_sha256": self.medoid,
            "via_sha256": via_sha256,
            "signal": pc.if_else(pa.array(itself), SAME_BYTES, Local.name),
            "distance": pa.nulls(len(itself), pa.int32()),
            "similarity": pa.array(similarity, pa.float32()),
            **dict(zip(EVIDENCE.names, evidence, strict=True)),
            "relation": pa.repeat(str(Relation.SHARES_ELEMENT), len(itself)),
        }
        return pa.table(columns).select(LISTED.names).cast(LISTED)


def find_elements(pairs: pa.Table) -> Elements:
    """Distinguish elements from photographs in verified pairs, in the schema `PAIRS`."""
    names = pictures_in(pairs)
    if not len(names):
        return Elements(pairs, names, names, names)
    a, b = positions_in(pairs, names)
    tied = _is(pairs["relation"], Relation.COPY, Relation.CONTAINS)
    related, sharing = _unrelated(pairs, a, b, len(names))
    partners = _partners(a, b, sharing, pairs, len(names))
    demoted = tied & _only_elements(a, b, tied, partners, pairs)
    element = str(Relation.SHARES_ELEMENT)  # which has no altered parts
    for name, value in (("relation", element), ("altered", None), ("altered_part", None)):
        at, field = PAIRS.get_field_index(name), PAIRS.field(name)
        column = pc.if_else(pa.array(demoted), pa.scalar(value, field.type), pairs[name])
        pairs = pairs.set_column(at, field, column)
    return Elements(pairs, *_grouped(a, b, sharing | demoted, related, names))


def element_cells(pairs: pa.Table) -> dict[str, np.ndarray]:
    """The (16, 16) bool cells in which pictures show elements, by digest, for pictures with any.

    `pairs` are in the schema `PAIRS`. A photo in several collages is not an element if the case
    also holds it by itself.
    """
    names = pictures_in(pairs)
    a, b = positions_in(pairs, names)
    related, sharing = _unrelated(pairs, a, b, len(names))
    row, shared = _partners(a, b, sharing, pairs, len(names))
    # A picture that shows only elements agrees with all others that have them, in their cells.
    unsure = _is(pairs["relation"], Relation.SHARES_ELEMENT) & (related[a] != related[b]) & ~sharing
    revealed = np.zeros(len(a), bool)
    for at in _blocks(np.flatnonzero(unsure)):
        for side, name in ((a, "cells_a"), (b, "cells_b")):
            own = _own_part(_cells(pairs[name], at), shared[row[side[at]]])
            revealed[at] |= own < MIN_OWN_CELLS
    row, shared = _partners(a, b, sharing | revealed, pairs, len(names))
    common = (shared >= _MIN_PARTNERS) & ~_photos_inside(a, b, pairs, row, shared)
    with_element = np.flatnonzero(common.any(axis=1)[row])
    cells = common[row[with_element]].reshape(-1, GRID, GRID)
    return dict(zip(names.take(pa.array(with_element)).to_pylist(), cells, strict=True))


def _photos_inside(
    a: np.ndarray, b: np.ndarray, pairs: pa.Table, row: np.ndarray, shared: np.ndarray
) -> np.ndarray:
    """The cells in which pictures contain one without elements, shaped like `shared`."""
    inside = np.zeros(shared.shape, bool)
    holds = _is(pairs["relation"], Relation.CONTAINS)
    is_a = pairs["part_b"].to_numpy() > pairs["part_a"].to_numpy()  # A is the larger picture
    sides = (a, "cells_a"), (b, "cells_b")
    for rows, (outer, outer_cells), (inner, inner_cells) in (
        (holds & is_a, *sides),
        (holds & ~is_a, *sides[::-1]),
    ):
        for at in _blocks(np.flatnonzero(rows & (row[outer] > 0))):
            own = _own_part(_cells(pairs[inner_cells], at), shared[row[inner[at]]])
            plain = at[own >= _ELEMENT_FREE]
            cells = _cells(pairs[outer_cells], plain)
            np.logical_or.at(inside, row[outer[plain]], cells > 0)
    return inside


def _unrelated(
    pairs: pa.Table, a: np.ndarray, b: np.ndarray, count: int
) -> tuple[np.ndarray, np.ndarray]:
    """Each picture's component of sure copies, and which pairs share only an element."""
    relation = pairs["relation"]
    parts = np.minimum(pairs["part_a"].to_numpy(), pairs["part_b"].to_numpy())
    sure = _is(relation, Relation.COPY) & (parts >= _SURE)
    related = components(a[sure], b[sure], count)
    sharing = _is(relation, Relation.SHARES_ELEMENT) & (related[a] != related[b])
    return related, sharing & ~pairs["same_photograph"].to_numpy(zero_copy_only=False)


def _is(relation: pa.ChunkedArray, *wanted: Relation) -> np.ndarray:
    wanted_names = pa.array([str(name) for name in wanted])
    return np.asarray(pc.is_in(relation, value_set=wanted_names).to_numpy())


def _partners(
    a: np.ndarray, b: np.ndarray, sharing: np.ndarray, pairs: pa.Table, count: int
) -> tuple[np.ndarray, np.ndarray]:
    """Each picture's row in a table, (m, 256), of how many unrelated partners share each cell."""
    row = np.zeros(count, np.int64)  # row 0, all zeros, is that of pictures without partners
    with_partners = np.union1d(a[sharing], b[sharing])
    row[with_partners] = 1 + np.arange(len(with_partners))
    shared = np.zeros((1 + len(with_partners), CELLS), np.uint16)
    for at in _blocks(np.flatnonzero(sharing)):
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
    """Which pairs agree only in cells that show elements, in both pictures, (m,) bool."""
    only = tied.copy()
    row, shared = partners
    common = shared.max(axis=1) >= _MIN_PARTNERS
    only &= common[row[a]] & common[row[b]]
    for at in _blocks(np.flatnonzero(only)):
        for side, name in ((a, "cells_a"), (b, "cells_b")):
            only[at] &= _own_part(_cells(pairs[name], at), shared[row[side[at]]]) < MIN_OWN_CELLS
    return only


def _own_part(cells: np.ndarray, shared: np.ndarray) -> np.ndarray:
    """The part of each row of agreeing cells, (k, 256), that shows no element."""
    own = (cells * (shared < _MIN_PARTNERS)).sum(axis=1)
    return np.asarray(own / np.maximum(cells.sum(axis=1), 1))


def _grouped(
    a: np.ndarray, b: np.ndarray, sharing: np.ndarray, related: np.ndarray, names: pa.StringArray
) -> tuple[pa.StringArray, pa.StringArray, pa.StringArray]:
    """Star clusters of pictures that share an element, if enough of their members are unrelated."""
    count = len(names)
    x, y = a[sharing], b[sharing]
    half = csr_matrix((np.ones(len(x), np.float32), (x, y)), (count, count))
    stars = star_clusters(half + half.T, np.ones(count, np.int64))
    order = np.lexsort((related, stars.medoid))
    key = stars.medoid[order] * count + related[order]
    unrelated = np.zeros(count, np.int64)
    np.add.at(unrelated, stars.medoid[order][np.flatnonzero(np.diff(key, prepend=-1))], 1)
    kept = np.flatnonzero(unrelated[stars.medoid] >= _MIN_MEMBERS)
    return (
        names.take(pa.array(kept)),
        names.take(pa.array(stars.medoid[kept])),
        names.take(pa.array(stars.via[kept])),
    )


def _cells(column: pa.ChunkedArray, at: np.ndarray) -> np.ndarray:
    """The cells of some rows, (k, 256) uint8."""
    return cells_of(column.take(pa.array(at))).astype(np.uint8)


def _blocks(rows: np.ndarray) -> list[np.ndarray]:
    return [rows[start : start + _BLOCK] for start in range(0, len(rows), _BLOCK)]
