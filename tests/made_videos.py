"""Videos of a made-up format: a list of shots, so that tests of videos need no codec.

A shot is a photo by its seed, for some seconds, in one of a few edits. Tests register
`MadeVideoKind` (fixture `made_videos`); then files with these bytes are read as videos.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pytest
from making import cropped, jpeg, photo, screenshot
from PIL import Image, ImageOps

from frametrace.embed import media_kinds
from frametrace.embed.decoding.decode import Picture, decode
from frametrace.embed.media_kinds import MediaKind
from frametrace.embed.signals.pdq import compute_pdq
from frametrace.embed.video.frame_views import MOTION_GRID
from frametrace.embed.video.timeline import Frames, Timeline

__all__ = ["MadeVideoKind", "Shot", "black", "made_videos", "video_bytes"]

_HEAD = b"made video "
_SAMPLE = 500  # ms
_BLACK = -1  # the seed of a black frame


def _inset(image: Image.Image) -> Image.Image:
    """In the corner of another photo."""
    around = photo(9_000, *image.size)
    around.paste(image.resize((image.width * 5 // 8, image.height * 5 // 8)), (20, 20))
    return around


_GUEST = (360, 120, 600, 440)  # the box of somebody in a studio, pixels


def _guest(image: Image.Image) -> Image.Image:
    """The photo as a guest in one and the same studio."""
    studio = photo(9_001, *image.size)
    left, top, right, bottom = _GUEST
    studio.paste(image.resize((right - left, bottom - top)), (left, top))
    return studio


EDITS: Mapping[str, Callable[[Image.Image], Image.Image]] = {
    "": lambda image: image,
    "mirrored": ImageOps.mirror,
    "cropped": lambda image: cropped(image, 0.7),
    "inset": _inset,
    "screenshot": screenshot,
    "guest": _guest,
    "half size": lambda image: image.resize((image.width // 2, image.height // 2)),
}


@dataclass(frozen=True, slots=True)
class Shot:
    """A photo by its seed (black below 0), how long it is shown, and the edit; a guest moves."""

    seed: int
    seconds: float
    edit: str = ""

    def picture(self) -> Picture:
        """The frame that shows it."""
        plain = Image.new("RGB", (640, 480)) if self.seed < 0 else photo(self.seed)
        return decode(jpeg(EDITS[self.edit](plain)))


def _moving(edit: str) -> np.ndarray:
    """The cells in which a shot moves, (32,) uint8."""
    cells = np.zeros((MOTION_GRID, MOTION_GRID), bool)
    if edit == "guest":
        left, right = (side * MOTION_GRID // 640 for side in _GUEST[::2])
        top, bottom = (side * MOTION_GRID // 480 for side in _GUEST[1::2])
        cells[top:bottom, left:right] = True
    return np.packbits(cells)


def video_bytes(*shots: Shot, note: str = "") -> bytes:
    """A file of a made-up video; `note` makes files of the same shots differ."""
    rows = [[shot.seed, shot.seconds, shot.edit] for shot in shots]
    return _HEAD + json.dumps([note, rows]).encode()


class _MadeFrames(Frames):
    """One kept frame for each distinct shot."""

    def __init__(self, shots: Sequence[Shot]) -> None:
        self._shots = shots

    def __iter__(self) -> Iterator[Picture]:
        distinct = list(dict.fromkeys((shot.seed, shot.edit) for shot in self._shots))
        ends = np.cumsum([round(1000 * shot.seconds) for shot in self._shots])
        shown = [distinct.index((shot.seed, shot.edit)) for shot in self._shots]
        pictures = [Shot(seed, 0, edit).picture() for seed, edit in distinct]
        yield from pictures
        hashes = [compute_pdq(np.asarray(picture.luma)) for picture in pictures]
        times = np.arange(0, ends[-1], _SAMPLE)
        of_sample = [hashes[shown[at]] for at in np.searchsorted(ends, times, "right").tolist()]
        codes = np.frombuffer(b"".join(code for code, _ in of_sample), np.uint8).reshape(-1, 32)
        self.timeline = Timeline(
            int(ends[-1]),
            *pictures[0].image.size,
            np.array(shown, np.int32),
            np.concatenate([[0], ends[:-1]]),
            ends,
            np.frombuffer(b"".join(_moving(edit) for _, edit in distinct), np.uint8).reshape(
                -1, 32
            ),
            times.astype(np.int32),
            codes,
            np.array([quality for _, quality in of_sample], np.uint8),
        )


class MadeVideoKind(MediaKind):
    """Recognizes the made-up format."""

    name = "made-up video"
    max_bytes = 100_000

    def recognizes(self, data: bytes) -> bool:
        """By its first bytes."""
        return data.startswith(_HEAD)

    def frames(self, data: bytes) -> Frames:
        """The frames of its shots."""
        _, rows = json.loads(data.removeprefix(_HEAD))
        return _MadeFrames([Shot(*row) for row in rows])


@pytest.fixture
def made_videos(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have files of the made-up format read as videos, in this process."""
    monkeypatch.setattr(media_kinds, "KINDS", [MadeVideoKind(), *media_kinds.KINDS])


def black(seconds: float) -> Shot:
    """A black shot."""
    return Shot(_BLACK, seconds)
