"""Encodes and decodes the videos of this benchmark: one thread each, the same bytes every time."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from measuring import Stopped

__all__ = ["HEIGHT", "RATE", "WIDTH", "Facts", "Reader", "facts", "resized", "write_video"]

WIDTH, HEIGHT, RATE = 640, 360, 25  # of clips made from photographs
_KEYFRAMES = 50  # frames between keyframes at most, as platforms encode

try:
    import av
except ImportError:
    raise Stopped("PyAV is missing: pip install 'frametrace[video]'") from None


@dataclass(frozen=True, slots=True)
class Facts:
    """A video's duration in milliseconds, and its width and height in pixels."""

    duration: int
    width: int
    height: int


def write_video(path: Path, frames: Iterable[np.ndarray], *, rate: float, crf: int) -> None:
    """Write (h, w, 3) uint8 RGB frames with libx264; odd sides lose a row or column of pixels."""
    unfinished = path.with_suffix(".part")
    with av.open(str(unfinished), "w", format="mp4") as file:
        stream = file.add_stream("libx264", rate=round(rate))
        stream.options = {"preset": "veryfast", "crf": str(crf), "g": str(_KEYFRAMES)}
        stream.pix_fmt, stream.thread_count = "yuv420p", 1
        height = width = 0
        for frame in frames:
            if not width:
                height, width = (side // 2 * 2 for side in frame.shape[:2])
                stream.width, stream.height = width, height
            even = np.ascontiguousarray(frame[:height, :width])
            file.mux(stream.encode(av.VideoFrame.from_ndarray(even, "rgb24")))
        file.mux(stream.encode())
    unfinished.rename(path)


def facts(path: Path) -> Facts:
    """What a video's container says of it."""
    with av.open(str(path)) as file:
        stream = file.streams.video[0]
        whole = (file.duration or 0) / av.time_base  # of all streams: WebM says no other
        seconds = float(stream.duration * stream.time_base) if stream.duration else whole
        return Facts(round(1000 * seconds), stream.width, stream.height)


class Reader:
    """Gives the frame that a video shows at a time. The times asked for must not descend."""

    def __init__(self, path: Path) -> None:
        self._frames = _decoded(path)
        self._shown = self._next = next(self._frames)
        self._pixels: np.ndarray | None = None

    def at(self, ms: float) -> np.ndarray:
        """The frame at a time in milliseconds, (h, w, 3) uint8 RGB; after the end the last."""
        while self._next is not None and 1000 * self._next.time <= ms + 1:
            self._shown, self._next = self._next, next(self._frames, None)
            self._pixels = None
        if self._pixels is None:
            self._pixels = self._shown.to_ndarray(format="rgb24")
        return self._pixels


def _decoded(path: Path) -> Iterator["av.VideoFrame"]:
    with av.open(str(path)) as file:
        stream = file.streams.video[0]
        stream.thread_count = 1
        yield from file.decode(stream)


def resized(frame: np.ndarray, width: int, height: int) -> np.ndarray:
    """A frame at another size."""
    smaller = width * height < frame.shape[0] * frame.shape[1]
    way = cv2.INTER_AREA if smaller else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(frame, (width, height), interpolation=way))
