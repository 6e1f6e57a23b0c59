"""Videos that tests make for themselves: scenes of made-up pictures, encoded with PyAV."""

import random
import struct
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from making import photo

__all__ = [
    "RATE",
    "SIZE",
    "changed_box",
    "clip",
    "cuts",
    "held",
    "mutated",
    "pan",
    "scenes",
    "short_clip",
    "small_clips",
]

SIZE = (320, 180)
RATE = 25  # frames a second

# What holds other boxes in MP4, as far as tests change what is inside.
_HOLDERS = (b"moov", b"trak", b"mdia", b"minf", b"dinf", b"stbl", b"edts")


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
    sound: float = 0,
    times: Sequence[int] | None = None,
    **chosen: Any,
) -> bytes:
    """Frames as the bytes of a video file, with `sound` seconds of silence.

    `times` are the frames' times in milliseconds. `chosen` are options of the codec, but for
    `pixels` (their format), `aspect` (of a pixel), `matrix` (how players turn the video) and
    `flags` (of the format MP4).
    """
    import av

    flags = chosen.pop("flags", "")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "clip"
        with av.open(path, "w", format, options={"movflags": flags} if flags else {}) as container:
            video: Any = None
            for number, pixels in enumerate(frames):
                frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), "rgb24")
                if video is None:
                    video = _stream(container, codec, frame, chosen)
                    audio = container.add_stream("aac", 44100) if sound else None
                if times is not None:
                    frame.time_base, frame.pts = Fraction(1, 1000), times[number]
                container.mux(video.encode(frame))
            if video is not None:
                container.mux(video.encode(None))
            for packet in _silence(audio, sound) if video is not None and sound else ():
                container.mux(packet)
        return path.read_bytes()


def _stream(container: Any, codec: str, frame: Any, chosen: Mapping[str, Any]) -> Any:
    """A video stream; without threads, so that the same frames give the same bytes."""
    special = {"pixels", "aspect", "matrix"}
    options = {key: str(value) for key, value in chosen.items() if key not in special}
    if codec == "libx264":
        options = {"preset": "veryfast", **options}
    stream = container.add_stream(codec, RATE, options=options)
    stream.width, stream.height = frame.width, frame.height
    stream.pix_fmt = chosen.get("pixels", "yuv420p")
    stream.codec_context.thread_count = 1
    if "aspect" in chosen:
        stream.codec_context.sample_aspect_ratio = chosen["aspect"]
    if "matrix" in chosen:
        stream.set_display_matrix(chosen["matrix"])
    return stream


def _silence(stream: Any, seconds: float) -> Iterator[Any]:
    import av

    for start in range(0, int(seconds * 44100), 1024):
        frame = av.AudioFrame.from_ndarray(np.zeros((2, 1024), np.float32), "fltp", "stereo")
        frame.sample_rate, frame.pts = 44100, start
        yield from stream.encode(frame)
    yield from stream.encode(None)


@lru_cache(maxsize=1)
def short_clip() -> bytes:
    """Four seconds with a cut after two, 320 x 180, H.264 in MP4, its index at the end."""
    return clip(cuts(1, 2))


@lru_cache(maxsize=1)
def small_clips() -> Mapping[str, bytes]:
    """A clip of each format and coding that is often met, two seconds with a cut."""

    def made(*format: str, **options: Any) -> bytes:
        return clip(cuts(1, 2, seconds=1), *format, **options)

    quiet = {"preset": "ultrafast", "x265-params": "log-level=none"}
    return {
        "mp4": made(),
        "fragments": made(flags="frag_keyframe+empty_moov"),
        "webm": made("webm", "libvpx", deadline="realtime"),
        "vp9": made("webm", "libvpx-vp9", deadline="realtime"),
        "avi": made("avi", "mpeg4"),
        "ts": made("mpegts", "libx264"),
        "mov": made("mov", "mjpeg", pixels="yuvj420p"),
        "3gp": made("3gp", "libx264"),
        "hevc": made("mp4", "libx265", **quiet),
        "sound": made(sound=2),
    }


def mutated(seed: int, clips: Mapping[str, bytes]) -> bytes:
    """One of the clips with flipped bytes, cut off, or spliced with another."""
    chance = random.Random(seed)
    data = bytearray(chance.choice(list(clips.values())))
    at = chance.randrange(len(data) - 8)
    match chance.randrange(7):
        case 0:
            for _ in range(chance.choice((1, 2, 8, 40))):
                data[chance.randrange(len(data))] = chance.randrange(256)
        case 1:  # the boxes and headers
            for _ in range(chance.choice((1, 3, 10))):
                place = chance.choice((chance.randrange(600), -1 - chance.randrange(600)))
                data[place] = chance.choice((0, 255, chance.randrange(256)))
        case 2:
            del data[at:]
        case 3:
            del data[at : at + chance.randrange(1, 500)]
        case 4:
            data[at:at] = data[: chance.randrange(1, 3000)]
        case 5:
            data[at : at + 4] = chance.choice((b"\xff" * 4, bytes(4), b"\x7f\xff\xff\xff"))
        case _:
            donor = chance.choice(list(clips.values()))
            data[at:] = donor[chance.randrange(len(donor)) :]
    return bytes(data)


def changed_box(data: bytes, kind: bytes, content: bytes) -> bytes:
    """An MP4 file with the content of its boxes of a kind replaced; its index is at the end."""
    parts, at = [], 0
    while at + 8 <= len(data):
        length, name = struct.unpack(">I4s", data[at : at + 8])
        inside = data[at + 8 : at + length]
        if name == kind:
            inside = content
        elif name in _HOLDERS:
            inside = changed_box(inside, kind, content)
        parts.append(struct.pack(">I4s", len(inside) + 8, name) + inside)
        at += length
    return b"".join(parts)
