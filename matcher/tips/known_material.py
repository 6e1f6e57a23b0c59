"""Builds the table of known material to search a case for: items of tips, or the case's groups."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from frametrace.case.schemas import signal_table
from frametrace.case.store import Case
from frametrace.case.views import connect
from frametrace.embed.signals import caption_key, pdq, phash
from frametrace.embed.signals.caption import Caption
from frametrace.embed.signals.local import Local
from frametrace.embed.thresholds import PDQ_MAX_DISTANCE
from frametrace.matcher.framing.member_stances import without_disputes
from frametrace.matcher.result_schemas import BELONGING
from frametrace.matcher.saved_results import Results
from frametrace.matcher.tips.packed_vectors import pack_vectors
from frametrace.matcher.tips.tip_model import ITEMS, Tip

__all__ = [
    "MATERIAL",
    "NEAREST_ITEMS",
    "EchoSettings",
    "concat_matches",
    "in_comparison_order",
    "material_of_groups",
    "material_of_tip",
]

# One row per known picture or caption; `id` is used to report it. A `pdq` of low quality is not
# compared, but one of unknown quality, from a list of hashes, is. `phash` is compared only for
# items without `pdq`. `local` finds edited copies that hashes miss; they are verified with both
# pictures if there is a `thumbnail`, otherwise by the features alone. `vector` finds captions that
# `caption_key` misses.
MATERIAL = pa.schema(
    [
        *map(ITEMS.field, ("id", "pdq", "quality", "phash", "caption_key", "local")),
        ("thumbnail", pa.binary()),
        ITEMS.field("vector"),
    ]
)

# One row per matched picture or text of a case and signal: the nearest item. The columns are those
# of `find_echoes.ECHOES`.
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

# A member of a photo group is known by its picture; a member of a framing group by its caption or,
# if it has none, its picture. Members that dispute their framing are left out. Of equally near
# items the first is reported, so items come first in groups that they belong to, then in groups
# that only list them.
_OF_GROUPS = """
WITH carried AS (
    SELECT group_id, relation, media_sha256 IS NOT NULL
        AND (kind = 'photo' OR caption_sha256 IS NULL) AS picture, media_sha256, caption_sha256,
        medoid_sha256
    FROM members
),
items AS (
    SELECT group_id, CASE WHEN picture THEN media_sha256 ELSE caption_sha256 END AS sha256,
        picture, medoid_sha256, bool_and(relation NOT IN {belonging}) AS only_listed
    FROM carried GROUP BY ALL
)
SELECT i.group_id, left(i.sha256, 16) AS id, {pdq} AS pdq, {quality} AS quality,
    {caption_key} AS caption_key, {local} AS local, {thumbnail} AS thumbnail, {caption} AS vector
FROM items i {joins} ORDER BY i.only_listed, i.group_id, i.sha256
"""

# By signal: which items get its values. Only medoids get local features: an edited copy of a member
# is an edited copy of the medoid.
_JOIN_CONDITIONS = {
    "pdq": "i.picture",
    "caption_key": "NOT i.picture",
    "local": "i.picture AND i.sha256 = i.medoid_sha256",
    "thumbnail": "i.picture AND i.sha256 = i.medoid_sha256",
    "caption": "NOT i.picture",
}


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


def material_of_tip(tip: Tip) -> pa.Table:
    """The items of a tip in the schema MATERIAL; a tip has no thumbnails."""
    thumbnails = pa.nulls(len(tip.items), pa.binary())
    return tip.items.append_column("thumbnail", thumbnails).select(MATERIAL.names)


def material_of_groups(case: Case, results: Results) -> tuple[pa.Array, pa.Table]:
    """The pictures and captions of a case's groups: the group id of each, and their MATERIAL."""
    available = [name for name in _JOIN_CONDITIONS if case.epoch.rows(signal_table(name))]
    query = _OF_GROUPS.format(
        belonging=BELONGING,
        quality="pdq.quality" if "pdq" in available else "NULL",
        **{name: f"{name}.code" if name in available else "NULL" for name in _JOIN_CONDITIONS},
        joins=" ".join(
            f"LEFT JOIN {name} ON {_JOIN_CONDITIONS[name]} AND {name}.sha256 = i.sha256"
            for name in available
        ),
    )
    with connect(case, *map(signal_table, available)) as connection:
        connection.register("members", without_disputes(results.members))
        rows = connection.sql(query).to_arrow_table()
    material = pa.table(
        {
            "id": rows["id"],
            "pdq": rows["pdq"].cast(pa.binary()).cast(pa.binary(32)),
            "quality": rows["quality"].cast(pa.uint8()),
            "phash": pa.nulls(rows.num_rows, pa.binary(8)),
            "caption_key": _minhash_bytes(rows["caption_key"]),
            "local": rows["local"].cast(pa.binary()),
            "thumbnail": rows["thumbnail"].cast(pa.binary()),
            "vector": _packed_vectors(rows["vector"]),
        }
    )
    return rows["group_id"].combine_chunks(), material.cast(MATERIAL)


def _packed_vectors(values: pa.ChunkedArray) -> pa.Array:
    """Caption vectors in the form that tips have; null where there is none."""
    rows = np.flatnonzero(values.is_valid().to_numpy())
    column = np.full(len(values), None, object)
    for row, value in zip(rows, values.drop_null(), strict=True):
        column[row] = pack_vectors(value.values.to_numpy()[None])[0]
    return pa.array(column, pa.binary())


def _minhash_bytes(keys: pa.ChunkedArray) -> pa.Array:
    """MinHash keys as the bytes that tips have; null where there is none."""
    kind = MATERIAL.field("caption_key").type
    if pa.types.is_null(keys.type) or keys.null_count == len(keys):
        return pa.nulls(len(keys), kind)
    valid = keys.is_valid().to_numpy()
    numbers = keys.drop_null().combine_chunks().flatten().to_numpy().astype(">u4")
    content = pa.FixedSizeBinaryArray.from_buffers(
        kind, int(valid.sum()), [None, pa.py_buffer(numbers.tobytes())]
    )
    return content.take(pa.array(np.cumsum(valid) - 1, mask=~valid))
