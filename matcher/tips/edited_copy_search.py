"""Finds edited copies of known pictures: joins local features, then verifies the proposed pairs.

The features of the known items are joined with those of the case's pictures, in a copy of the
case's own join, so that pairs of the case's own pictures are not compared again. The best few
proposals of each item are verified first, and the rest only if one of these is a copy. A pair that
agrees only in elements of the case (such as an app's bars, which `match` finds) is not a copy.
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
from frametrace.index.distinct_codes import as_digits
from frametrace.index.feature_join.feature_join import Proposals, propose_pairs
from frametrace.index.feature_join.join_folder import copy_join
from frametrace.index.feature_shards import FeatureShards
from frametrace.matcher.photos.elements import MIN_OWN_CELLS, element_cells
from frametrace.matcher.pictures.compare_pairs import (
    FEW_PAIRS,
    comparable_pictures,
    note_crashed,
    pairs_around,
    updated_join,
)
from frametrace.matcher.pictures.compare_worker import load_values, value_files
from frametrace.matcher.pictures.pair_evidence import Evidence
from frametrace.matcher.pictures.picture_values import PictureValues
from frametrace.matcher.pictures.verify_without_pixels import verify_features
from frametrace.matcher.result_schemas import Relation
from frametrace.work.executor import Crashed, Executor
from frametrace.work.process_pool import executor_for
from frametrace.work.progress import Progress, Silent

__all__ = ["EDITED_COPIES", "find_edited_copies"]

# One row per pair of a picture of the case and an item (its row in the material) that share
# content.
EDITED_COPIES = pa.schema(
    [
        ("sha256", pa.string()),
        ("item", pa.int64()),
        ("relation", pa.string()),
        ("similarity", pa.float32()),
        ("inliers", pa.int32()),
        ("mirrored", pa.bool_()),
    ]
)

_ITEMS = "items.parquet"
_ALWAYS_VERIFIED = 12  # proposals per item that are verified unconditionally; not tuned


def find_edited_copies(
    case: Case,
    material: pa.Table,
    pictures: pa.Array | None = None,
    executor: Executor | None = None,
    progress: Progress | None = None,
) -> pa.Table:
    """The pictures of a case that are edited copies of items, in the schema EDITED_COPIES.

    `material` has the columns `local` and `thumbnail`, which hold values of these signals or null;
    an item without a thumbnail is verified by its features alone. `pictures` limits the
    search. There is a row for each item that a picture shows; by default a process per processor.
    """
    progress = progress or Silent()
    items = _Items.of(material)
    if not len(items.row) or not {Local.name, Thumbnail.name} <= case.epoch.signals.keys():
        return EDITED_COPIES.empty_table()
    able, _ = comparable_pictures(case)
    if pictures is not None:
        able = able.filter(pc.is_in(able, value_set=pictures))
    with TemporaryDirectory(prefix="frametrace-tip-") as name:
        folder = Path(name)
        if pictures is None:
            copy_join(updated_join(case, progress), folder / "join", proposals=False)
        proposals = propose_pairs(
            folder / "join",
            FeatureShards(
                [*case.intact_files(signal_table(Local.name)), items.write_shard(folder)]
            ),
            pa.concat_arrays([able, items.digest]),
            progress,
            owners_of=items.is_item,
        )
        able = _proposed_pictures(proposals, items, able)  # only their values are loaded
        queue = _VerificationQueue.of(proposals, items, able)
        with value_files(case, able, folder) as values:
            comparison = _Comparison(folder / _ITEMS, values)
            copies = dict(_verify(queue, _Verification(comparison, executor, progress)))
    return _table(case, copies, items, able)


@dataclass(frozen=True, slots=True)
class _Items:
    """The k items with features: rows in the material, digests made up for the join, and values."""

    row: np.ndarray
    digest: pa.Array
    local: pa.Array
    thumbnail: pa.Array

    @classmethod
    def of(cls, material: pa.Table) -> "_Items":
        local, thumbnail = (material[name].combine_chunks() for name in ("local", "thumbnail"))
        row = np.flatnonzero(local.is_valid().to_numpy(zero_copy_only=False))
        names = [hashlib.sha256(f"item {number}".encode()).hexdigest() for number in row.tolist()]
        return cls(row, pa.array(names, pa.string()), local.take(row), thumbnail.take(row))

    def is_item(self, digests: np.ndarray) -> np.ndarray:
        """1 for the digests of items, 0 for those of pictures."""
        return np.asarray(pc.is_in(as_digits(digests), value_set=self.digest)).astype(np.int64)

    def write_shard(self, folder: Path) -> Path:
        """Write the items as a shard like those of a case."""
        columns = {"sha256": self.digest, "code": self.local, "thumbnail": self.thumbnail}
        pq.write_table(pa.table(columns), folder / _ITEMS, write_page_checksum=True)
        return folder / _ITEMS


class _Copy(NamedTuple):
    """How a picture shows the content of an item; columns of EDITED_COPIES."""

    relation: str
    similarity: float
    inliers: int
    mirrored: bool
    cells: bytes  # cells of the picture that agree, as in `Evidence`


class _Pair(NamedTuple):
    """An item and a picture, by number, and whether the item is mirrored first."""

    item: int
    picture: int
    mirrored: bool


@dataclass(frozen=True, slots=True)
class _VerificationQueue:
    """The proposed pairs: those that are always verified, and the remaining ones by item."""

    always: list[_Pair]
    remaining: dict[int, list[_Pair]]

    @classmethod
    def of(cls, proposals: Proposals, items: _Items, able: pa.Array) -> "_VerificationQueue":
        item_number = pc.index_in(proposals.names, value_set=items.digest)
        picture_number = pc.index_in(proposals.names, value_set=able)
        item, picture = (
            numbers.fill_null(-1).to_numpy(zero_copy_only=False)
            for numbers in (item_number, picture_number)
        )
        a, b = (proposals.rows[name].to_numpy() for name in "ab")
        item_is_b = np.flatnonzero((picture[a] >= 0) & (item[b] >= 0))
        item_is_a = np.flatnonzero((item[a] >= 0) & (picture[b] >= 0))
        rows = np.concatenate([item_is_b, item_is_a])
        pair_items = np.concatenate([item[b[item_is_b]], item[a[item_is_a]]])
        pair_pictures = np.concatenate([picture[a[item_is_b]], picture[b[item_is_a]]])
        score = proposals.rows["score"].to_numpy()[rows]
        order = np.lexsort((pair_pictures, -score, pair_items))
        mirrored = proposals.rows["mirrored"].to_numpy(zero_copy_only=False)[rows]
        pairs = [
            _Pair(int(pair_items[row]), int(pair_pictures[row]), bool(mirrored[row]))
            for row in order.tolist()
        ]
        by_item = {k: list(group) for k, group in groupby(pairs, key=lambda pair: pair.item)}
        always = [pair for group in by_item.values() for pair in group[:_ALWAYS_VERIFIED]]
        remaining = {number: group[_ALWAYS_VERIFIED:] for number, group in by_item.items()}
        return cls(always, remaining)


@dataclass(frozen=True, slots=True)
class _Comparison:
    """The comparison of one pair, run in worker processes; reads items and values from files."""

    items: Path
    values: Path

    def __call__(self, pair: _Pair) -> _Copy | None:
        """How the picture shows the item; None if it doesn't."""
        codes, thumbnails = _read_items(self.items)
        picture = load_values(self.values, pair.picture)
        local, thumbnail = codes[pair.item].as_py(), thumbnails[pair.item].as_py()
        evidence = _verify_pair(local, thumbnail, picture, pair.mirrored)
        if evidence is None or evidence.relation not in (Relation.COPY, Relation.CONTAINS):
            return None
        fewer = max(min(len(Features.of(local)), len(picture.features)), 1)
        # The picture contains the item, or is a part of it.
        is_part = evidence.relation == Relation.CONTAINS and evidence.part_b > evidence.part_a
        return _Copy(
            str(Relation.PART if is_part else evidence.relation),
            min(evidence.inliers / fewer, 1.0),
            evidence.inliers,
            evidence.mirrored,
            evidence.cells_b,
        )


def _verify_pair(
    local: bytes, thumbnail: bytes | None, picture: PictureValues, mirrored: bool
) -> Evidence | None:
    if thumbnail is None:
        return verify_features(Features.of(local), picture, mirrored)
    from frametrace.matcher.pictures.verify_pair import verify

    return verify(PictureValues.of(local, thumbnail), picture, mirrored)


@lru_cache(maxsize=1)
def _read_items(path: Path) -> tuple[pa.Array, pa.Array]:
    """The items' features and thumbnails, read once by each process."""
    table = pq.read_table(path)
    return table["code"].combine_chunks(), table["thumbnail"].combine_chunks()


def _verify(
    queue: _VerificationQueue, verification: "_Verification"
) -> Iterator[tuple[_Pair, _Copy]]:
    """The pairs that are copies. An item with a copy has its remaining pairs verified too."""
    with_copies: set[int] = set()
    for pair, copy in verification.copies(queue.always):
        with_copies.add(pair.item)
        yield pair, copy
    remaining = (queue.remaining.get(item, []) for item in sorted(with_copies))
    yield from verification.copies([pair for pairs in remaining for pair in pairs])


@dataclass(frozen=True, slots=True)
class _Verification:
    """Verifies pairs, in this process or in workers."""

    comparison: _Comparison
    executor: Executor | None
    progress: Progress

    def copies(self, pairs: Sequence[_Pair]) -> Iterator[tuple[_Pair, _Copy]]:
        """The pairs that are copies, in their order."""
        crashed: list[Crashed] = []
        with (
            executor_for(self.executor, len(pairs), few=FEW_PAIRS) as executor,
            self.progress.track("comparing pictures in detail", len(pairs)) as advance,
        ):
            for pair, result in zip(pairs, executor.map(self.comparison, pairs), strict=True):
                advance(1)
                if isinstance(result, Crashed):
                    crashed.append(result)
                elif result is not None:
                    yield pair, result
        note_crashed(crashed, self.progress)


def _proposed_pictures(proposals: Proposals, items: _Items, able: pa.Array) -> pa.Array:
    """The pictures that are in a proposed pair with an item."""
    is_item = pc.is_in(proposals.names, value_set=items.digest).to_numpy(zero_copy_only=False)
    a, b = (proposals.rows[name].to_numpy() for name in "ab")
    partners = np.unique(np.concatenate([a[is_item[b]], b[is_item[a]]]))
    return able.filter(pc.is_in(able, value_set=proposals.names.take(pa.array(partners))))


def _table(case: Case, copies: Mapping[_Pair, _Copy], items: _Items, able: pa.Array) -> pa.Table:
    """One row per picture and item: the orientation with more inliers."""
    best: dict[tuple[str, int], _Copy] = {}
    pictures = pa.array(sorted({able[pair.picture].as_py() for pair in copies}), pa.string())
    elements = element_cells(pairs_around(case, pictures))
    for pair, copy in copies.items():
        sha256 = able[pair.picture].as_py()
        if _is_element(copy.cells, elements.get(sha256)):
            continue
        key = sha256, int(items.row[pair.item])
        if key not in best or copy.inliers > best[key].inliers:
            best[key] = copy
    rows = [
        {"sha256": sha256, "item": item, **copy._asdict()}
        for (sha256, item), copy in sorted(best.items())
    ]
    return pa.Table.from_pylist(rows, EDITED_COPIES)


def _is_element(cells: bytes, elements: np.ndarray | None) -> bool:
    """Whether the agreeing cells are an element, which unrelated pictures of the case share."""
    if elements is None:
        return False
    agreeing = np.unpackbits(np.frombuffer(cells, np.uint8)) > 0
    own = agreeing & ~elements.ravel()
    return bool(own.sum() < MIN_OWN_CELLS * max(int(agreeing.sum()), 1))
