"""Finds which frames of a case's videos, and which of its pictures, show known material.

Every pair counts, not only the nearest: which of them agree in time decides what is an echo.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from frametrace.case.schemas import signal_table
from frametrace.case.store import Case
from frametrace.case.with_frames import WithFrames, has_videos
from frametrace.embed.signals.local import Local
from frametrace.embed.signals.pdq import BITS, Pdq
from frametrace.index.base import Hits
from frametrace.index.distinct_codes import Codes, as_keys
from frametrace.index.hamming.hamming_join import HammingJoin
from frametrace.index.ranges import expand_ranges
from frametrace.matcher.result_schemas import Relation
from frametrace.matcher.tips.echoes_by_hash import hash_index, known_codes
from frametrace.matcher.tips.known_material import EchoSettings
from frametrace.work.executor import Executor
from frametrace.work.progress import Progress, Silent

__all__ = ["FRAME_MATCHES", "Search", "edited_copies", "matching_frames"]

# One row per frame or picture of the case, row of the known material that it shows, and signal.
# `mirrored` and `inliers` are null for hashes.
FRAME_MATCHES = pa.schema(
    [
        ("sha256", pa.string()),
        ("item", pa.int64()),
        ("signal", pa.string()),
        ("distance", pa.int32()),
        ("similarity", pa.float32()),
        ("relation", pa.string()),
        ("mirrored", pa.bool_()),
        ("inliers", pa.int32()),
    ]
)

_MAX_SAME = 100  # known frames with one hash that are compared; more are as good as none
_MAX_PAIRS = 2_000_000  # by hashes, in one search: 160 MB
_BLOCK = 4096  # pairs of distinct hashes that are expanded to pairs of frames at a time


@dataclass(frozen=True, slots=True)
class Search:
    """How a case is searched: the settings, where the work runs, and who hears of it."""

    settings: EchoSettings
    executor: Executor | None = None
    progress: Progress | None = None


def matching_frames(
    case: Case, material: pa.Table, search: Search, items: pa.Array | None = None
) -> pa.Table:
    """The frames of the case's videos that show known pictures or frames, as FRAME_MATCHES.

    `items` limits the search to videos with these digests.
    """
    if not has_videos(case):
        return FRAME_MATCHES.empty_table()
    intervals = case.read("intervals", ["sha256", "video_sha256"])
    if items is not None:
        intervals = intervals.filter(pc.is_in(intervals["video_sha256"], value_set=items))
    frames = pc.unique(intervals["sha256"])
    return _matches(WithFrames(case, pictures=True), material, search, frames)


def _matches(case: Case, material: pa.Table, search: Search, pictures: pa.Array) -> pa.Table:
    parts = [FRAME_MATCHES.empty_table()]
    if Pdq.name in search.settings.signals and case.epoch.rows(signal_table(Pdq.name)):
        parts.append(_near_hashes(case, material, search, pictures))
    parts.append(edited_copies(case, material, search, pictures))
    return pa.concat_tables(parts)


def edited_copies(
    case: Case, material: pa.Table, search: Search, pictures: pa.Array | None
) -> pa.Table:
    """The pictures that are edited copies of known ones and of known frames, as FRAME_MATCHES.

    `pictures` limits the search. In a view with frames, frames are pictures.
    """
    if Local.name not in search.settings.signals:
        return FRAME_MATCHES.empty_table()
    # Imported here because it loads the comparison of pictures.
    from frametrace.matcher.tips.edited_copy_search import find_edited_copies

    copies = find_edited_copies(case, material, pictures, search.executor, search.progress)
    columns = {name: copies[name] for name in ("sha256", "item", "relation", "similarity")}
    return pa.table(
        {
            **columns,
            "signal": pa.repeat(Local.name, len(copies)),
            "distance": pa.nulls(len(copies), pa.int32()),
            "mirrored": copies["mirrored"],
            "inliers": copies["inliers"],
        }
    ).select(FRAME_MATCHES.names)


def _near_hashes(case: Case, material: pa.Table, search: Search, pictures: pa.Array) -> pa.Table:
    """The pairs with near hashes that local features don't contradict."""
    rows, known = known_codes(material, Pdq.name)
    codes = hash_index(case, Pdq.name, pictures).codes
    parts = list(_pairs(codes, rows, known, search))
    sha256 = pa.concat_arrays([pa.array([], pa.string()), *(part[0] for part in parts)])
    item, distance = (
        np.concatenate([np.empty(0, np.int64), *(part[side] for part in parts)]) for side in (1, 2)
    )
    table = pa.table(
        {
            "sha256": sha256,
            "item": item,
            "signal": pa.repeat(Pdq.name, len(item)),
            "distance": pa.array(distance, pa.int32()),
            "similarity": pa.array(1 - distance / BITS, pa.float32()),
            "relation": pa.repeat(str(Relation.COPY), len(item)),
            "mirrored": pa.nulls(len(item), pa.bool_()),
            "inliers": pa.nulls(len(item), pa.int32()),
        }
    )
    if Local.name not in search.settings.signals or not len(item):
        return table
    from frametrace.matcher.tips.echoes_by_picture import contradicted_by_features

    local = material["local"].cast(pa.large_binary()).take(table["item"]).combine_chunks()
    contradicted = contradicted_by_features(case, sha256, local, search.executor, search.progress)
    return table.filter(pa.array(~contradicted))


def _pairs(
    codes: Codes, rows: np.ndarray, known: np.ndarray, search: Search
) -> Iterator[tuple[pa.Array, np.ndarray, np.ndarray]]:
    """The digests, rows of the material and distances of near pairs, in batches."""
    if not (len(known) and len(codes)):
        return
    order = np.argsort(as_keys(known), kind="stable")
    _, first, count = np.unique(as_keys(known)[order], return_index=True, return_counts=True)
    distinct = np.ascontiguousarray(known[order[first]])
    count = np.minimum(count, _MAX_SAME)
    total = 0
    for hits in _blocks(HammingJoin(distinct, codes.codes, radius=search.settings.max_pdq)):
        in_case = np.diff(codes.starts)[hits.row]
        hit, member = expand_ranges(codes.starts[hits.row], in_case)
        pair, place = expand_ranges(first[hits.query[hit]], count[hits.query[hit]])
        yield codes.digests(member[pair]), rows[order[place]], hits.value[hit[pair]]
        total += len(pair)
        if total > _MAX_PAIRS:
            (search.progress or Silent()).note(
                f"over {_MAX_PAIRS:,} frames have hashes near those of known material: the others "
                "were not compared by hash"
            )
            return


def _blocks(join: Iterable[Hits]) -> Iterator[Hits]:
    """The hits of a join, few at a time."""
    for hits in join:
        for start in range(0, len(hits.row), _BLOCK):
            part = slice(start, start + _BLOCK)
            yield Hits(hits.query[part], hits.row[part], hits.value[part])
