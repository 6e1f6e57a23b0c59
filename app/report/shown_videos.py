"""Reads when the frames of videos are shown, of the videos that the page shows."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from frametrace.case.store import Case

__all__ = ["KeptFrame", "Video", "video_digests", "videos_among"]

_ORDER = [(name, "ascending") for name in ("video_sha256", "start_ms")]


@dataclass(frozen=True, slots=True)
class KeptFrame:
    """A frame of a video, by its key, and when it is shown: starts and ends in milliseconds."""

    digest: str
    shown: tuple[tuple[int, int], ...]

    @property
    def start(self) -> int:
        """When it is shown first."""
        return self.shown[0][0]

    @property
    def length(self) -> int:
        """How long it is shown altogether."""
        return sum(end - start for start, end in self.shown)


@dataclass(frozen=True, slots=True)
class Video:
    """A video: its duration in milliseconds, its size in pixels, its frames in order of time."""

    digest: str
    duration: int
    width: int
    height: int
    frames: tuple[KeptFrame, ...]

    @property
    def typical(self) -> KeptFrame | None:
        """The frame that is shown longest, the first of several; None without frames."""
        return max(self.frames, key=lambda frame: frame.length, default=None)

    def strip(self, limit: int) -> tuple[KeptFrame, ...]:
        """At most `limit` frames: all, or those that are shown at evenly spaced times."""
        if len(self.frames) <= limit:
            return self.frames
        shown = sorted((start, frame) for frame in self.frames for start, _ in frame.shown)
        chosen = []
        for at in range(limit):
            time = self.duration * (2 * at + 1) / (2 * limit)
            earlier = [frame for start, frame in shown if start <= time]
            chosen.append(earlier[-1] if earlier else shown[0][1])
        return tuple(dict.fromkeys(sorted(chosen, key=lambda frame: frame.start)))

    def time_of(self, digest: str, parts: Sequence[tuple[int, int]]) -> int:
        """When a frame is shown first inside some parts of the video, otherwise at all; or 0."""
        shown = [interval for f in self.frames if f.digest == digest for interval in f.shown]
        inside = [
            max(start, begin)
            for start, end in shown
            for begin, finish in parts
            if start < finish and begin < end
        ]
        return min(inside or [start for start, _ in shown], default=0)


def video_digests(case: Case) -> pa.StringArray:
    """The digests of all videos of a case that were read."""
    return case.read("videos", ["sha256"])["sha256"].combine_chunks()


def videos_among(case: Case, digests: Collection[str]) -> dict[str, Video]:
    """Those of some items that are videos, by digest, in a stable order."""
    wanted = pa.array(sorted(digests), pa.string())
    videos = case.read("videos", ["sha256", "duration_ms", "width", "height"])
    rows = videos.filter(pc.is_in(videos["sha256"], value_set=wanted)).sort_by("sha256")
    if not rows.num_rows:
        return {}
    intervals = case.read("intervals", ["sha256", "video_sha256", "start_ms", "end_ms"])
    kept = pc.is_in(intervals["video_sha256"], value_set=rows["sha256"].combine_chunks())
    frames: dict[str, dict[str, list[tuple[int, int]]]] = {}
    for row in intervals.filter(kept).sort_by(_ORDER).to_pylist():
        of_video = frames.setdefault(row["video_sha256"], {})
        of_video.setdefault(row["sha256"], []).append((row["start_ms"], row["end_ms"]))
    return {
        row["sha256"]: Video(
            row["sha256"],
            row["duration_ms"],
            row["width"],
            row["height"],
            tuple(
                KeptFrame(digest, tuple(shown))
                for digest, shown in frames.get(row["sha256"], {}).items()
            ),
        )
        for row in rows.to_pylist()
    }
