"""Defines the table of known material to search a case for, and builds it from a tip."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from frametrace.embed.signals import caption_key, pdq, phash
from frametrace.embed.signals.caption import Caption
from frametrace.embed.signals.local import Local
from frametrace.embed.thresholds import PDQ_MAX_DISTANCE
from frametrace.matcher.tips.tip_model import ITEMS, Tip

__all__ = [
    "MATERIAL",
    "NEAREST_ITEMS",
    "EchoSettings",
    "concat_matches",
    "concat_material",
    "filled_material",
    "in_comparison_order",
    "material_of_tip",
    "without_frames",
]

# One row per known picture, video or caption, then one per frame of the videos; `id` is used to
# report it. A `pdq` of low quality is not
# compared, but one of unknown quality, from a list of hashes, is. `phash` is compared only for
# items without `pdq`. `local` finds edited copies that hashes miss; they are verified with both
# pictures if there is a `thumbnail`, otherwise by the features alone. `vector` finds captions that
# `caption_key` misses. A video has its duration, and its signals are those of its frames: `video`
# is the row of a frame's video, `shown` is when it is shown, as in FRAMES.
MATERIAL = pa.schema(
    [
        *map(ITEMS.field, ("id", "pdq", "quality", "phash", "caption_key", "local")),
        ("thumbnail", pa.binary()),
        *map(ITEMS.field, ("vector", "duration_ms")),
        ("video", pa.int64()),
        ("shown", pa.list_(pa.int64())),
    ]
)
_SIGNALS = ("pdq", "quality", "phash", "caption_key", "local", "thumbnail", "vector")

# One row per matched picture, video or text of a case and signal: the nearest item. The columns are
# those of `find_echoes.ECHOES`.
NEAREST_ITEMS = pa.schema(
    [
        ("sha256", pa.string()),
        ("item", pa.int64()),
        ("signal", pa.string()),
        ("distance", pa.int32()),
        ("similarity", pa.float32()),
        ("near", pa.int64()),
        ("relation", pa.string()),
        ("mirrored", pa.bool_()),
    ]
)


@dataclass(frozen=True, slots=True)
class EchoSettings:
    """The thresholds of hashes in bits, and the names of the signals to compare by."""

    max_pdq: int = PDQ_MAX_DISTANCE
    max_phash: int = phash.MAX_DISTANCE
    signals: tuple[str, ...] = (
        *(pdq.Pdq.name, phash.Phash.name, Local.name),
        *(caption_key.CaptionKey.name, Caption.name),
    )


def concat_matches(tables: Sequence[pa.Table]) -> pa.Table:
    """Concatenate tables in the schema NEAREST_ITEMS."""
    return pa.concat_tables([NEAREST_ITEMS.empty_table(), *tables]).combine_chunks()


def in_comparison_order(signals: Sequence[str]) -> tuple[str, ...]:
    """The given signals that material can be compared by, in a fixed order."""
    return tuple(name for name in EchoSettings().signals if name in signals)


def concat_material(tables: Sequence[pa.Table]) -> pa.Table:
    """Concatenate tables with the columns of MATERIAL; frames refer to their videos as before."""
    parts, before = [], 0
    for table in tables:
        at = table.schema.get_field_index("video")
        video = pc.add(table["video"], before)
        parts.append(table.set_column(at, table.schema.field(at), video))
        before += table.num_rows
    return pa.concat_tables(parts)


def without_frames(material: pa.Table) -> pa.Table:
    """The material with the same rows, in which frames of videos have no signals."""
    if material["video"].null_count == len(material):
        return material
    for name in _SIGNALS:
        at = material.schema.get_field_index(name)
        field = material.schema.field(at)
        kept = pc.if_else(
            pc.is_null(material["video"]), material[name], pa.scalar(None, field.type)
        )
        material = material.set_column(at, field, kept)
    return material


def material_of_tip(tip: Tip) -> pa.Table:
    """The items of a tip, then the frames of its videos, as MATERIAL; a tip has no thumbnails."""
    is_video = pc.is_valid(tip.items["duration_ms"])
    items = filled_material(
        {
            name: pc.if_else(is_video, pa.scalar(None, tip.items[name].type), tip.items[name])
            if name in _SIGNALS
            else tip.items[name]
            for name in MATERIAL.names
            if name in ITEMS.names
        }
    )
    frames = {name: tip.frames[name] for name in ("pdq", "quality", "local", "shown")}
    ids = tip.items["id"].take(tip.frames["item"])
    return pa.concat_tables(
        [items, filled_material({"id": ids, "video": tip.frames["item"], **frames})]
    )


def filled_material(columns: Mapping[str, pa.ChunkedArray]) -> pa.Table:
    """A table in the schema MATERIAL of some columns; the others are null."""
    length = len(next(iter(columns.values())))
    nulls = {field.name: pa.nulls(length, field.type) for field in MATERIAL}
    return pa.table({**nulls, **columns}).cast(MATERIAL)
