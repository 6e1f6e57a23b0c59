"""Plans how much of a video is decoded: nothing that is known to show little that is new.

A video is a row of groups, each a key frame and the frames that are stored as differences from it.
Decoding key frames alone is ten to thirty times as fast. So of

- a short group only the key frame is decoded: key frames are then samples at most `_SHORT` apart;
- a steady group, of which no part takes many more bytes than the rest as a cut, an insert or a
  sudden movement would, all but the last `_TAIL` milliseconds;
- a steady group whose key frame is like the next one the first quarter: the hashes of a speaker's
  small movements show how two copies lie to each other in time;
- every other group everything.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from frametrace.embed.video.frame_pixels import FrameShape, small_luma
from frametrace.embed.video.frame_times import MAX_DURATION, milliseconds
from frametrace.embed.video.frame_views import FrameView
from frametrace.embed.video.open_video import OpenVideo, open_video

if TYPE_CHECKING:
    from av.packet import Packet
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

__all__ = ["GroupPlan", "packet_time", "plan_decoding"]

_SHORT = 1050  # ms; cuts are then found to half a second
_TAIL = 2500  # ms
_QUIET_PART = 0.25  # of a steady group, that is decoded in any case
_WINDOW = 500  # ms in which bytes are counted
# A cut inside a group takes as many bytes as a key frame: a frame of a speaker a tenth of that. In
# 720p clips of a speaker the largest window has 1.2 times the bytes of the median one.
_MAX_FRAME_SHARE = 0.35
_MAX_WINDOW_RATIO = 2.5
# Two key frames are alike if their PDQ differs by less: between unrelated frames it differs by 90
# bits or more. A speaker's key frames, 8 seconds apart, differ by 4 to 40.
_ALIKE_BITS = 40
_MAX_RATE_RATIO = 1.5  # bytes a second of the last group, by those of a quiet one before it
_MAX_WINDOWS = 2 * MAX_DURATION // _WINDOW


@dataclass(frozen=True, slots=True)
class GroupPlan:
    """How much of a group is decoded: the key frame and what is shown before `until`, in ms.

    `is_steady`: it shows no cut, so what is not decoded goes on to its end. `length` is in ms, 0 if
    it is unknown.
    """

    until: float
    is_steady: bool
    length: int


@dataclass(slots=True)
class _Group:
    """A key frame and what follows it, as far as its packets tell."""

    start: int | None  # ms
    key_size: int  # bytes
    end: int | None = None  # ms: where the next group starts
    size: int = 0  # bytes of all packets after the key frame
    largest: int = 0  # bytes of one of them
    windows: dict[int, int] = field(default_factory=dict)  # bytes by half seconds
    is_steady: bool = False

    def add(self, packet: "Packet[VideoStream]") -> None:
        """Count a packet after the key frame."""
        self.size += packet.size
        self.largest = max(self.largest, packet.size)
        window = (packet_time(packet) or 0) // _WINDOW
        if window in self.windows or len(self.windows) < _MAX_WINDOWS:
            self.windows[window] = self.windows.get(window, 0) + packet.size

    def close(self, end: int | None) -> None:
        """Note where it ends, and whether no part of it takes many more bytes than the rest."""
        self.end = end
        sizes = np.array(list(self.windows.values()) or [0])
        self.is_steady = self.largest <= _MAX_FRAME_SHARE * self.key_size and bool(
            sizes.max() <= _MAX_WINDOW_RATIO * np.median(sizes)
        )
        self.windows.clear()

    @property
    def length(self) -> int:
        """Milliseconds; 0 if its times are unknown."""
        return self.end - self.start if self.start is not None and self.end is not None else 0

    @property
    def rate(self) -> float:
        """Bytes a second after the key frame."""
        return 1000 * self.size / max(self.length, 1)


def packet_time(packet: "Packet[VideoStream]") -> int | None:
    """When a packet is shown, in milliseconds; None if it doesn't say so."""
    time = packet.pts if packet.pts is not None else packet.dts
    return milliseconds(time, packet.time_base)


def plan_decoding(data: bytes) -> list[GroupPlan]:
    """Read the packets of a video, decode its key frames, and plan group by group, in order.

    Raises `DecodeError` and `FormatMissing` as `open_video` does.
    """
    groups: list[_Group] = []
    with open_video(data) as video:
        keys = _KeyFrames(video)
        end: int | None = None
        for packet in video.packets():
            if not packet.size:
                continue
            time = packet_time(packet)
            if groups and not packet.is_keyframe:
                groups[-1].add(packet)
                end = max(
                    end or 0, (time or 0) + (milliseconds(packet.duration, packet.time_base) or 0)
                )
                continue
            if groups:
                groups[-1].close(time)
            keys.add(packet, time)
            groups.append(_Group(time, packet.size))
        keys.finish()
        if groups:
            groups[-1].close(end)
    return _plans(groups, keys.alike)


def _plans(groups: Sequence[_Group], alike: Mapping[int, int]) -> list[GroupPlan]:
    """`alike` maps the time of a key frame to that of the next one, if they are alike."""
    plans: list[GroupPlan] = []
    before: _Group | None = None  # the last one, if it was quiet
    for at, group in enumerate(groups):
        start, length, is_last = group.start, group.length, at == len(groups) - 1
        is_quiet = group.is_steady and start is not None and alike.get(start) == group.end
        if is_last and before is not None:
            is_quiet = group.is_steady and group.rate <= _MAX_RATE_RATIO * before.rate
        until = math.inf
        if start is not None and 0 < length <= _SHORT:
            until = start
        elif start is not None and length > 0 and group.is_steady and (is_quiet or not is_last):
            part = _QUIET_PART * length
            until = start + (part if is_quiet else max(part, length - _TAIL))
        plans.append(GroupPlan(until, group.is_steady, length))
        before = group if is_quiet and length > _SHORT else None
    return plans


class _KeyFrames:
    """Compares each key frame with the next: `alike` maps its time to the next one's, if alike."""

    def __init__(self, video: OpenVideo) -> None:
        self.alike: dict[int, int] = {}
        self._video = video
        self._last: tuple[int, FrameView] | None = None
        self._decoded: int | None = None

    def add(self, packet: "Packet[VideoStream]", time: int | None) -> None:
        """Decode a key frame, unless it is in a row of short groups."""
        if time is None or (self._decoded is not None and 0 <= time - self._decoded <= _SHORT):
            return
        self._decoded = time
        self._compare(self._video.decode(packet))

    def finish(self) -> None:
        """Compare the last key frames."""
        self._compare(self._video.remaining())

    def _compare(self, frames: "list[VideoFrame]") -> None:
        for frame in frames:
            time = self._video.time_of(frame)
            if time is None:
                continue
            view = FrameView.of(small_luma(frame, FrameShape.of(frame, None)))
            if self._last is not None and view.bits_to(self._last[1]) <= _ALIKE_BITS:
                self.alike[self._last[0]] = time
            self._last = time, view
