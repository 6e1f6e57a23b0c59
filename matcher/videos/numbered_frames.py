"""The frames of a case's videos, when they are shown, and pictures, all numbered as items."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from frametrace.case.schemas import signal_table
from frametrace.case.store import Case
from frametrace.case.with_frames import WithFrames
from frametrace.embed.signals.local import Local
from frametrace.embed.signals.pdq import MIN_QUALITY, Pdq
from frametrace.matcher.pictures.pair_evidence import CELLS
from frametrace.matcher.pictures.verified_pair_table import cells_of

__all__ = ["Track", "VideoFrames"]


@dataclass(frozen=True, slots=True)
class Track:
    """PDQ hashes of a video at regular times: (s,) float64 ms, (s, 32) uint8, (s,) bool usable."""

    times: np.ndarray
    hashes: np.ndarray
    usable: np.ndarray


class VideoFrames:
    """The n frames of v videos, then m pictures: items 0 to n + m - 1.

    `names` holds the items' digests; `owner` is (n + m,) int64: the video of a frame, and v + k for
    the k-th picture. `videos` holds the digests of the videos, ascending; `durations` is (v,)
    float64 ms. Interval i, in the order of videos and times, shows the frame `shown[i]` from
    `starts[i]` to `ends[i]` (float64 ms); those of video j are `bounds[j]` to `bounds[j + 1]`.
    `moving` is (n, 256) bool.
    """

    def __init__(self, case: Case) -> None:
        """Read the tables of videos and frames, and which pictures have values."""
        self._case = case
        videos = case.read("videos", ["sha256", "duration_ms"]).sort_by("sha256")
        self.videos: pa.StringArray = videos["sha256"].combine_chunks()
        self.durations = videos["duration_ms"].to_numpy().astype(np.float64)
        order = [("video_sha256", "ascending"), ("start_ms", "ascending")]
        intervals = case.read("intervals").sort_by(order)
        frames = pc.unique(intervals["sha256"]).sort()
        video = pc.index_in(intervals["video_sha256"], value_set=self.videos).to_numpy()
        self.bounds = np.searchsorted(video, np.arange(len(self.videos) + 1))
        self.shown = pc.index_in(intervals["sha256"], value_set=frames).to_numpy().astype(np.int64)
        self.starts = intervals["start_ms"].to_numpy().astype(np.float64)
        self.ends = intervals["end_ms"].to_numpy().astype(np.float64)
        # (n, 256) bool: the cells of each frame in which the picture moves.
        self.moving = np.zeros((len(frames), CELLS), bool)
        self.moving[self.shown] = cells_of(intervals["moving"])
        of_frame = np.zeros(len(frames), np.int64)
        of_frame[self.shown] = video
        pictures = _pictures(case)
        self.frames = len(frames)
        self.names: pa.StringArray = pa.concat_arrays([frames, pictures])
        self.owner = np.concatenate([of_frame, len(self.videos) + np.arange(len(pictures))])

    def items(self, digests: pa.Array) -> np.ndarray:
        """The numbers of items by their digests, (k,) int64; -1 for others."""
        at = pc.index_in(digests, value_set=self.names).fill_null(-1)
        return np.asarray(at.to_numpy(zero_copy_only=False)).astype(np.int64)

    def is_video(self, owner: np.ndarray | int) -> np.ndarray:
        """Whether owners are videos."""
        return np.asarray(owner) < len(self.videos)

    def owner_digest(self, owner: int) -> str:
        """The digest of a video's or picture's bytes."""
        if owner < len(self.videos):
            return str(self.videos[owner].as_py())
        return str(self.names[self.frames + owner - len(self.videos)].as_py())

    @cached_property
    def hashes(self) -> tuple[np.ndarray, np.ndarray]:
        """The PDQ hashes of all items, (n + m, 32) uint8, and which are usable, (n + m,) bool."""
        codes, usable = np.zeros((len(self.names), 32), np.uint8), np.zeros(len(self.names), bool)
        if Pdq.name in self._case.epoch.signals:
            rows = WithFrames(self._case, pictures=True).read(signal_table(Pdq.name))
            at = self.items(rows["sha256"].combine_chunks())
            values = np.frombuffer(b"".join(rows["code"].to_pylist()), np.uint8)
            known = at >= 0
            codes[at[known]] = values.reshape(-1, 32)[known]
            usable[at[known]] = rows["quality"].to_numpy()[known] >= MIN_QUALITY
        return codes, usable

    def shown_in(self, video: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The intervals of a video: the frames shown, and when each starts and ends."""
        at = slice(int(self.bounds[video]), int(self.bounds[video + 1]))
        return self.shown[at], self.starts[at], self.ends[at]

    @cached_property
    def _tracks(self) -> pa.Table:
        columns = ["sha256", "sample_ms", "hashes", "qualities"]
        return self._case.read("videos", columns).sort_by("sha256").combine_chunks()

    def track(self, video: int) -> Track:
        """The hashes of a video at regular times."""
        row = {name: self._tracks[name][video].as_py() for name in self._tracks.column_names}
        return Track(
            np.array(row["sample_ms"], np.float64),
            np.frombuffer(row["hashes"], np.uint8).reshape(-1, 32),
            np.frombuffer(row["qualities"], np.uint8) >= MIN_QUALITY,
        )


def _pictures(case: Case) -> pa.StringArray:
    """The digests of all pictures with values, ascending."""
    digests = [
        case.read(signal_table(name), ["sha256"])["sha256"].combine_chunks()
        for name in (Pdq.name, Local.name)
        if name in case.epoch.signals
    ]
    return pc.unique(pa.concat_arrays([pa.array([], pa.string()), *digests])).sort()
