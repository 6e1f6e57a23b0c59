"""Makes the clips on which reading is measured: a talking head, a moving camera, cuts; and copies.

The scenes are photographs of ../shared/data, or generated pictures where it is absent, with the
grain of a camera.
"""

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from generating import picture

__all__ = ["KINDS", "Copy", "Scenes", "copy_of", "encoded"]

RATE = 30  # frames a second
_GRAIN = 3  # levels of noise that differ from frame to frame, in dots of two pixels
_FACE = 0.6  # of the height, of a speaker's head
_OVERSCAN = 2.0  # how much larger than a frame the picture is over which a camera moves

Scene = Callable[[float], np.ndarray]  # a frame (height, width, 3) uint8 at a time in seconds


@dataclass(frozen=True, slots=True)
class Scenes:
    """Where the pictures of scenes come from."""

    photos: list[Path]
    size: tuple[int, int]

    def still(self, number: int, scale: float = 1.0) -> np.ndarray:
        """A picture that covers `scale` times the frame, (height, width, 3) uint8."""
        width, height = (round(side * scale) for side in self.size)
        if self.photos:
            image = cv2.imread(str(self.photos[number % len(self.photos)]))[..., ::-1]
        else:
            image = np.asarray(picture(number, 640, 480))
        factor = max(width / image.shape[1], height / image.shape[0]) * 1.001
        image = cv2.resize(image, None, fx=factor, fy=factor, interpolation=cv2.INTER_CUBIC)
        top, left = (image.shape[0] - height) // 2, (image.shape[1] - width) // 2
        return np.ascontiguousarray(image[top : top + height, left : left + width])

    def head(self, rng: np.random.Generator, _seconds: float) -> Scene:
        """A face that moves a little, before a wall that doesn't, and speaks."""
        wall = self.still(int(rng.integers(10**6)))
        side = round(self.size[1] * _FACE)
        face = cv2.resize(self.still(int(rng.integers(10**6))), (side, side))
        rows, columns = np.mgrid[:side, :side] / side - 0.5
        mask = cv2.GaussianBlur((np.hypot(rows, columns) < 0.48).astype(np.float32), (0, 0), 3)
        phase = rng.uniform(0, 6, 4)

        def at(time: float) -> np.ndarray:
            sway, nod, tilt, talk = np.sin(time * np.array([1.3, 2.1, 0.9, 9.0]) + phase)
            turn = cv2.getRotationMatrix2D((side / 2, side / 2), 4 * tilt, 1 + 0.02 * nod)
            seen = cv2.warpAffine(face, turn, (side, side), borderMode=cv2.BORDER_REFLECT)
            mouth = slice(int(0.70 * side), int((0.72 + 0.03 * talk) * side))
            seen[mouth, int(0.4 * side) : int(0.6 * side)] //= 3
            left = int((self.size[0] - side) / 2 + 0.02 * side * sway)
            top = int((self.size[1] - side) / 2 + 0.015 * side * nod)
            frame = wall.copy()
            place = frame[top : top + side, left : left + side]
            place[:] = place + (seen.astype(np.float32) - place) * mask[..., None]
            return frame

        return at

    def moving(self, rng: np.random.Generator, _seconds: float) -> Scene:
        """A camera that pans and zooms over one scene."""
        wide = self.still(int(rng.integers(10**6)), _OVERSCAN)
        width, height = self.size
        speed, phase = rng.uniform(0.1, 0.3, 3), rng.uniform(0, 6, 3)

        def at(time: float) -> np.ndarray:
            zoom, right, down = np.sin(time * speed + phase)
            part = 0.8 + 0.25 * zoom  # of the frame's size, that it shows of the wide picture
            shown = np.array([width, height]) * part * _OVERSCAN / 2
            left, top = (np.array(wide.shape[1::-1]) - shown) * (
                0.5 + 0.5 * np.array([right, down])
            )
            factors = np.array([width, height]) / shown
            matrix = np.array(
                [[factors[0], 0, -left * factors[0]], [0, factors[1], -top * factors[1]]]
            )
            return cv2.warpAffine(wide, matrix, (width, height), flags=cv2.INTER_AREA)

        return at

    def cuts(self, rng: np.random.Generator, seconds: float) -> Scene:
        """Shots of 1.2 to 5 seconds: still ones, pans and zooms, cut to each other."""
        ends, shots = [], list[Scene]()
        while not ends or ends[-1] < seconds:
            ends.append((ends[-1] if ends else 0) + rng.uniform(1.2, 5))
            shots.append(self._shot(rng))
        return lambda time: shots[int(np.searchsorted(ends, time, "right"))](time)

    def _shot(self, rng: np.random.Generator) -> Scene:
        wide = self.still(int(rng.integers(10**6)), 1.3)
        width, height = self.size
        pan, zoom = rng.choice([0, 0.03, -0.03]), rng.choice([0, 0.02, -0.02])

        def at(time: float) -> np.ndarray:
            way = time % 5
            part = 1.1 + zoom * way
            shown = np.array([width, height]) * part
            left = max((1.3 * width - shown[0]) / 2 + pan * way * width, 0)
            place = np.array([left, (1.3 * height - shown[1]) / 2])
            return _cut_out(wide, place, 1 / part, self.size)

        return at


def _cut_out(
    wide: np.ndarray, place: np.ndarray, scale: float, size: tuple[int, int]
) -> np.ndarray:
    """What is seen from `place` (left, top) of a picture, times `scale`, in a frame of `size`."""
    matrix = np.array([[scale, 0, -place[0] * scale], [0, scale, -place[1] * scale]])
    return np.asarray(cv2.warpAffine(wide, matrix, size, flags=cv2.INTER_LINEAR))


KINDS: dict[str, Callable[[Scenes, np.random.Generator, float], Scene]] = {
    "talking head": Scenes.head,
    "moving camera": Scenes.moving,
    "cuts": Scenes.cuts,
}


def encoded(scene: Scene, seconds: float, seed: int, **options: str) -> bytes:
    """A scene as an MP4 file in H.264, as x264 encodes it by default."""
    rng = np.random.default_rng(seed)
    return _file((_grained(scene(at / RATE), rng) for at in range(round(seconds * RATE))), options)


def _grained(frame: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    height, width = frame.shape[:2]
    grain = rng.integers(-_GRAIN, _GRAIN + 1, (height // 2, width // 2)).astype(np.int16)
    grain = cv2.resize(grain, (width, height), interpolation=cv2.INTER_NEAREST)
    return (frame + grain[..., None]).clip(0, 255).astype(np.uint8)


def _file(frames: Iterator[np.ndarray], options: dict[str, str]) -> bytes:
    import av

    sink = io.BytesIO()
    with av.open(sink, "w", "mp4") as container:
        video: Any = None
        for pixels in frames:
            if video is None:
                video = container.add_stream("libx264", RATE, options=options)
                video.height, video.width = pixels.shape[:2]
                video.pix_fmt = "yuv420p"
            container.mux(video.encode(av.VideoFrame.from_ndarray(pixels, "rgb24")))
        container.mux(video.encode(None))
    return sink.getvalue()


@dataclass(frozen=True, slots=True)
class Copy:
    """A copy of a clip: it starts at `start` seconds of the clip and runs `speed` times as fast."""

    data: bytes
    start: float
    speed: float

    def original(self, time: float) -> float:
        """The time in the clip, in seconds, of a time in the copy."""
        return self.start + self.speed * time


def copy_of(data: bytes, start: float, speed: float, size: tuple[int, int], crf: int) -> Copy:
    """Re-encode a clip: trimmed, sped up, and scaled to `size`."""
    import av

    def frames() -> Iterator[np.ndarray]:
        due = start
        with av.open(io.BytesIO(data)) as container:
            for frame in container.decode(video=0):
                while frame.time is not None and frame.time + 0.5 / RATE >= due:
                    yield frame.reformat(*size, "rgb24", interpolation="AREA").to_ndarray()
                    due += speed / RATE

    return Copy(_file(frames(), {"crf": str(crf), "preset": "fast"}), start, speed)
