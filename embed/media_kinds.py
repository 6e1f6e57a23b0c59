"""The kinds of media: how each is recognized, bounded and decoded to frames.

One media item may have many frames, each with its own values of every picture signal. A picture has
one. No other module needs to know the kind of an item.

To add a kind, such as video with its keyframes: one class here (or one file and a line in `KINDS`)
that recognizes the bytes and yields a `Frame` for each keyframe, with the time at which it is
shown. The values of an item's frames then become rows of one `sha256`, in order. For pictures the
tables of signals have one row for each item and no column for frames. A kind whose frames have a
`second` adds the nullable column `second` (float64) to them: rows of pictures, and of shards that
were written before there was such a kind, are null there.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from frametrace.embed.decoding.decode import Picture, decode
from frametrace.posts.errors import DecodeError
from frametrace.posts.media.identify_picture import MAX_PICTURE_BYTES

__all__ = ["KINDS", "Frame", "MediaKind", "PictureKind", "decode_frames", "max_media_bytes"]


@dataclass(frozen=True, slots=True)
class Frame:
    """One decoded frame of a media item; `second` is its time from the start, None in a picture."""

    picture: Picture
    second: float | None = None


class MediaKind(ABC):
    """One kind of media. It has no state."""

    name: ClassVar[str]
    max_bytes: ClassVar[int]

    @abstractmethod
    def recognizes(self, data: bytes) -> bool:
        """Whether the bytes are an item of this kind; file names are ignored."""

    @abstractmethod
    def frames(self, data: bytes) -> Iterator[Frame]:
        """Decode the frames, in order, one or more.

        Raises `DecodeError` with a plain reason, and `FormatMissing` if a package is missing.
        """


class PictureKind(MediaKind):
    """A picture or animation: one frame. It tries all bytes that no other kind recognizes."""

    name = "picture"
    max_bytes = MAX_PICTURE_BYTES

    def recognizes(self, data: bytes) -> bool:
        """True for all bytes: the decoder reports why some are not a picture."""
        return True

    def frames(self, data: bytes) -> Iterator[Frame]:
        """The picture itself. Raises as `decode` does."""
        yield Frame(decode(data))


KINDS: list[MediaKind] = [PictureKind()]  # the first that recognizes the bytes is taken


def decode_frames(data: bytes) -> Iterator[Frame]:
    """The frames of a media item. Raises `DecodeError` as `MediaKind.frames` does."""
    kind = next(kind for kind in KINDS if kind.recognizes(data))
    if len(data) > kind.max_bytes:
        raise DecodeError(f"over the limit of {kind.max_bytes:,} bytes for a {kind.name}")
    return kind.frames(data)


def max_media_bytes() -> int:
    """The size limit of the largest kind, in bytes: no more of a file is ever read."""
    return max(kind.max_bytes for kind in KINDS)
