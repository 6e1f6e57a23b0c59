"""Finds echoes in videos: known videos, known pictures that a video shows, and stills of videos.

- A video echoes a known video if frames agree in time (`time_agreement`).
- It echoes a known picture if one of its frames does, as a picture would.
- A picture echoes a known video if local features verify that it shows one of the frames. Nobody
  chose that frame, so three more must hold: the picture is no graphic, such as a title or a test
  card; the frame isn't shown only near the beginning or the end of its video, where intros and end
  cards are; and no other known material was found in the picture.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from frametrace.case.store import Case
from frametrace.embed.signals.local import Local
from frametrace.embed.signals.pdq import MIN_QUALITY, Pdq
from frametrace.matcher.result_schemas import SPANS, Relation
from frametrace.matcher.tips.frame_matches import Search, matching_frames
from frametrace.matcher.tips.known_material import NEAREST_ITEMS
from frametrace.matcher.tips.time_agreement import FrameAgreement, KnownVideo, Reuse, reuse_of
from frametrace.matcher.videos.numbered_frames import VideoFrames
from frametrace.matcher.videos.spans import Shown, Span

__all__ = ["MATCHED_MEDIA", "echoes_by_video"]

# One row per matched picture, video or text of a case: `sha256` is the digest of its bytes. `spans`
# say from when to when the known item (A) and that of the case (B) show the same, if either is a
# video; a picture is at 0 to 0.
MATCHED_MEDIA = pa.schema([*NEAREST_ITEMS, ("spans", SPANS)])

_MAX_VIDEOS = 5  # known videos that a video of the case is compared with: most frames in common
_MAX_SPANS = 20  # in which a video shows one picture
_EDGE_PART, _MAX_EDGE = 0.2, 10_000  # of a video's time; ms. Intros and end cards are shorter

_Row = Mapping[str, Any]


def echoes_by_video(
    case: Case, material: pa.Table, search: Search, stills: pa.Table, items: pa.Array | None
) -> pa.Table:
    """The videos that reuse known material, and pictures that show known videos.

    In the schema MATCHED_MEDIA, by digest. `stills` are the pictures that show known frames, as
    FRAME_MATCHES; `items` limits the search to videos with these digests.
    """
    known = _KnownItems(material)
    frames = matching_frames(case, material, search, items)
    rows = list(_echoing_videos(VideoFrames(case), frames, known)) if frames.num_rows else []
    rows += _stills(case, stills, known)
    return pa.Table.from_pylist(rows, MATCHED_MEDIA).sort_by("sha256")


class _KnownItems:
    """The known material: which rows are frames, of which videos, and when they are shown."""

    def __init__(self, material: pa.Table) -> None:
        self._material = material
        self._video = material["video"].to_numpy(zero_copy_only=False)
        frames = np.flatnonzero(pc.is_valid(material["video"]).to_numpy())
        of_frames = self._video[frames].astype(np.int64)
        order = np.argsort(of_frames, kind="stable")
        self._frames, self._of_frames = frames[order], of_frames[order]

    def item(self, row: int) -> int:
        """The row of the item: of its video for a frame."""
        video = self._video[row]
        return row if video is None or np.isnan(video) else int(video)

    def is_frame(self, row: int) -> bool:
        """Whether a row is a frame of a video."""
        return self.item(row) != row

    def duration(self, video: int) -> int:
        """Of a video, in ms."""
        return int(self._material["duration_ms"][video].as_py())

    def shown(self, frame: int) -> list[tuple[int, int]]:
        """When a frame is shown, in ms."""
        times = self._material["shown"][frame].as_py()
        return list(zip(times[::2], times[1::2], strict=True))

    def video(self, video: int) -> KnownVideo:
        """A video, for the comparison in time."""
        first, end = np.searchsorted(self._of_frames, [video, video + 1])
        rows = self._frames[first:end]
        frames = self._material.take(pa.array(rows))
        times = sorted((start, end, row) for row in rows.tolist() for start, end in self.shown(row))
        starts, ends, numbers = (np.array(column) for column in zip(*times, strict=True))
        values = zip(*(frames[name].to_pylist() for name in ("pdq", "quality")), strict=True)
        return KnownVideo(
            float(self.duration(video)),
            Shown(numbers.astype(np.int64), starts.astype(np.float64), ends.astype(np.float64)),
            {
                row: np.frombuffer(code, np.uint8)
                for row, (code, quality) in zip(rows.tolist(), values, strict=True)
                if quality >= MIN_QUALITY
            },
            frozenset(rows[pc.is_valid(frames["local"]).to_numpy()].tolist()),
        )


def _echoing_videos(
    frames: VideoFrames, matches: pa.Table, known: _KnownItems
) -> Iterator[dict[str, Any]]:
    """The rows of MATCHED_MEDIA of the case's videos that echo known material."""
    numbers = frames.items(matches["sha256"].combine_chunks())
    matches = matches.append_column("frame", pa.array(numbers))
    owner = frames.owner[numbers]
    order = np.argsort(owner, kind="stable")
    starts = np.flatnonzero(np.diff(owner[order], prepend=-1))
    for rows in np.split(order, starts[1:]):  # of one video: not all are Python objects at a time
        video, by_item = int(owner[rows[0]]), defaultdict(list)
        for row in matches.take(pa.array(rows)).to_pylist():
            by_item[known.item(row["item"])].append(row)
        shown = Shown(*frames.shown_in(video))
        reuses = _reuses(by_item, known, shown, float(frames.durations[video]))
        stills = {
            item: rows for item, rows in by_item.items() if not known.is_frame(rows[0]["item"])
        }
        found = {"sha256": frames.owner_digest(video), "near": len(reuses) + len(stills)}
        if reuses:
            item = min(reuses, key=lambda item: (-reuses[item].common, item))
            yield {**found, "item": item, **_evidence_of_reuse(reuses[item])}
        elif stills:
            item = min(stills, key=lambda item: _order(_best(stills[item])))
            yield {**found, **_evidence_of_still(stills[item], shown)}


def _reuses(
    by_item: Mapping[int, list[_Row]], known: _KnownItems, shown: Shown, duration: float
) -> dict[int, Reuse]:
    """The known videos that one video reuses, by their rows."""
    videos = [item for item, rows in by_item.items() if known.is_frame(rows[0]["item"])]
    in_common = {item: len({row["item"] for row in by_item[item]}) for item in videos}
    reuses = {}
    for item in sorted(videos, key=lambda item: (-in_common[item], item))[:_MAX_VIDEOS]:
        pairs: dict[tuple[int, int], FrameAgreement] = {}
        for row in by_item[item]:
            key, agreement = (row["item"], row["frame"]), _agreement(row)
            if key not in pairs or agreement.bits is not None:
                pairs[key] = agreement
        reuse = reuse_of(known.video(item), shown, duration, pairs)
        if reuse is not None:
            reuses[item] = reuse
    return reuses


def _agreement(row: _Row) -> FrameAgreement:
    relation, mirrored = Relation(row["relation"]), bool(row["mirrored"])
    return FrameAgreement(row["distance"], row["similarity"], relation, mirrored)


def _evidence_of_reuse(reuse: Reuse) -> dict[str, Any]:
    best = reuse.best
    return {
        "signal": Local.name if best.bits is None else Pdq.name,
        "distance": best.bits,
        "similarity": best.similarity,
        "relation": str(reuse.relation),
        "mirrored": reuse.spans[0].mirrored if best.bits is None else None,
        "spans": [span.row() for span in reuse.spans],
    }


def _evidence_of_still(rows: list[_Row], shown: Shown) -> dict[str, Any]:
    """A video that shows a known picture, and when."""
    best = _best(rows)
    at = np.flatnonzero(np.isin(shown.frames, [row["frame"] for row in rows]))
    times = zip(shown.starts[at].tolist(), shown.ends[at].tolist(), strict=True)
    spans = [Span(0, 0, *time, bool(best["mirrored"])).row() for time in times]
    evidence = {name: best[name] for name in _EVIDENCE}
    return {**evidence, "relation": str(Relation.CONTAINS), "spans": spans[:_MAX_SPANS]}


_EVIDENCE = ("item", "signal", "distance", "similarity", "mirrored")


def _best(rows: list[_Row]) -> _Row:
    return min(rows, key=_order)


def _order(row: _Row) -> tuple[bool, float, int]:
    """The sort key of evidence: hashes first, then the most similar, then the first item."""
    return row["distance"] is None, -row["similarity"], row["item"]


def _stills(case: Case, pictures: pa.Table, known: _KnownItems) -> list[dict[str, Any]]:
    """The rows of MATCHED_MEDIA of pictures that show a known video."""
    telling = [row for row in pictures.to_pylist() if _is_inside(known, row["item"])]
    digests = pa.array(sorted({row["sha256"] for row in telling}), pa.string())
    graphics = _graphics(case, digests)
    by_picture: dict[str, list[_Row]] = defaultdict(list)
    for row in telling:
        if row["sha256"] not in graphics:
            by_picture[row["sha256"]].append(row)
    rows = []
    for sha256, matches in by_picture.items():
        best = _best(matches)
        spans = [
            Span(*time, 0, 0, bool(best["mirrored"])).row() for time in known.shown(best["item"])
        ]
        rows.append(
            {
                **{name: best[name] for name in _EVIDENCE},
                "item": known.item(best["item"]),
                "near": len({known.item(row["item"]) for row in matches}),
                "sha256": sha256,
                "relation": str(Relation.PART),
                "spans": spans[:_MAX_SPANS],
            }
        )
    return rows


def _is_inside(known: _KnownItems, frame: int) -> bool:
    """Whether a frame is shown elsewhere than near the beginning and the end of its video."""
    duration = known.duration(known.item(frame))
    edge = min(_EDGE_PART * duration, _MAX_EDGE)
    return any(end > edge and start < duration - edge for start, end in known.shown(frame))


def _graphics(case: Case, pictures: pa.Array) -> set[str]:
    """Those of some pictures of which one shade covers much: titles, charts, test cards."""
    if not len(pictures):
        return set()
    # Imported here because they load the comparison of pictures.
    from frametrace.matcher.pictures.compare_worker import load_values, value_files
    from frametrace.matcher.pictures.same_graphic import MIN_BACKGROUND, background_part

    with (
        TemporaryDirectory(prefix="frametrace-tip-") as folder,
        value_files(case, pictures, Path(folder)) as values,
    ):
        return {
            digest
            for number, digest in enumerate(pictures.to_pylist())
            if background_part(load_values(values, number).thumbnail.ravel()) >= MIN_BACKGROUND
        }
