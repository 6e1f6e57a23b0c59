"""Edited copies of a tip's pictures: proposed by a join of local features, then verified.

Features of the tip's items are joined with those of the case's pictures, in a copy of the case's
own join: pairs of two of its pictures are not looked for. Of each item the best few proposals are
verified, and where one of them holds, all others. What agrees in elements of the case alone (its
app's bars, as far as it was matched) is none.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from frametrace.case.schemas import signal_table
from frametrace.case.store import Case
from frametrace.embed.signals.local import Features, Local
from frametrace.embed.signals.thumbnail import Thumbnail
from frametrace.index.feature_join.feature_join import Proposals, propose_pairs
from frametrace.index.feature_join.join_folder import copy_join
from frametrace.index.feature_shards import FeatureShards
from frametrace.matcher.photos.elements import OWN, element_cells
from frametrace.matcher.pictures.compare_pairs import shown_of, values_of
from frametrace.matcher.pictures.edited_copies import FEW_PAIRS, able_pictures, joined, pairs_found
from frametrace.matcher.pictures.evidence import Evidence
from frametrace.matcher.pictures.feature_check import verify_described
from frametrace.matcher.pictures.picture_values import Shown
from frametrace.matcher.results import Relation
from frametrace.work.executor import Crashed, Executor
from frametrace.work.process_pool import executor_for
from frametrace.work.progress import Progress, Silent

__all__ = ["EDITED", "edited_copies"]

# One row per picture of the case that shows what an item does: `item` is its row in the material.
EDITED = pa.schema(
    [
        ("sha256", pa.string()),
        ("item", pa.int64()),
        ("relation", pa.string()),
        ("similarity", pa.float32()),
        ("inliers", pa.int32()),
        ("mirrored", pa.bool_()),
    ]
)

_FIRST = 12  # proposals of an item that are verified whatever comes of them; not tuned


def edited_copies(
    case: Case,
    material: pa.Table,
    pictures: pa.Array | None = None,
    executor: Executor | None = None,
    progress: Progress | None = None,
) -> pa.Table:
    """The pictures of a case that are edited copies of items, in the schema `EDITED`.

    `material` has the columns `local` and `thumbnail`, both values of these signals or null: an
    item without a thumbnail is verified by its features alone. `pictures` narrows the case to some.
    A picture comes once for each item that it shows. Without an executor, pictures are compared by
    a process for each processor.
    """
    progress = progress or Silent()
    items = _Items.of(material)
    if not len(items.row) or not {Local.name, Thumbnail.name} <= case.epoch.signals.keys():
        return EDITED.empty_table()
    able, _ = able_pictures(case)
    if pictures is not None:
        able = able.filter(pc.is_in(able, value_set=pictures))
    with TemporaryDirectory(prefix="frametrace-tip-") as name:
        folder = Path(name)
        if pictures is None:
            copy_join(joined(case, progress), folder / "join", proposals=False)
        proposals = propose_pairs(
            folder / "join",
            FeatureShards([*case.files(signal_table(Local.name)), items.written(folder)]),
            pa.concat_arrays([able, items.digest]),
            progress,
        )
        able = _paired(proposals, items, able)  # values of others need not be held
        asked = _Asked.of(proposals, items, able)
        with values_of(case, able, folder) as values:
            comparing = _Comparing(folder / _ITEMS, values)
            found = dict(_verified(asked, _Verification(comparing, executor, progress)))
    return _table(case, found, items, able)


_ITEMS = "items.parquet"


@dataclass(frozen=True, slots=True)
class _Items:
    """The k items that have features: their rows in the material, names of their own, and values.

    A name is no picture's digest, however the features came about.
    """

    row: np.ndarray
    digest: pa.Array
    local: pa.Array
    thumbnail: pa.Array

    @classmethod
    def of(cls, material: pa.Table) -> "_Items":
        local, thumbnail = (material[name].combine_chunks() for name in ("local", "thumbnail"))
        row = np.flatnonzero(local.is_valid().to_numpy(zero_copy_only=False))
        at = pa.array(row)
        names = [hashlib.sha256(f"item {number}".encode()).hexdigest() for number in row.tolist()]
        return cls(row, pa.array(names, pa.string()), local.take(at), thumbnail.take(at))

    def written(self, folder: Path) -> Path:
        """A shard of them, like those of a case."""
        columns = {"sha256": self.digest, "code": self.local, "thumbnail": self.thumbnail}
        pq.write_table(pa.table(columns), folder / _ITEMS, write_page_checksum=True)
        return folder / _ITEMS


class _Shows(NamedTuple):
    """How a picture shows what an item does: as in `EDITED`."""

    relation: str
    similarity: float
    inliers: int
    mirrored: bool
    cells: bytes  # of the picture in which they agree, as in `Evidence`


class _Pair(NamedTuple):
    """An item and a picture by their numbers, and which orientation of the item is tried."""

    item: int
    picture: int
    mirrored: bool


@dataclass(frozen=True, slots=True)
class _Asked:
    """The proposed pairs: those to be verified first, and the others, by item."""

    first: list[_Pair]
    rest: dict[int, list[_Pair]]

    @classmethod
    def of(cls, proposals: Proposals, items: _Items, able: pa.Array) -> "_Asked":
        of_item = pc.index_in(proposals.names, value_set=items.digest)
        of_picture = pc.index_in(proposals.names, value_set=able)
        item, picture = (
            side.fill_null(-1).to_numpy(zero_copy_only=False) for side in (of_item, of_picture)
        )
        a, b = (proposals.rows[name].to_numpy() for name in "ab")
        # A pair is one of (a, b), whichever of them is the item.
        kept = np.flatnonzero((picture[a] >= 0) & (item[b] >= 0))
        other = np.flatnonzero((item[a] >= 0) & (picture[b] >= 0))
        at = np.concatenate([kept, other])
        items_of = np.concatenate([item[b[kept]], item[a[other]]])
        pictures_of = np.concatenate([picture[a[kept]], picture[b[other]]])
        score = proposals.rows["score"].to_numpy()[at]
        order = np.lexsort((pictures_of, -score, items_of))
        mirrored = proposals.rows["mirrored"].to_numpy(zero_copy_only=False)[at]
        pairs = [
            _Pair(int(items_of[row]), int(pictures_of[row]), bool(mirrored[row]))
            for row in order.tolist()
        ]
        by_item = {k: list(group) for k, group in groupby(pairs, key=lambda pair: pair.item)}
        first = [pair for group in by_item.values() for pair in group[:_FIRST]]
        rest = {number: group[_FIRST:] for number, group in by_item.items()}
        return cls(first, rest)


@dataclass(frozen=True, slots=True)
class _Comparing:
    """The comparison, for a worker process: files of the items and of the pictures' values."""

    items: Path
    values: Path

    def __call__(self, pair: _Pair) -> _Shows | None:
        """How they show the same; None where they don't."""
        codes, thumbnails = _opened(self.items)
        picture = shown_of(self.values, pair.picture)
        local, thumbnail = codes[pair.item].as_py(), thumbnails[pair.item].as_py()
        found = _compared(local, thumbnail, picture, pair.mirrored)
        if found is None or found.relation not in (Relation.COPY, Relation.CONTAINS):
            return None
        fewer = max(min(len(Features.of(local)), len(picture.features)), 1)
        # Seen from the item: a picture that it lies in contains it, else it is a part.
        is_part = found.relation == Relation.CONTAINS and found.part_b > found.part_a
        return _Shows(
            str(Relation.PART if is_part else found.relation),
            min(found.inliers / fewer, 1.0),
            found.inliers,
            found.mirrored,
            found.cells_b,
        )


def _compared(
    local: bytes, thumbnail: bytes | None, picture: Shown, mirrored: bool
) -> Evidence | None:
    if thumbnail is None:
        return verify_described(Features.of(local), picture, mirrored)
    from frametrace.matcher.pictures.verify import verify

    return verify(Shown.of(local, thumbnail), picture, mirrored)


@lru_cache(maxsize=1)
def _opened(path: Path) -> tuple[pa.Array, pa.Array]:
    """The items' features and thumbnails, read once by each process."""
    table = pq.read_table(path)
    return table["code"].combine_chunks(), table["thumbnail"].combine_chunks()


def _verified(asked: _Asked, compared: "_Verification") -> Iterator[tuple[_Pair, _Shows]]:
    """The pairs that hold, and how: of an item with one among the first, the rest is tried too."""
    holding: set[int] = set()
    for pair, row in compared.of(asked.first):
        holding.add(pair.item)
        yield pair, row
    yield from compared.of([pair for item in sorted(holding) for pair in asked.rest.get(item, [])])


@dataclass(frozen=True, slots=True)
class _Verification:
    """How pairs are compared: here, or by processes."""

    comparing: _Comparing
    executor: Executor | None
    progress: Progress

    def of(self, pairs: Sequence[_Pair]) -> Iterator[tuple[_Pair, _Shows]]:
        """Those pairs that hold, in their order."""
        crashed = 0
        with (
            executor_for(self.executor, len(pairs), few=FEW_PAIRS) as executor,
            self.progress.track("comparing pictures in detail", len(pairs)) as advance,
        ):
            for pair, row in zip(pairs, executor.map(self.comparing, pairs), strict=True):
                advance(1)
                if isinstance(row, Crashed):
                    crashed += 1
                elif row is not None:
                    yield pair, row
        if crashed:
            self.progress.note(
                f"{crashed:,} pairs of pictures could not be compared: a process ended over each"
            )


def _paired(proposals: Proposals, items: _Items, able: pa.Array) -> pa.Array:
    """Those pictures that a pair with an item is proposed for."""
    is_item = pc.is_in(proposals.names, value_set=items.digest).to_numpy(zero_copy_only=False)
    a, b = (proposals.rows[name].to_numpy() for name in "ab")
    other = np.concatenate([a[is_item[b]], b[is_item[a]]])
    return able.filter(pc.is_in(able, value_set=proposals.names.take(pa.array(np.unique(other)))))


def _table(case: Case, found: Mapping[_Pair, _Shows], items: _Items, able: pa.Array) -> pa.Table:
    """One row per picture and item: of both orientations that of more inliers."""
    best: dict[tuple[str, int], _Shows] = {}
    shown = pa.array(sorted({able[pair.picture].as_py() for pair in found}), pa.string())
    elements = element_cells(pairs_found(case, shown))
    for pair, row in found.items():
        sha256 = able[pair.picture].as_py()
        if _is_element(row.cells, elements.get(sha256)):
            continue
        key = sha256, int(items.row[pair.item])
        if key not in best or row.inliers > best[key].inliers:
            best[key] = row
    rows = [
        {"sha256": sha256, "item": item, **row._asdict()}
        for (sha256, item), row in sorted(best.items())
    ]
    return pa.Table.from_pylist(rows, EDITED)


def _is_element(cells: bytes, elements: np.ndarray | None) -> bool:
    """Whether what agrees is what unrelated pictures of the case show as well."""
    if elements is None:
        return False
    agreeing = np.unpackbits(np.frombuffer(cells, np.uint8)) > 0
    own = agreeing & ~elements.ravel()
    return bool(own.sum() < OWN * max(int(agreeing.sum()), 1))
