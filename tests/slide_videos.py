"""Videos of slides: a file names its pictures and how long each is shown. No package is needed."""

import hashlib
import io
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np
import pytest
from making import jpeg, photo
from PIL import Image

from frametrace.embed import media_kinds
from frametrace.embed.decoding.decode import Picture, decode
from frametrace.embed.media_kinds import MediaKind
from frametrace.embed.signals.pdq import Pdq
from frametrace.embed.video.timeline import Frames, Timeline

__all__ = ["slide_video", "slide_videos_read"]

_MARK = b"a slide video: "
_STEP = 500  # ms between samples
_slides: dict[str, bytes] = {}

Slide = tuple[Image.Image, int]  # a picture, and for how many ms it is shown


def slide_video(*slides: Slide, quality: int = 80) -> bytes:
    """The bytes of a video that shows pictures one after the other; equal ones are one frame."""
    shown = []
    for image, length in slides:
        data = jpeg(image, quality)
        name = hashlib.sha256(data).hexdigest()[:16]
        _slides[name] = data
        shown.append([name, length])
    sink = io.BytesIO(jpeg(photo(999), 20))
    return sink.getvalue() + _MARK + json.dumps(shown).encode()


class _SlideFrames(Frames):
    def __init__(self, shown: Sequence[tuple[str, int]]) -> None:
        self._shown = shown

    def __iter__(self) -> Iterator[Picture]:
        names = list(dict.fromkeys(name for name, _ in self._shown))
        hashes = {}
        for name in names:
            picture = decode(_slides[name])
            values = Pdq().values_of(picture)
            hashes[name] = values["code"][0], values["quality"][0]
            yield picture
        ends = np.cumsum([length for _, length in self._shown])
        starts = ends - [length for _, length in self._shown]
        times = np.arange(0, ends[-1], _STEP)
        at = np.searchsorted(ends, times, "right")
        sampled = [hashes[self._shown[i][0]] for i in at.tolist()]
        self.timeline = Timeline(
            *(int(ends[-1]), 640, 480),
            np.array([names.index(name) for name, _ in self._shown], np.int32),
            *(starts.astype(np.int64), ends.astype(np.int64)),
            np.zeros((len(names), 32), np.uint8),
            times.astype(np.int32),
            np.array([np.frombuffer(code, np.uint8) for code, _ in sampled]),
            np.array([quality for _, quality in sampled], np.uint8),
        )


class _SlideVideo(MediaKind):
    name = "slide video"
    max_bytes = 1 << 24

    def recognizes(self, data: bytes) -> bool:
        return _MARK in data

    def frames(self, data: bytes) -> Frames:
        return _SlideFrames(json.loads(data.partition(_MARK)[2]))


@contextmanager
def slide_videos_read() -> Iterator[None]:
    """`embed`, in this process, reads slide videos."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(media_kinds, "KINDS", [_SlideVideo(), *media_kinds.KINDS])
        yield
