"""Builds the table of known material from the case's own groups, for `watch`."""

from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from frametrace.case.schemas import signal_table
from frametrace.case.store import Case
from frametrace.case.views import connect
from frametrace.case.with_frames import WithFrames
from frametrace.embed.signals.local import Local
from frametrace.embed.signals.thumbnail import Thumbnail
from frametrace.matcher.framing.member_stances import without_disputes
from frametrace.matcher.result_schemas import BELONGING
from frametrace.matcher.saved_results import Results
from frametrace.matcher.tips.known_material import MATERIAL, filled_material
from frametrace.matcher.tips.packed_vectors import pack_vectors
from frametrace.matcher.tips.telling_frames import TellingVideo, telling_videos

__all__ = ["material_of_groups"]

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
SELECT i.group_id, i.sha256, i.picture AND NOT i.only_listed AS own,
    i.sha256 = i.medoid_sha256 AS is_medoid, left(i.sha256, 16) AS id,
    {pdq} AS pdq, {quality} AS quality,
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


def material_of_groups(case: Case, results: Results) -> tuple[pa.Array, pa.Table]:
    """What a case's groups share: the group id of each row, and the MATERIAL."""
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
    material = filled_material(
        {
            "id": rows["id"],
            "pdq": rows["pdq"].cast(pa.binary()).cast(pa.binary(32)),
            "quality": rows["quality"].cast(pa.uint8()),
            "caption_key": _minhash_bytes(rows["caption_key"]),
            "local": rows["local"].cast(pa.binary()),
            "thumbnail": rows["thumbnail"].cast(pa.binary()),
            "vector": _packed_vectors(rows["vector"]),
        }
    )
    material, frames = _with_videos(case, material, rows, results.video_matches)
    groups = rows["group_id"].combine_chunks()
    of_frames = groups.take(frames["video"].combine_chunks())
    return pa.concat_arrays([groups, of_frames]), pa.concat_tables([material, frames])


def _with_videos(
    case: Case, material: pa.Table, rows: pa.Table, matches: pa.Table
) -> tuple[pa.Table, pa.Table]:
    """The material with the durations of videos, and their frames as more MATERIAL.

    Only medoids have local features, as pictures do.
    """
    own = rows.filter(rows["own"])
    videos = {video.sha256: video for video in telling_videos(case, own["sha256"], matches)}
    digests, is_own, is_medoid = (rows[name].to_pylist() for name in ("sha256", "own", "is_medoid"))
    durations: list[int | None] = [None] * len(digests)
    parts = [MATERIAL.empty_table()]
    medoids = set(own.filter(own["is_medoid"])["sha256"].to_pylist())
    values = _values_of_frames(case, [videos[sha256] for sha256 in sorted(medoids & videos.keys())])
    for row, digest in enumerate(digests):
        if is_own[row] and digest in videos:
            durations[row] = videos[digest].duration
            chosen = values if is_medoid[row] else {}
            parts.append(_frames(row, material["id"][row].as_py(), videos[digest], chosen))
    at = MATERIAL.get_field_index("duration_ms")
    material = material.set_column(at, MATERIAL.field(at), pa.array(durations, pa.int64()))
    return material, pa.concat_tables(parts)


def _frames(
    row: int, name: str, video: TellingVideo, values: Mapping[str, Mapping[str, bytes]]
) -> pa.Table:
    """The frames of the video in one row of the material; `values` are by signal and digest."""
    frames = video.frames
    signals = {
        signal: pa.array([of_signal.get(frame.digest) for frame in frames], pa.binary())
        for signal, of_signal in values.items()
    }
    return filled_material(
        {
            "id": pa.array([name] * len(frames)),
            "pdq": pa.array([frame.pdq for frame in frames], pa.binary(32)),
            "quality": pa.array([frame.quality for frame in frames], pa.uint8()),
            "video": pa.array([row] * len(frames), pa.int64()),
            "shown": pa.array([frame.shown for frame in frames], pa.list_(pa.int64())),
            **signals,
        }
    )


def _values_of_frames(
    case: Case, videos: Sequence[TellingVideo]
) -> Mapping[str, Mapping[str, bytes]]:
    """Local features and thumbnails of the frames of some videos, by signal and digest."""
    digests = pa.array([frame.digest for video in videos for frame in video.frames], pa.string())
    view = WithFrames(case, pictures=False)
    values: dict[str, dict[str, bytes]] = {}
    for name in (Local.name, Thumbnail.name):
        values[name] = {}
        for shard in view.shards(signal_table(name), ["sha256", "code"]):
            rows = shard.filter(pc.is_in(shard["sha256"], value_set=digests))
            values[name] |= dict(zip(*(c.to_pylist() for c in rows.columns), strict=True))
    return values


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
