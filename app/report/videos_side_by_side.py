"""Pairs of tied videos, or of a video and a picture: their best frames, and when they agree."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from frametrace.app.output.edit_words import alterations, what_happened
from frametrace.app.output.video_words import clock, frames_agree
from frametrace.app.report.frame_thumbnails import FrameSize, typical_frames
from frametrace.app.report.shown_videos import Video
from frametrace.app.report.side_by_side import Side, outlined, pair_of, reduced_size
from frametrace.app.report.span_drawing import SpanDrawing, draw_spans
from frametrace.app.report.thumbnails import Thumbnail

__all__ = [
    "VideoPair",
    "VideoStrip",
    "strips_of",
    "tied_members",
    "videos_side_by_side",
    "wanted_frames",
]

MAX_FRAMES = 8  # in a strip

_Member = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class VideoPair:
    """A video or picture of a group and the one that it is tied to: frames, times and words."""

    sides: tuple[Side, Side]
    drawing: SpanDrawing
    words: str


@dataclass(frozen=True, slots=True)
class VideoStrip:
    """A video in a few of its frames, each with its key and the time when it is shown first."""

    digest: str
    length: str
    size: str
    frames: tuple[tuple[str, str], ...]
    kept: int  # frames that were compared
    typical: str  # the key of its most typical frame, empty without one

    @property
    def name(self) -> str:
        """What it is, in words."""
        return f"video {self.digest[:12]}"


def tied_members(members: Iterable[_Member]) -> list[_Member]:
    """A member for each item that is tied by the frames of a video.

    Altered ones come first, then those with the fewest frames that agree.
    """
    tied: dict[str, _Member] = {}
    for member in members:
        tied.setdefault(member["media_sha256"], member)
    return sorted(tied.values(), key=lambda m: (not alterations(m), m["frames"], m["media_sha256"]))


def wanted_frames(
    videos: Mapping[str, Video], strips: Collection[str], ties: Sequence[_Member]
) -> dict[str, FrameSize]:
    """The frames that the page shows of some videos, each in the largest size that it needs."""
    sizes = dict.fromkeys(typical_frames(videos).values(), FrameSize.LIST)
    paired = [member[name] for member in ties for name in ("frame_a", "frame_b")]
    in_strips = [f.digest for digest in strips for f in videos[digest].strip(MAX_FRAMES)]
    for digests, size in ((in_strips, FrameSize.STRIP), (paired, FrameSize.PAIR)):
        for digest in digests:
            sizes[digest] = max(size, sizes.get(digest, size))
    return sizes


def strips_of(videos: Mapping[str, Video], shown: Collection[str]) -> dict[str, VideoStrip]:
    """The strips of some videos; only frames that have a thumbnail, in `shown`."""
    typical = typical_frames(videos)
    return {
        digest: VideoStrip(
            digest,
            clock(video.duration),
            f"{video.width:,} × {video.height:,} pixels",
            tuple(
                (frame.digest, clock(frame.start))
                for frame in video.strip(MAX_FRAMES)
                if frame.digest in shown
            ),
            len(video.frames),
            typical.get(digest, ""),
        )
        for digest, video in videos.items()
    }


def videos_side_by_side(
    members: Sequence[_Member], videos: Mapping[str, Video], made: Mapping[str, Thumbnail]
) -> list[VideoPair]:
    """The best frames of members beside those that they are tied to, and when they agree."""
    pairs = []
    for member in members:
        items = pair_of(member)
        durations = tuple(videos[item].duration if item in videos else 0 for item in items)
        names = tuple(f"{_kind(item, videos)} {item[:12]}" for item in items)
        drawing = draw_spans(member["spans"], (durations[0], durations[1]), (names[0], names[1]))
        words = f"{what_happened(member)}; {frames_agree(member)}"
        pairs.append(VideoPair(_sides(member, items, videos, made), drawing, words))
    return pairs


def _kind(item: str, videos: Mapping[str, Video]) -> str:
    return "video" if item in videos else "picture"


def _sides(
    member: _Member,
    items: tuple[str, str],
    videos: Mapping[str, Video],
    made: Mapping[str, Thumbnail],
) -> tuple[Side, Side]:
    """The two frames that agree best, outlined if they were compared by their features."""
    digests = member["frame_a"], member["frame_b"]
    size_a, size_b = (_size(item, videos, made) for item in items)
    if size_a and size_b and member["scale"] is not None:
        a, b = outlined(member, digests, (size_a, size_b))
    else:
        a, b = (Side(digest, (4, 3), np.empty((0, 2))) for digest in digests)
    return _named(a, "a", videos.get(items[0]), member), _named(
        b, "b", videos.get(items[1]), member
    )


def _named(side: Side, letter: str, video: Video | None, member: _Member) -> Side:
    """A frame with its name and its time; a picture as it is."""
    if video is None:
        return side
    parts = [(s[f"start_{letter}_ms"], s[f"end_{letter}_ms"]) for s in member["spans"]]
    time = clock(video.time_of(side.digest, parts))
    return replace(side, label=f"frame at {time} of video {video.digest[:12]}", time=time)


def _size(
    item: str, videos: Mapping[str, Video], made: Mapping[str, Thumbnail]
) -> tuple[int, int] | None:
    """The reduced size of a frame of a video, or of a picture that has a thumbnail."""
    if item in videos:
        return reduced_size(videos[item].width, videos[item].height)
    return reduced_size(made[item].width, made[item].height) if item in made else None
