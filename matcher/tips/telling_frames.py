"""Chooses the frames that tell a video from others: what a tip carries of it, and what is searched.

They are few, and spread over its time. Flat frames are never chosen, nor what `match` found to be
an element, such as an intro or an end card: unrelated videos show it too.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from frametrace.case.schemas import signal_table
from frametrace.case.store import Case
from frametrace.case.with_frames import WithFrames, has_videos
from frametrace.embed.signals.pdq import MIN_QUALITY, Pdq
from frametrace.matcher.result_schemas import VIDEO_MATCHES, Relation
from frametrace.matcher.tips.tip_model import MAX_DURATION, MAX_SHOWN
from frametrace.matcher.videos.spans import covered

__all__ = ["MAX_TELLING_FRAMES", "TellingFrame", "TellingVideo", "evenly_spread", "telling_videos"]

MAX_TELLING_FRAMES = 32  # of a video: one every two seconds of a minute; not tuned
_ELEMENT = 0.5  # part of the time of a frame that lies in elements, in frames that are left out

_Times = list[tuple[int, int]]  # intervals in ms


@dataclass(frozen=True, slots=True)
class TellingFrame:
    """A frame: its key in the case, its PDQ of 32 bytes, and when it is shown.

    `shown` holds start and end of each interval in ms, ascending, one after the other.
    """

    digest: str
    pdq: bytes
    quality: int
    shown: tuple[int, ...]

    @property
    def length(self) -> int:
        """How long it is shown, in ms."""
        return sum(self.shown[1::2]) - sum(self.shown[::2])


@dataclass(frozen=True, slots=True)
class TellingVideo:
    """A video, by the digest of its bytes, and its telling frames in the order of time."""

    sha256: str
    duration: int  # ms
    frames: tuple[TellingFrame, ...]


def telling_videos(
    case: Case, videos: pa.Array, matches: pa.Table | None = None
) -> list[TellingVideo]:
    """The telling frames of some videos; videos without any are left out. Ordered by digest.

    `matches`, in the schema `VIDEO_MATCHES`, says which parts of the videos are elements.
    """
    if not has_videos(case) or Pdq.name not in case.epoch.signals or not len(videos):
        return []
    rows = case.read("videos", ["sha256", "duration_ms"])
    rows = rows.filter(pc.is_in(rows["sha256"], value_set=videos)).sort_by("sha256")
    elements = _elements(VIDEO_MATCHES.empty_table() if matches is None else matches)
    frames = _usable_frames(case, rows["sha256"].combine_chunks())
    told = []
    for sha256, duration in zip(*(column.to_pylist() for column in rows.columns), strict=True):
        own = [
            frame
            for frame in frames.get(sha256, ())
            if _element_part(frame, elements.get(sha256, [])) < _ELEMENT
        ]
        if own:
            length = max(duration, *(frame.shown[-1] for frame in own))
            chosen = evenly_spread(own, length, MAX_TELLING_FRAMES)
            told.append(TellingVideo(sha256, length, tuple(chosen)))
    return told


def evenly_spread(
    frames: Sequence[TellingFrame], duration: int, at_most: int
) -> list[TellingFrame]:
    """At most so many of some frames, spread over the time of their video, in its order.

    The time is cut into equal parts. Each gives the frame that is shown longest in it.
    """
    if len(frames) <= at_most:
        return sorted(frames, key=lambda frame: (frame.shown, frame.digest))
    cuts = np.linspace(0, duration, at_most + 1)
    left = dict(enumerate(frames))
    chosen: list[TellingFrame] = []
    for start, end in pairwise(cuts.tolist()):
        parts = {at: covered(_intervals(frame), start, end) for at, frame in left.items()}
        best = max(parts, key=lambda at: (parts[at], left[at].quality, -at))
        if parts[best] > 0:
            chosen.append(left.pop(best))
    rest = sorted(left.values(), key=lambda frame: (-frame.length, frame.shown, frame.digest))
    chosen += rest[: at_most - len(chosen)]
    return sorted(chosen, key=lambda frame: (frame.shown, frame.digest))


def _usable_frames(case: Case, videos: pa.Array) -> Mapping[str, list[TellingFrame]]:
    """The frames of videos that are not flat, by video."""
    intervals = case.read("intervals", ["sha256", "video_sha256", "start_ms", "end_ms"])
    intervals = intervals.filter(pc.is_in(intervals["video_sha256"], value_set=videos))
    intervals = intervals.filter(pc.less(intervals["start_ms"], intervals["end_ms"]))
    frames = pc.unique(intervals["sha256"])
    codes: dict[str, tuple[bytes, int]] = {}
    view = WithFrames(case, pictures=False)
    for shard in view.shards(signal_table(Pdq.name), ["sha256", "code", "quality"]):
        kept = pc.and_(
            pc.is_in(shard["sha256"], value_set=frames),
            pc.greater_equal(shard["quality"], MIN_QUALITY),
        )
        for row in shard.filter(kept).to_pylist():
            codes[row["sha256"]] = bytes(row["code"]), row["quality"]
    shown: dict[str, dict[str, _Times]] = {}
    order = [("video_sha256", "ascending"), ("start_ms", "ascending")]
    for row in intervals.sort_by(order).to_pylist():
        if row["sha256"] in codes:
            of_frame = shown.setdefault(row["video_sha256"], {}).setdefault(row["sha256"], [])
            of_frame.append((row["start_ms"], row["end_ms"]))
    return {
        video: [
            TellingFrame(digest, *codes[digest], times)
            for digest, intervals in of_video.items()
            if (times := _longest(intervals))
        ]
        for video, of_video in shown.items()
    }


def _longest(intervals: _Times) -> tuple[int, ...]:
    """Ascending intervals, joined where they meet; only the longest of very many."""
    joined: _Times = []
    for start, end in intervals:
        if end > MAX_DURATION:
            break
        if joined and start <= joined[-1][1]:
            joined[-1] = joined[-1][0], max(end, joined[-1][1])
        else:
            joined.append((start, end))
    longest = sorted(joined, key=lambda times: times[0] - times[1])[:MAX_SHOWN]
    return tuple(time for times in sorted(longest) for time in times)


def _elements(matches: pa.Table) -> Mapping[str, list[tuple[float, float]]]:
    """When each video shows elements, in ms."""
    rows = matches.filter(pc.equal(matches["relation"], str(Relation.SHARES_ELEMENT)))
    found: dict[str, list[tuple[float, float]]] = {}
    for row in rows.to_pylist():
        for side in "ab":
            times = [(span[f"start_{side}_ms"], span[f"end_{side}_ms"]) for span in row["spans"]]
            found.setdefault(row[f"sha256_{side}"], []).extend(times)
    return found


def _element_part(frame: TellingFrame, elements: Sequence[tuple[float, float]]) -> float:
    """The part of the time of a frame that lies in elements."""
    inside = sum(covered(elements, start, end) for start, end in _intervals(frame))
    return inside / max(frame.length, 1)


def _intervals(frame: TellingFrame) -> list[tuple[float, float]]:
    return list(zip(frame.shown[::2], frame.shown[1::2], strict=True))
