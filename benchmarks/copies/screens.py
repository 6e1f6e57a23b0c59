"""Makes scripted edits by screens: a phone's screenshot of a post, and a photo of a screen."""

from collections.abc import Sequence

import cv2
import numpy as np
from copies.lettering import CHINESE, ENGLISH, NAMES, letter, one_of
from PIL import Image, ImageDraw, ImageOps

__all__ = ["photo_of_screen", "screenshot"]

Others = Sequence[Image.Image]
Rng = np.random.Generator
Box = tuple[float, float, float, float]

_PHOTO = (0.62, 0.5, 0.33)  # of the screen's area
_TALLEST = 20 / 9  # height of a screen over its width
_ABOVE = (("status", 0.1), ("head", 0.2), ("caption", 0.25))  # parts of what isn't the photo
_BELOW = (("buttons", 0.15), ("comment", 0.18), ("menu", 0.12))


def screenshot(image: Image.Image, strength: int, rng: Rng, others: Others) -> Image.Image:
    """Status bar, avatar, name, caption, photo, buttons, a comment; the photo has 62, 50, 33 %."""
    photo = image.resize((600, round(600 * image.height / image.width)), Image.Resampling.LANCZOS)
    room = photo.width * photo.height / _PHOTO[strength]
    width = max(photo.width, round((room / _TALLEST) ** 0.5))
    rest = room / width - photo.height
    ink, paper = (("#101418", "#ffffff"), ("#e8eaed", "#15202b"))[int(rng.integers(2))]
    screen = Image.new("RGB", (width, round(photo.height + rest)), paper)
    texts = CHINESE if rng.random() < 0.4 else ENGLISH
    y = 0.0
    for name, part in _ABOVE:
        _CHROME[name](screen, (0, y, screen.width, y + part * rest), ink, texts, rng)
        y += part * rest
    screen.paste(photo, ((width - photo.width) // 2, round(y)))
    y += photo.height
    for name, part in _BELOW:
        _CHROME[name](screen, (0, y, screen.width, y + part * rest), ink, texts, rng)
        y += part * rest
    return screen


def _status(screen: Image.Image, box: Box, ink: str, texts: Sequence[str], rng: Rng) -> None:
    _, top, right, bottom = box
    side = min(bottom - top, 40)
    middle = (top + bottom) / 2
    clock = f"{rng.integers(24):02}:{rng.integers(60):02}"
    letter(screen, (20, middle - side / 2, 120, middle + side / 2), clock, ink)
    draw = ImageDraw.Draw(screen)
    for bar in range(4):
        x, high = right - 150 + 9 * bar, side * (0.2 + 0.12 * bar)
        draw.rectangle((x, middle + side / 4 - high, x + 5, middle + side / 4), ink)
    draw.arc((right - 105, middle - side / 4, right - 75, middle + side / 2), 220, 320, ink, 4)
    draw.rounded_rectangle(
        (right - 62, middle - side / 4, right - 20, middle + side / 4), 4, None, ink, 2
    )
    full = right - 59 + 36 * rng.uniform(0.2, 1)
    draw.rectangle((right - 59, middle - side / 4 + 3, full, middle + side / 4 - 3), ink)


def _head(screen: Image.Image, box: Box, ink: str, texts: Sequence[str], rng: Rng) -> None:
    left, top, right, bottom = box
    side = min(bottom - top - 8, 90)
    y = (top + bottom - side) / 2
    draw = ImageDraw.Draw(screen)
    name = one_of(rng, NAMES)
    colour = tuple(rng.integers(40, 200, 3).tolist())
    draw.ellipse((left + 16, y, left + 16 + side, y + side), colour)
    letter(screen, (20 + left, y + side / 5, 12 + left + side, y + side * 0.8), name[0], "white")
    x = left + side + 32
    letter(screen, (x, y, right - 170, y + 0.55 * side), name, ink, middle=False)
    since = f"{rng.integers(2, 59)} min"
    letter(screen, (x, y + 0.6 * side, right - 170, y + side), since, "#8090a0", middle=False)
    draw.rounded_rectangle((right - 140, y + 4, right - 20, y + side - 4), side / 3, "#1d72d8")
    letter(screen, (right - 130, y + side / 4, right - 30, y + side * 0.75), "Follow", "white")


def _caption(screen: Image.Image, box: Box, ink: str, texts: Sequence[str], rng: Rng) -> None:
    left, top, right, bottom = box
    high = min(bottom - top, 150)
    letter(screen, (left + 20, top, right - 20, top + high), one_of(rng, texts), ink, middle=False)


def _buttons(screen: Image.Image, box: Box, ink: str, texts: Sequence[str], rng: Rng) -> None:
    left, top, _, bottom = box
    side = min(bottom - top - 6, 60) * 0.7
    y = (top + bottom - side) / 2
    draw = ImageDraw.Draw(screen)
    x = left + 24
    draw.polygon(  # a heart, near enough
        [
            (x, y + side / 3),
            (x + side / 4, y),
            (x + side / 2, y + side / 4),
            (x + side * 0.75, y),
            (x + side, y + side / 3),
            (x + side / 2, y + side),
        ],
        None,
        "#e0245e",
        4,
    )
    _count(screen, (x + side + 8, y, x + side + 90, y + side), ink, rng)
    x += side + 110
    draw.rounded_rectangle((x, y, x + 1.2 * side, y + 0.75 * side), side / 4, None, ink, 4)
    draw.polygon([(x + 8, y + 0.7 * side), (x + 8, y + side), (x + side / 2, y + 0.7 * side)], ink)
    _count(screen, (x + 1.2 * side + 8, y, x + side + 100, y + side), ink, rng)
    x += side + 130
    draw.line([(x, y + side), (x, y + side / 3), (x + side, y + side / 3)], ink, 4)
    draw.line(
        [(x + 0.7 * side, y), (x + side, y + side / 3), (x + 0.7 * side, y + 0.66 * side)], ink, 4
    )


def _count(screen: Image.Image, box: Box, ink: str, rng: Rng) -> None:
    letter(screen, box, f"{rng.integers(2, 990)}", ink, middle=False)


def _comment(screen: Image.Image, box: Box, ink: str, texts: Sequence[str], rng: Rng) -> None:
    left, top, right, bottom = box
    high = min(bottom - top, 90)
    said = f"{one_of(rng, NAMES)}: {one_of(rng, texts)}"
    letter(screen, (left + 20, top, right - 20, top + high), said, ink, middle=False)


def _menu(screen: Image.Image, box: Box, ink: str, texts: Sequence[str], rng: Rng) -> None:
    left, top, right, bottom = box
    draw = ImageDraw.Draw(screen)
    side = min(bottom - top - 6, 44)
    y, step = (top + bottom - side) / 2, (right - left) / 5
    draw.line([(left, top), (right, top)], "#8090a0", 1)
    for at in range(5):
        x = left + (at + 0.5) * step - side / 2
        if at % 2:
            draw.ellipse((x, y, x + side, y + side), None, ink, 4)
            draw.line([(x + side, y + side), (x + side * 0.8, y + side * 0.8)], ink, 4)
        else:
            roof = [(x, y + side / 2), (x + side / 2, y), (x + side, y + side / 2)]
            draw.polygon(roof, None, ink, 3)
            draw.rectangle((x + 5, y + side / 2, x + side - 5, y + side), None, ink, 3)


_CHROME = {
    "status": _status,
    "head": _head,
    "caption": _caption,
    "buttons": _buttons,
    "comment": _comment,
    "menu": _menu,
}


def photo_of_screen(image: Image.Image, strength: int, rng: Rng, others: Others) -> Image.Image:
    """A screen seen at an angle, with moire, noise and a dark room around it."""
    rim = round((0.015, 0.03, 0.08)[strength] * max(image.size))
    shown = np.asarray(ImageOps.expand(image, rim, (18, 18, 20)), np.float32)
    height, width = shown.shape[:2]
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    most = (0.025, 0.05, 0.12)[strength] * max(image.size)
    moved = corners + rng.uniform(-most, most, (4, 2)).astype(np.float32)
    moved += most  # all of it stays in the photo
    size = round(width + 2 * most), round(height + 2 * most)
    aslant = cv2.getPerspectiveTransform(corners, moved.astype(np.float32))
    seen = cv2.warpPerspective(
        shown, aslant, size, flags=cv2.INTER_AREA, borderValue=(32.0, 30.0, 34.0)
    )
    seen *= 1 + (0.05, 0.1, 0.16)[strength] * _moire(size, rng)[..., None]
    seen += rng.normal(0, (3, 6, 11)[strength], seen.shape)
    return Image.fromarray(seen.clip(0, 255).astype(np.uint8))


def _moire(size: tuple[int, int], rng: Rng) -> np.ndarray:
    """Two gratings over each other, bent a little: (h, w) in [-1, 1]."""
    x, y = np.meshgrid(*(np.arange(side, dtype=np.float32) for side in size))
    waves = np.zeros_like(x)
    for _ in range(2):
        turn, long = rng.uniform(0, np.pi), rng.uniform(3, 11)
        bend = 6 * np.sin((x + y) / rng.uniform(60, 200))
        waves += np.sin((x * np.cos(turn) + y * np.sin(turn) + bend) * 2 * np.pi / long) / 2
    return waves
