"""The kinds of media: how each is recognized, bounded and decoded to frames.

No other module needs to know how an item is read. A picture has one frame, a video several and a
timeline.
"""

from abc import ABC, abstractmethod
from typing import ClassVar

from frametrace.embed.decoding.decode import decode
from frametrace.embed.video.timeline import Frames, SingleFrame
from frametrace.embed.video.video_formats import video_format
from frametrace.embed.video.video_frames import VideoFrames
from frametrace.posts.errors import DecodeError
from frametrace.posts.media.identify_picture import MAX_PICTURE_BYTES, MAX_VIDEO_BYTES

__all__ = ["KINDS", "MediaKind", "PictureKind", "VideoKind", "decode_frames", "max_media_bytes"]


class MediaKind(ABC):
    """One kind of media. It has no state."""

    name: ClassVar[str]
    max_bytes: ClassVar[int]

    @abstractmethod
    def recognizes(self, data: bytes) -> bool:
        """Whether the bytes are an item of this kind; file names are ignored."""

    @abstractmethod
    def frames(self, data: bytes) -> Frames:
        """The frames of an item. Raises `DecodeError` or `FormatMissing`, here or in iteration."""


class PictureKind(MediaKind):
    """A picture or animation: one frame. It tries all bytes that no other kind recognizes."""

    name = "picture"
    max_bytes = MAX_PICTURE_BYTES

    def recognizes(self, data: bytes) -> bool:
        """True for all bytes: the decoder reports why some are not a picture."""
        return True

    def frames(self, data: bytes) -> Frames:
        """The picture itself. Raises as `decode` does."""
        return SingleFrame(decode(data))


class VideoKind(MediaKind):
    """A video: the frames that show what it shows, and a timeline."""

    name = "video"
    max_bytes = MAX_VIDEO_BYTES

    def recognizes(self, data: bytes) -> bool:
        """Whether the bytes begin as a format of videos does; it may have no video stream."""
        return video_format(data) is not None

    def frames(self, data: bytes) -> Frames:
        """The kept frames; what is wrong with the file is raised in the iteration."""
        return VideoFrames(data)


# The first that recognizes the bytes is taken.
KINDS: list[MediaKind] = [VideoKind(), PictureKind()]


def decode_frames(data: bytes) -> Frames:
    """The frames of a media item. Raises `DecodeError` as `MediaKind.frames` does."""
    kind = next(kind for kind in KINDS if kind.recognizes(data))
    if len(data) > kind.max_bytes:
        raise DecodeError(f"over the limit of {kind.max_bytes:,} bytes for a {kind.name}")
    return kind.frames(data)


def max_media_bytes() -> int:
    """The size limit of the largest kind, in bytes: no more of a file is ever read."""
    return max(kind.max_bytes for kind in KINDS)
