"""Reads a video: its kept frames as pictures, and its timeline."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from frametrace.embed.decoding.decode import Picture
from frametrace.embed.signals.pdq import compute_pdq
from frametrace.embed.video.choose_frames import Allowance, FrameChooser
from frametrace.embed.video.decode_plan import plan_decoding
from frametrace.embed.video.decode_video import VideoDecoder
from frametrace.embed.video.frame_pixels import FrameShape, hashed_luma, picture, small_luma
from frametrace.embed.video.frame_times import MAX_DURATION
from frametrace.embed.video.open_video import OpenVideo, open_video
from frametrace.embed.video.timeline import Frames, Timeline
from frametrace.embed.video.video_formats import is_cut
from frametrace.posts.errors import DecodeError
from frametrace.work.time_limit import allow_seconds

if TYPE_CHECKING:
    from av.video.frame import VideoFrame

__all__ = ["VideoFrames"]

_TRACK_STEP = 480  # ms between the samples of the track: two a second
_MAX_INT32 = 2**31 - 1  # ms: 24 days
_BASE_SECONDS = 60  # that a video may take to be read, as a picture
_SECONDS_OF_SECOND = 0.25  # more for each second of it: a tenth of the speed that is measured


@dataclass(frozen=True, slots=True)
class _Shown:
    """A decoded frame and how it is shown."""

    frame: "VideoFrame"
    shape: FrameShape


class VideoFrames(Frames):
    """The kept frames of a video, decoded as they are asked for; a few are in memory at a time."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def __iter__(self) -> Iterator[Picture]:
        """Decode the kept frames. Notes on what was left out are on the last."""
        reading = _Reading(self._data)
        last: Picture | None = None
        try:
            for kept in reading.pictures():
                if last is not None:
                    yield last
                last = kept
        except DecodeError:
            raise
        except MemoryError:
            raise DecodeError("not enough memory to decode it") from None
        except Exception as error:  # codecs raise any exception for hostile input
            raise DecodeError(f"damaged video: {str(error)[:100]}") from None
        if last is None:
            raise DecodeError("damaged video: no frame of it can be read")
        self.timeline = reading.timeline()
        yield replace(last, notes=reading.notes())


class _Reading:
    """One reading of a video: what is shown, and what was left out."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._chooser: FrameChooser[_Shown] = FrameChooser(Allowance.of(MAX_DURATION))
        self._track = _Track()
        self._size = (0, 0)
        self._end = self._duration = 0  # ms; of what was read, of the video
        self._notes: list[str] = []

    def pictures(self) -> Iterator[Picture]:
        """The kept frames."""
        with open_video(self._data) as video:
            length = min(video.stated or MAX_DURATION, MAX_DURATION)
            allow_seconds(_BASE_SECONDS + _SECONDS_OF_SECOND * length / 1000)
            self._chooser = FrameChooser(Allowance.of(length))
            decoder = VideoDecoder(video, plan_decoding(self._data))
            for decoded in decoder:
                shape = FrameShape.of(decoded.frame, video.stream.sample_aspect_ratio)
                shown = _Shown(decoded.frame, shape)
                self._size = self._size if any(self._size) else shape.shown
                self._track.add(decoded.time, shown)
                luma = small_luma(decoded.frame, shape)
                for kept in self._chooser.add(decoded.time, decoded.since, luma, shown):
                    yield picture(kept.frame, kept.shape)
            self._conclude(video, decoder)
        for kept in self._chooser.finish(self._end):
            yield picture(kept.frame, kept.shape)

    def timeline(self) -> Timeline:
        """When each kept frame is shown; after all pictures."""
        shown = self._chooser.intervals()
        track = self._track
        return Timeline(
            duration=self._duration,
            width=self._size[0],
            height=self._size[1],
            frames=shown.frames,
            starts=shown.starts,
            ends=shown.ends,
            moving=shown.moving,
            sample_times=np.array(track.times, np.int32),
            sample_hashes=np.frombuffer(b"".join(track.hashes), np.uint8).reshape(-1, 32),
            sample_qualities=np.array(track.qualities, np.uint8),
        )

    def notes(self) -> tuple[str, ...]:
        """Sentences on what was left out; after all pictures."""
        left_out = self._chooser.left_out
        if left_out:
            self._notes.append(f"its picture changes too often: {left_out:,} shots have no frame")
        return tuple(self._notes)

    def _conclude(self, video: OpenVideo, decoder: VideoDecoder) -> None:
        """Note how long the video is, and what of it is damaged or left out."""
        unreadable = video.unreadable + decoder.corrupt
        cut = is_cut(self._data)
        stated = 0 if cut or unreadable else video.stated or 0
        self._duration = min(max(decoder.end, stated), _MAX_INT32)
        self._end = min(self._duration, MAX_DURATION)
        if cut:
            self._notes.append("damaged: its end is missing")
        elif unreadable:
            self._notes.append(f"damaged: frames that can't be read: {unreadable:,}")
        if decoder.is_too_long:
            hours = MAX_DURATION // 3_600_000
            self._notes.append(f"longer than {hours} hours: the rest is left out")


class _Track:
    """PDQ of samples at regular times."""

    def __init__(self) -> None:
        self.times: list[int] = []
        self.hashes: list[bytes] = []
        self.qualities: list[int] = []

    def add(self, time: int, shown: _Shown) -> None:
        """Take the frame at `time` milliseconds, if the last sample is long enough ago."""
        if self.times and time - self.times[-1] < _TRACK_STEP:
            return
        code, quality = compute_pdq(hashed_luma(shown.frame, shown.shape))
        self.times.append(time)
        self.hashes.append(code)
        self.qualities.append(quality)
