"""Videos that tests make for themselves: scenes of made-up pictures, encoded with PyAV."""

import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from making import photo
from PIL import Image

__all__ = ["clip", "cuts", "held", "moved", "pan", "scenes", "silence"]

SIZE = (320, 180)
RATE = 25  # frames a second


def held(seed: int, seconds: float, size: tuple[int, int] = SIZE) -> Iterator[np.ndarray]:
    """A scene that stands still: frames (height, width, 3) uint8."""
    frame = np.asarray(photo(seed, *size))
    for _ in range(round(seconds * RATE)):
        yield frame


def pan(seed: int, seconds: float, speed: float = 0.1) -> Iterator[np.ndarray]:
    """A slow move over a wide picture, by `speed` of the width a second."""
    width, height = SIZE
    distance = round(width * speed * seconds)
    wide = np.asarray(photo(seed, width + distance, height))
    frames = round(seconds * RATE)
    for at in range(frames):
        left = round(distance * at / frames)
        yield wide[:, left : left + width]


def scenes(*parts: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
    """Scenes one after another."""
    for part in parts:
        yield from part


def cuts(*seeds: int, seconds: float = 2) -> Iterator[np.ndarray]:
    """Still scenes, cut to each other."""
    return scenes(*(held(seed, seconds) for seed in seeds))


def clip(
    frames: Iterable[np.ndarray],
    format: str = "mp4",
    codec: str = "libx264",
    *,
    pixels: str = "yuv420p",
    sound: float = 0,
    times: Sequence[int] | None = None,
    file: Mapping[str, str] | None = None,
    **stream: Any,
) -> bytes:
    """Frames as the bytes of a video file.

    `times` are the frames' times in units of 1/1000 s; `sound` seconds of silence are added. `file`
    are options of the format; `stream` are attributes of the stream, or options of the codec.
    """
    import av

    sink = io.BytesIO()
    with av.open(sink, "w", format, options=dict(file or {})) as container:
        video: Any = None
        for number, pixels_of_frame in enumerate(frames):
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels_of_frame), "rgb24")
            if video is None:
                video = _stream(container, codec, frame, pixels, stream)
                if sound:
                    audio = container.add_stream("aac", 44100)
            if times is not None:
                frame.time_base, frame.pts = video.codec_context.time_base, times[number]
            container.mux(video.encode(frame))
        container.mux(video.encode(None))
        if sound:
            for packet in silence(audio, sound):
                container.mux(packet)
    return sink.getvalue()


def _stream(container: Any, codec: str, frame: Any, pixels: str, chosen: Mapping[str, Any]) -> Any:
    from fractions import Fraction

    attributes = {"time_base", "sample_aspect_ratio", "color_range", "codec_tag", "gop_size"}
    options = {
        key: str(value) for key, value in chosen.items() if key not in attributes | {"matrix"}
    }
    if codec == "libx264":
        options = {"preset": "veryfast", **options}
    stream = container.add_stream(codec, RATE, options=options)
    stream.width, stream.height, stream.pix_fmt = frame.width, frame.height, pixels
    for key, value in chosen.items():
        if key in attributes:
            setattr(stream.codec_context, key, value)
    if "matrix" in chosen:
        stream.set_display_matrix(chosen["matrix"])
    stream.codec_context.thread_count = 1
    if "time_base" in chosen:
        stream.time_base = Fraction(chosen["time_base"])
    return stream


def silence(stream: Any, seconds: float) -> Iterator[Any]:
    """Packets of silence for an audio stream."""
    import av

    for start in range(0, int(seconds * 44100), 1024):
        frame = av.AudioFrame.from_ndarray(np.zeros((2, 1024), np.float32), "fltp", "stereo")
        frame.sample_rate, frame.pts = 44100, start
        yield from stream.encode(frame)
    yield from stream.encode(None)


def moved(image: Image.Image, right: int) -> Image.Image:
    """A picture whose content is moved to the right; what is missing repeats."""
    return Image.fromarray(np.roll(np.asarray(image), right, axis=1))


@lru_cache(maxsize=1)
def short_clip() -> bytes:
    """Four seconds with a cut after two, 320 x 180, H.264 in MP4."""
    return clip(cuts(1, 2))
