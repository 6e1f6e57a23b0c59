"""Draws people who move in front of a background: somebody who talks, somebody who walks past."""

from collections.abc import Callable

import cv2
import numpy as np

__all__ = ["Person", "talking_head", "walker"]

Person = Callable[[np.ndarray, int], None]  # draws on a frame, at a time in milliseconds
Colour = tuple[int, int, int]

_SHIFT = 4  # OpenCV draws at sixteenths of a pixel
_SKIN = ((244, 206, 172), (224, 172, 130), (176, 120, 82), (120, 78, 50), (86, 54, 36))
_HAIR = ((30, 22, 18), (92, 60, 34), (176, 140, 84), (120, 120, 124), (140, 52, 30))


def talking_head(rng: np.random.Generator) -> Person:
    """A head and shoulders, a third of the picture: the head sways, the mouth opens, eyes blink."""
    skin, hair = (table[int(rng.integers(len(table)))] for table in (_SKIN, _HAIR))
    coat, shirt = _colour(rng), _colour(rng)
    place, large = rng.uniform(0.3, 0.7), rng.uniform(0.15, 0.21)
    long_hair, glasses = rng.random() < 0.5, rng.random() < 0.4
    speeds, phases = rng.uniform(0.7, 1.3, 4), rng.uniform(0, 2 * np.pi, 4)

    def draw(frame: np.ndarray, ms: int) -> None:
        height, width = frame.shape[:2]
        r = large * height
        waves = [np.sin(ms / 1000 * f * s + p) for f, s, p in
                 zip((1.1, 1.7, 13.0, 0.9), speeds, phases, strict=True)]  # fmt: skip
        x, y = place * width + 0.12 * r * waves[0], 0.42 * height + 0.06 * r * waves[1]
        body = place * width + 0.03 * r * waves[0]
        _disc(frame, (body, height + 0.25 * r), (2.3 * r, 0.58 * height - 0.75 * r), coat)
        _disc(frame, (body, 0.42 * height + 1.9 * r), (0.6 * r, 0.75 * r), shirt)
        if long_hair:
            _disc(frame, (x, y + 0.3 * r), (1.0 * r, 1.5 * r), hair)
        _disc(frame, (x, y + 0.95 * r), (0.36 * r, 0.6 * r), _darker(skin))
        _disc(frame, (x, y - 0.18 * r), (0.86 * r, 1.0 * r), hair)
        _disc(frame, (x, y + 0.08 * r), (0.74 * r, 0.96 * r), skin)
        _face(frame, (x + 0.06 * r * waves[0], y, r), waves, skin, glasses=glasses)

    return draw


def _face(
    frame: np.ndarray,
    at: tuple[float, float, float],
    waves: list[float],
    skin: Colour,
    *,
    glasses: bool,
) -> None:
    x, y, r = at
    lids = 0.02 if waves[3] > 0.97 else 0.1
    for side in (-0.3, 0.3):
        _disc(frame, (x + side * r, y - 0.1 * r), (0.12 * r, lids * r), (250, 250, 250))
        _disc(frame, (x + side * r, y - 0.1 * r), (0.06 * r, 0.7 * lids * r), (40, 30, 24))
        _disc(frame, (x + side * r, y - 0.32 * r), (0.16 * r, 0.03 * r), (60, 44, 36))
        if glasses:
            middle = round(x + side * r), round(y - 0.1 * r)
            cv2.circle(frame, middle, round(0.22 * r), (30, 30, 34), 2, cv2.LINE_AA)
    _disc(frame, (x, y + 0.16 * r), (0.08 * r, 0.2 * r), _darker(skin))
    opened = 0.04 + 0.13 * max(waves[2], 0) * (0.6 + 0.4 * waves[1])
    _disc(frame, (x, y + 0.55 * r), (0.26 * r, (opened + 0.03) * r), (176, 74, 70))
    _disc(frame, (x, y + 0.55 * r), (0.2 * r, opened * r), (60, 20, 22))


def walker(rng: np.random.Generator) -> Person:
    """A figure that crosses the picture in 4 to 9 seconds, again and again."""
    skin, coat, legs = _SKIN[int(rng.integers(len(_SKIN)))], _colour(rng), _colour(rng)
    seconds, start, left = rng.uniform(4, 9), rng.uniform(0, 1), rng.random() < 0.5
    tall = rng.uniform(0.5, 0.75)

    def draw(frame: np.ndarray, ms: int) -> None:
        height, width = frame.shape[:2]
        across = (ms / 1000 / seconds + start) % 1 * 1.3 - 0.15
        x, r = (1 - across if left else across) * width, tall * height / 7
        top, step = height * (0.98 - tall), np.sin(ms / 1000 * 7)
        for side in (-1, 1):
            foot = x + side * 0.9 * r * step, 0.98 * height
            hip = x, top + 4 * r
            points = [tuple(round(v) for v in point) for point in (hip, foot)]
            cv2.line(frame, *points, legs, round(0.8 * r), cv2.LINE_AA)
        _disc(frame, (x, top + 3 * r), (1.1 * r, 1.9 * r), coat)
        _disc(frame, (x, top + 0.6 * r), (0.6 * r, 0.7 * r), skin)

    return draw


def _colour(rng: np.random.Generator) -> Colour:
    red, green, blue = rng.integers(20, 235, 3).tolist()
    return red, green, blue


def _darker(colour: Colour) -> Colour:
    red, green, blue = (round(0.86 * part) for part in colour)
    return red, green, blue


def _disc(
    frame: np.ndarray, at: tuple[float, float], radii: tuple[float, float], colour: Colour
) -> None:
    """A filled ellipse at fractions of a pixel."""
    one = 2**_SHIFT
    middle = round(at[0] * one), round(at[1] * one)
    axes = max(round(radii[0] * one), 1), max(round(radii[1] * one), 1)
    cv2.ellipse(frame, middle, axes, 0, 0, 360, colour, -1, cv2.LINE_AA, _SHIFT)
