"""Opens videos with FFmpeg (PyAV) so that hostile ones are bounded: few formats, no other files."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from frametrace.embed.video.frame_times import FrameClock, milliseconds
from frametrace.embed.video.video_formats import VideoFormat, has_no_index, is_cut, video_format
from frametrace.posts.errors import DecodeError, FormatMissing

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.packet import Packet
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

__all__ = ["MAX_VIDEO_PIXELS", "VIDEO_FORMAT_NAMES", "OpenVideo", "open_video"]

VIDEO_FORMAT_NAMES = "MP4, MOV, 3GP, WebM, Matroska, AVI, MPEG-TS"
# 4K and the 5.7K of panoramas pass. A decoder holds up to 17 frames: with 1.5 bytes a pixel 460 MB.
# (Reading 8K with 16 reference frames took 1.4 GiB.)
MAX_VIDEO_PIXELS = 18_000_000

# Decoders of what phones, platforms and messengers store. Others are rare and little tested.
_DECODERS = (
    *("h264", "hevc", "libdav1d", "vp8", "vp9", "libvpx", "libvpx-vp9", "mpeg4", "mpeg2video"),
    *("mpeg1video", "h263", "msmpeg4v2", "msmpeg4", "mjpeg", "prores", "dnxhd", "theora", "svq3"),
)
_CONTAINER_OPTIONS = {
    "protocol_whitelist": "none",  # no protocol: nothing but the given bytes is ever opened
    "format_whitelist": "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpegts",
    "codec_whitelist": ",".join(_DECODERS),
    "max_streams": "64",
    "probesize": "2000000",  # bytes; and microseconds: what is read to learn what the streams are
    "analyzeduration": "2000000",
}
_MOV_OPTIONS = {"enable_drefs": "0", "use_absolute_path": "0"}
# Frames that no other frame refers to are skipped, and the filter that smooths the edges of blocks
# is applied to key frames alone: PDQ changes by 0 to 10 bits, and decoding takes half the time.
# (Without all B-frames it would change by 28 in the median.)
_DECODER_OPTIONS = {"skip_loop_filter": "nokey", "max_pixels": str(MAX_VIDEO_PIXELS)}
_MAX_PACKETS = 2_000_000  # three hours of 180 frames a second


@dataclass(slots=True)
class OpenVideo:
    """An open file and its video stream; `stated` is its duration in ms, if the file states one.

    `unreadable` counts the packets that could not be read or decoded so far.
    """

    container: "InputContainer"
    stream: "VideoStream"
    stated: int | None
    unreadable: int = field(default=0, init=False)

    def clock(self) -> FrameClock:
        """A clock for the frames of the stream."""
        return FrameClock(self.stated, self.stream.average_rate)

    def packets(self) -> "Iterator[Packet[VideoStream]]":
        """The packets of the stream in their order in the file, then an empty one.

        Ends early where the file is damaged.
        """
        from av.error import FFmpegError

        packets = self.container.demux(self.stream)
        for _ in range(_MAX_PACKETS):
            try:
                packet = next(packets, None)
            except FFmpegError:
                self.unreadable += 1
                return
            if packet is None:
                return
            yield packet

    def decode(self, packet: "Packet[VideoStream]") -> "list[VideoFrame]":
        """The frames that the decoder gives for a packet; none for a damaged one."""
        from av.error import FFmpegError

        try:
            return packet.decode()
        except FFmpegError:
            self.unreadable += 1
            return []

    def time_of(self, frame: "VideoFrame") -> int | None:
        """When a frame is shown as the file says, in milliseconds; None if it doesn't say so."""
        return milliseconds(frame.pts, self.stream.time_base)

    def remaining(self) -> "list[VideoFrame]":
        """The frames that the decoder still holds."""
        from av.error import FFmpegError

        try:
            return self.stream.decode(None)
        except FFmpegError:
            return []


@contextmanager
def open_video(data: bytes) -> Iterator[OpenVideo]:
    """Open the video stream of a file's bytes.

    Nothing else is ever opened: no file, no address, whatever the bytes refer to. Raises
    `DecodeError` with a plain reason, and `FormatMissing` if the package is missing.
    """
    try:
        import av
    except ImportError:
        raise FormatMissing(
            'videos need a package: pip install "frametrace[video]", then embed again'
        ) from None
    format = video_format(data)
    if format is None:
        raise DecodeError(f"not a video that can be read ({VIDEO_FORMAT_NAMES})")
    options = _CONTAINER_OPTIONS | (_MOV_OPTIONS if format == VideoFormat.MP4 else {})
    try:
        container = av.open(
            io.BytesIO(data),
            "r",
            format=format.value,
            container_options=options,
            metadata_errors="replace",
            io_open=_open_nothing,
        )
    except (av.FFmpegError, ValueError, MemoryError) as error:
        raise DecodeError(_why_not(data, error)) from None
    with container:
        yield _opened(container)


def _opened(container: "InputContainer") -> OpenVideo:
    stream = _video_stream(container)
    context = stream.codec_context
    _check_size(context.width, context.height)
    context.thread_count = 1
    context.skip_frame = "NONREF"
    context.options = _DECODER_OPTIONS
    # The last frame is shown while sound goes on, so the file's duration counts.
    whole = container.duration // 1000 if container.duration is not None else 0  # microseconds
    stated = max(milliseconds(stream.duration, stream.time_base) or 0, whole)
    return OpenVideo(container, stream, stated if stated > 0 else None)


def _video_stream(container: "InputContainer") -> "VideoStream":
    """The stream that players show: the default one, or the largest; never the cover."""
    from av.stream import Disposition

    covers = Disposition.attached_pic | Disposition.timed_thumbnails
    videos = [stream for stream in container.streams.video if not stream.disposition & covers]
    if not videos:
        kind = "only sound" if container.streams.audio else "no video"
        raise DecodeError(f"not a video: it has {kind}")
    readable = [stream for stream in videos if _decoder(stream) in _DECODERS]
    if not readable:
        raise DecodeError(f"its video has a coding that isn't read: {_decoder(videos[0])}")
    return max(
        readable,
        key=lambda stream: (
            bool(stream.disposition & Disposition.default),
            stream.codec_context.width * stream.codec_context.height,
        ),
    )


def _decoder(stream: "VideoStream") -> str:
    context: Any = stream.codec_context
    return str(context.name) if context is not None else "unknown"


def _check_size(width: int, height: int) -> None:
    if width * height > MAX_VIDEO_PIXELS:
        raise DecodeError(f"over the limit of {MAX_VIDEO_PIXELS // 10**6} megapixels for a video")


def _open_nothing(*_: object) -> None:
    raise PermissionError("files that a video refers to are never opened")


def _why_not(data: bytes, error: Exception) -> str:
    if has_no_index(data):
        return "damaged video: its index (moov) is missing: it was cut off or never finished"
    ending = "; its end is missing" if is_cut(data) else ""
    reason = getattr(error, "strerror", None) or type(error).__name__
    return f"damaged video: {str(reason)[:100]}{ending}"
