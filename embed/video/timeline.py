"""When the frames of a video are shown, and how a media item gives its frames."""

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from frametrace.embed.decoding.decode import Picture

__all__ = ["Frames", "SingleFrame", "Timeline", "frame_digest"]


@dataclass(frozen=True, slots=True)
class Timeline:
    """When each kept frame of a video is shown, and hashes of the video at regular times.

    `duration` is in milliseconds; `width` and `height` are in pixels, upright. Interval i shows the
    kept frame number `frames[i]`, (k,) int32, from `starts[i]` to `ends[i]`, (k,) int64
    milliseconds, ascending and without overlap. `moving` is (n, 32) uint8: for each kept frame the
    cells, 16 x 16 bits row by row, in which the picture moves while it is shown. `sample_times` is
    (s,) int32 milliseconds, ascending, `sample_hashes` (s, 32) uint8: PDQ; `sample_qualities` (s,)
    uint8.
    """

    duration: int
    width: int
    height: int
    frames: np.ndarray
    starts: np.ndarray
    ends: np.ndarray
    moving: np.ndarray
    sample_times: np.ndarray
    sample_hashes: np.ndarray
    sample_qualities: np.ndarray


class Frames(ABC):
    """The frames of a media item. Iterate once, in order; then read `timeline`."""

    timeline: Timeline | None = None  # of a video, after the iteration

    @abstractmethod
    def __iter__(self) -> Iterator[Picture]:
        """Decode the kept frames, one or more.

        Raises `DecodeError` with a plain reason, and `FormatMissing` if a package is missing.
        """


class SingleFrame(Frames):
    """The one frame of a picture."""

    def __init__(self, picture: Picture) -> None:
        self._picture = picture

    def __iter__(self) -> Iterator[Picture]:
        yield self._picture


def frame_digest(video_sha256: str, number: int) -> str:
    """The key of a video's kept frame, 64 hexadecimal digits: its place, not its pixels."""
    return hashlib.sha256(f"{video_sha256} frame {number}".encode()).hexdigest()
