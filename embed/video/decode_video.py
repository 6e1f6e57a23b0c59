"""Decodes a video as planned: a bounded stream of frames with their times."""

import math
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from frametrace.embed.video.decode_plan import GroupPlan, packet_time
from frametrace.embed.video.frame_times import MAX_DURATION, milliseconds
from frametrace.embed.video.open_video import OpenVideo

if TYPE_CHECKING:
    from av.packet import Packet
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

__all__ = ["SAMPLE_STEP", "DecodedFrame", "VideoDecoder"]

SAMPLE_STEP = 240  # ms between the frames that are given: just under a quarter of a second
_EVERYTHING = GroupPlan(math.inf, is_steady=False, length=0)


@dataclass(frozen=True, slots=True)
class _Skipped:
    """What of a group was not decoded: after `start`, to the next key frame at `end`, in ms."""

    start: int
    end: int
    is_steady: bool


@dataclass(frozen=True, slots=True)
class DecodedFrame:
    """A frame of a video, shown at `time` milliseconds.

    What it shows may have begun at `since`, after the frame that was given before it.
    """

    time: int
    since: int
    frame: "VideoFrame"


class VideoDecoder:
    """Iterate once for the sampled frames; then it says what was left out."""

    def __init__(self, video: OpenVideo, plan: Sequence[GroupPlan]) -> None:
        self._video = video
        self._plan = plan
        self._clock = video.clock()
        self._skipped: deque[_Skipped] = deque(maxlen=4)
        self.end = 0  # ms; where the last decoded frame ends
        self.corrupt = 0  # frames that the decoder gave in spite of damage
        self.is_too_long = False

    def __iter__(self) -> Iterator[DecodedFrame]:
        """The frames at least `SAMPLE_STEP` apart; fewer where not all are decoded."""
        last: int | None = None  # time of the last sample
        key: int | None = None  # time of the first key frame after it that was not sampled
        for frame in self._frames():
            if frame.is_corrupt:
                self.corrupt += 1
                continue
            stored = self._video.time_of(frame)
            time = self._clock.at(stored)
            if time >= MAX_DURATION:
                self.is_too_long = True
                return
            self._note_end(time, frame)
            if last is None or time - last >= SAMPLE_STEP:
                since = (last or 0) + (time - (last or 0)) // 2
                if key is not None:  # a cut is there rather than anywhere else
                    since = key
                elif last is None or self._holds_until(stored):
                    since = time
                last, key = time, None
                yield DecodedFrame(time, since, frame)
            elif key is None and frame.key_frame:
                key = time

    def _note_end(self, time: int, frame: "VideoFrame") -> None:
        length = milliseconds(frame.duration or None, self._video.stream.time_base)
        self.end = max(self.end, min(time + (length or self._clock.step), MAX_DURATION))

    def _holds_until(self, stored: int | None) -> bool:
        """Whether all that was not decoded before a frame shows no cut."""
        return any(skip.is_steady and skip.end == stored for skip in self._skipped)

    def _frames(self) -> "Iterator[VideoFrame]":
        for packet in self._chosen():
            for frame in self._video.decode(packet):
                if not self._is_leading(frame):
                    yield frame
        yield from self._video.remaining()

    def _chosen(self) -> "Iterator[Packet[VideoStream]]":
        """The packets that the plan has decoded."""
        group, plan = -1, _EVERYTHING
        fed: int | None = None  # when the last packet given is shown
        skips = False  # the rest of this group
        holds = True  # whether what is not decoded since `fed` shows no cut
        for packet in self._video.packets():
            if not packet.size:
                continue
            time = packet_time(packet)
            if packet.is_keyframe or group < 0:
                group += 1
                skipped, holds = skips, holds and plan.is_steady
                plan = self._plan[group] if group < len(self._plan) else _EVERYTHING
                skips = skipped and _is_dense(fed, time, plan)
                if skipped and not skips and fed is not None and time is not None:
                    self._skipped.append(_Skipped(fed, time, holds))
            elif not skips:
                skips = time is not None and time >= plan.until
            if not skips:
                fed, holds = time, True
                yield packet

    def _is_leading(self, frame: "VideoFrame") -> bool:
        """Whether a frame after a key frame refers to frames that were not decoded."""
        time = self._video.time_of(frame)
        return time is not None and any(skip.start < time < skip.end for skip in self._skipped)


def _is_dense(fed: int | None, time: int | None, plan: GroupPlan) -> bool:
    """Whether a key frame is one of more than are sampled."""
    if fed is None or time is None:
        return False
    return 0 <= time - fed < SAMPLE_STEP and 0 < plan.length < SAMPLE_STEP
