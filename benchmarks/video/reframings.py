"""Scripted edits of videos that move the picture: crops, bars, insets, split screens, rotation."""

from collections.abc import Callable, Sequence

import cv2
import numpy as np
from video.cutting import CRF, Recipe, Source, whole
from video.encoding import resized

__all__ = [
    "Pixels",
    "bars",
    "crop",
    "downscale",
    "mirror",
    "picture_in_picture",
    "rotate",
    "split_screen",
    "upright",
]

Rng = np.random.Generator
Pixels = Callable[[np.ndarray], np.ndarray]


def downscale(strength: int, rng: Rng) -> Pixels:
    """240, 144 or 96 lines."""
    height = (240, 144, 96)[strength]
    return lambda frame: resized(frame, round(height * frame.shape[1] / frame.shape[0]), height)


def crop(strength: int, rng: Rng) -> Pixels:
    """90, 77 or 60 % of each side are kept."""
    kept, x, y = (0.9, 0.77, 0.6)[strength], *rng.uniform(0, 1, 2)

    def crop(frame: np.ndarray) -> np.ndarray:
        height, width = (round(kept * side) for side in frame.shape[:2])
        top, left = round(y * (frame.shape[0] - height)), round(x * (frame.shape[1] - width))
        return frame[top : top + height, left : left + width]

    return crop


def bars(strength: int, rng: Rng) -> Pixels:
    """Letterbox or pillarbox: the frame fills 84, 70 or 56 % of one side."""
    part, across = (0.84, 0.7, 0.56)[strength], bool(rng.integers(2))
    colour = (0, 0, 0) if rng.random() < 0.7 else tuple(rng.integers(0, 256, 3).tolist())

    def boxed(frame: np.ndarray) -> np.ndarray:
        height, width = frame.shape[:2]
        more = round((width if across else height) * (1 / part - 1) / 2)
        sides = (0, 0, more, more) if across else (more, more, 0, 0)
        whole = cv2.copyMakeBorder(frame, *sides, cv2.BORDER_CONSTANT, value=colour)
        return resized(whole, round(whole.shape[1] * 0.8), round(whole.shape[0] * 0.8))

    return boxed


def mirror(strength: int, rng: Rng) -> Pixels:
    """Left and right swapped; stronger also cropped."""
    rim = (0.0, 0.03, 0.08)[strength]

    def mirrored(frame: np.ndarray) -> np.ndarray:
        y, x = (round(rim * side) for side in frame.shape[:2])
        return frame[y : frame.shape[0] - y, x : frame.shape[1] - x][:, ::-1]

    return mirrored


def picture_in_picture(sources: Sequence[Source], strength: int, rng: Rng) -> Recipe:
    """The original in a corner of another video: 50, 40 or 30 % of its width."""
    part = (0.5, 0.4, 0.3)[strength]
    right, low = rng.integers(0, 2, 2)

    def look(frame: np.ndarray, other: np.ndarray | None, ms: int) -> np.ndarray:
        assert other is not None
        canvas = other.copy()
        height, width = canvas.shape[:2]
        small = resized(
            frame, round(part * width), round(part * width * frame.shape[0] / frame.shape[1])
        )
        gap = round(0.03 * height)
        y = height - small.shape[0] - gap if low else gap
        x = width - small.shape[1] - gap if right else gap
        canvas[max(y, 0) : y + small.shape[0], x : x + small.shape[1]] = small[max(-y, 0) :]
        return canvas

    return Recipe(whole(sources[0]), look, beside=1, crf=CRF[strength])


def split_screen(sources: Sequence[Source], strength: int, rng: Rng) -> Recipe:
    """Half of the screen is the original, half a reaction; the original is cropped at the sides."""
    stacked, kept, first = rng.random() < 0.5, (1.0, 0.8, 0.6)[strength], rng.random() < 0.5

    def look(frame: np.ndarray, other: np.ndarray | None, ms: int) -> np.ndarray:
        assert other is not None
        rim = round((1 - kept) / 2 * frame.shape[1])
        ours = frame[:, rim : frame.shape[1] - rim]
        theirs = other[:, other.shape[1] // 4 : -other.shape[1] // 4]
        side = 360
        if stacked:
            parts = [
                resized(one, side, round(side * one.shape[0] / one.shape[1]))
                for one in (ours, theirs)
            ]
        else:
            parts = [
                resized(one, round(side * one.shape[1] / one.shape[0]), side)
                for one in (ours, theirs)
            ]
        return np.concatenate(parts if first else parts[::-1], axis=0 if stacked else 1)

    return Recipe(whole(sources[0]), look, beside=3, crf=CRF[strength])


def upright(strength: int, rng: Rng) -> Pixels:
    """4:5, then 9:16, over a blurred background or a border: the frame keeps its full width.

    Of extreme strength it is also cropped to 70 % of its width.
    """
    tall, kept = (1.25, 16 / 9, 16 / 9)[strength], (1.0, 1.0, 0.7)[strength]
    colour = None if rng.random() < 0.6 else rng.integers(0, 256, 3)

    def turned(frame: np.ndarray) -> np.ndarray:
        rim = round((1 - kept) / 2 * frame.shape[1])
        shown = resized_to_width(frame[:, rim : frame.shape[1] - rim], 360)
        canvas = np.empty((round(360 * tall), 360, 3), np.uint8)
        canvas[:] = _behind(frame, canvas.shape[0]) if colour is None else colour
        top = (canvas.shape[0] - shown.shape[0]) // 2
        canvas[top : top + shown.shape[0]] = shown
        return canvas

    return turned


def _behind(frame: np.ndarray, height: int) -> np.ndarray:
    """The middle of a frame, blurred, 360 pixels wide."""
    part = round(frame.shape[0] * 360 / height / 2)
    middle = frame.shape[1] // 2
    tiny = resized(frame[:, max(middle - part, 0) : middle + part], 36, height // 10)
    return resized(np.asarray(cv2.GaussianBlur(tiny, (0, 0), 2)), 360, height)


def resized_to_width(frame: np.ndarray, width: int) -> np.ndarray:
    """A frame in its own proportions."""
    return resized(frame, width, round(width * frame.shape[0] / frame.shape[1]))


def rotate(strength: int, rng: Rng) -> Pixels:
    """By 2, 5 or 10 degrees, zoomed in until no corner is empty."""
    angle = (2, 5, 10)[strength] * (1 if rng.random() < 0.5 else -1)

    def rotated(frame: np.ndarray) -> np.ndarray:
        height, width = frame.shape[:2]
        cos, sin = np.cos(np.radians(abs(angle))), np.sin(np.radians(abs(angle)))
        zoom = max(cos + sin * height / width, cos + sin * width / height)
        moved = cv2.getRotationMatrix2D((width / 2, height / 2), angle, zoom)
        return np.asarray(cv2.warpAffine(frame, moved, (width, height)))

    return rotated
