"""Falsifies a part of photographs, with the box of that part; and makes unaltered controls.

Something is pasted in, erased, written over or made unreadable on 1 to 12 % of the picture; then
the picture is processed as platforms do. Unaltered controls went through platforms and filters
only: no part of them differs from the rest.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import cv2
import numpy as np
from copies.canvas import Box, Others, Rng, typeface
from copies.lettering import one_of
from copies.retouched import cut
from copies.texts import headline, place
from PIL import Image, ImageDraw, ImageFilter

__all__ = ["ALTERATIONS", "MIN_CHANGE", "Altered", "alter"]

MIN_CHANGE = 10  # grey levels, the mean over the box: less is not seen at a glance
_AREA = (0.01, 0.12)  # of the picture
_ATTEMPTS = 12  # flat skies take erasing without a trace; then another position is tried
_LANCZOS = Image.Resampling.LANCZOS

Change = Callable[[np.ndarray, tuple[int, int, int, int], Others, Rng], np.ndarray]


@dataclass(frozen=True, slots=True)
class Altered:
    """A falsified picture: the box of what changed, in fractions of its width and height.

    `area` is the box's part of the picture, `change` the mean absolute change in it, in grey
    levels, before the picture was sent on.
    """

    image: Image.Image
    box: Box
    area: float
    change: float


def paste_hard(
    pixels: np.ndarray, box: tuple[int, int, int, int], others: Others, rng: Rng
) -> np.ndarray:
    """A piece of another photograph with a sharp outline, as cut out by scissors."""
    return _pasted(pixels, box, others[0], rng, blur=0.7)


def paste_blended(
    pixels: np.ndarray, box: tuple[int, int, int, int], others: Others, rng: Rng
) -> np.ndarray:
    """A piece of another photograph in the light of its new surroundings, with soft edges."""
    return _pasted(pixels, box, others[0], rng, blur=4, matched=True)


def _pasted(
    pixels: np.ndarray,
    box: tuple[int, int, int, int],
    other: Image.Image,
    rng: Rng,
    *,
    blur: float,
    matched: bool = False,
) -> np.ndarray:
    left, top, right, bottom = box
    wide, high = right - left, bottom - top
    mask = np.zeros((high, wide), np.float32)
    turns = np.linspace(0, 2 * np.pi, 24, endpoint=False)
    radii = 0.46 * (1 + 0.08 * np.cos(int(rng.integers(2, 5)) * turns + rng.uniform(0, 6)))
    points = np.stack(
        [wide * (0.5 + radii * np.cos(turns)), high * (0.5 + radii * np.sin(turns))], 1
    )
    cv2.fillPoly(mask, [points.astype(np.int32)], 1.0)
    mask = cv2.GaussianBlur(mask, (0, 0), blur)[..., None]
    piece = cut(other, float(rng.uniform(0.15, 0.5)), rng).resize((wide, high), _LANCZOS)
    new = np.asarray(piece, np.float32)
    old = pixels[top:bottom, left:right].astype(np.float32)
    if matched:
        new = (new - new.mean((0, 1))) * 0.9 + 0.6 * old.mean((0, 1)) + 0.4 * new.mean((0, 1))
    made = pixels.copy()
    made[top:bottom, left:right] = (mask * new + (1 - mask) * old).clip(0, 255)
    return made


def erase(
    pixels: np.ndarray, box: tuple[int, int, int, int], others: Others, rng: Rng
) -> np.ndarray:
    """Erase what was there: fill it in from its edges."""
    left, top, right, bottom = box
    mask = np.zeros(pixels.shape[:2], np.uint8)
    middle = ((left + right) // 2, (top + bottom) // 2)
    axes = ((right - left) // 2 - 2, (bottom - top) // 2 - 2)
    cv2.ellipse(mask, middle, axes, 0, 0, 360, 255, -1)
    # A margin gives the filling its edges; the whole picture would take long.
    x0, y0 = max(left - 8, 0), max(top - 8, 0)
    part = slice(y0, bottom + 8), slice(x0, right + 8)
    filled = cv2.inpaint(pixels[part], mask[part], 5, cv2.INPAINT_TELEA)
    grain = rng.normal(0, 2.5, filled.shape)
    made = pixels.copy()
    inside = mask[part][..., None] > 0
    made[part] = np.where(inside, (filled + grain).clip(0, 255), pixels[part])
    return made


def clone(
    pixels: np.ndarray, box: tuple[int, int, int, int], others: Others, rng: Rng
) -> np.ndarray:
    """Cover what was there with what is next to it."""
    left, top, right, bottom = box
    height, width = pixels.shape[:2]
    wide, high = right - left, bottom - top
    beside = [
        (x, y)
        for x, y in ((left - wide, top), (left + wide, top), (left, top - high), (left, top + high))
        if 0 <= x <= width - wide and 0 <= y <= height - high
    ]
    x, y = beside[int(rng.integers(len(beside)))] if beside else (0, 0)
    mask = np.zeros((high, wide), np.float32)
    cv2.ellipse(
        mask, (wide // 2, high // 2), (round(0.46 * wide), round(0.46 * high)), 0, 0, 360, 1.0, -1
    )
    mask = cv2.GaussianBlur(mask, (0, 0), 3)[..., None]
    made = pixels.copy()
    spot = pixels[top:bottom, left:right] * (1 - mask) + pixels[y : y + high, x : x + wide] * mask
    made[top:bottom, left:right] = spot.clip(0, 255)
    return made


def sign(
    pixels: np.ndarray, box: tuple[int, int, int, int], others: Others, rng: Rng
) -> np.ndarray:
    """Add a sign with words, or replace the words of one."""
    left, top, right, bottom = box
    ink, paper = (
        ("black", "#f4f4ee"),
        ("white", "#1c5c34"),
        ("white", "#a01818"),
        ("black", "#f2c12e"),
    )[int(rng.integers(4))]
    image = Image.fromarray(pixels)
    draw = ImageDraw.Draw(image)
    draw.rectangle((left, top, right - 1, bottom - 1), paper, ink, 2)
    _words(draw, box, headline(rng, chinese=rng.random() < 0.3), ink)
    area = (left, top, right, bottom)
    image.paste(image.crop(area).filter(ImageFilter.GaussianBlur(0.6)), area[:2])
    return np.asarray(image)


def words(
    pixels: np.ndarray, box: tuple[int, int, int, int], others: Others, rng: Rng
) -> np.ndarray:
    """Add short words in a separate colour, without a background."""
    image = Image.fromarray(pixels)
    bright = pixels[box[1] : box[3], box[0] : box[2]].mean() > 120
    dark_inks, light_inks = ("#101010", "#8c1010", "#12306e"), ("#ffffff", "#ffe23d", "#ff9b9b")
    ink = one_of(rng, dark_inks if bright else light_inks)
    _words(ImageDraw.Draw(image), box, place(rng).upper(), ink)
    return np.asarray(image)


def _words(draw: ImageDraw.ImageDraw, box: tuple[int, int, int, int], text: str, ink: str) -> None:
    """One to three lines, as large as the box allows."""
    left, top, right, bottom = box
    family = "plain" if text.isascii() else "sans"
    parts = text.split() if text.isascii() else [text[:5], text[5:]]
    rows = min(len(parts), 3 if bottom - top > 0.5 * (right - left) else 2)
    each = -(-len(parts) // rows)
    lines = [" ".join(parts[at : at + each]) for at in range(0, len(parts), each)]
    size = (bottom - top) / len(lines) * 0.8
    while size > 6:
        face = typeface(family, round(size), bold=True)
        if max(map(face.getlength, lines)) <= 0.94 * (right - left):
            break
        size *= 0.93
    for at, line in enumerate(lines):
        y = top + (at + 0.5) * (bottom - top) / len(lines)
        draw.text(
            ((left + right) / 2, y), line, ink, typeface(family, round(size), bold=True), "mm"
        )


def blur_part(
    pixels: np.ndarray, box: tuple[int, int, int, int], others: Others, rng: Rng
) -> np.ndarray:
    """A face or a plate made unreadable by a strong blur."""
    left, top, right, bottom = box
    made = pixels.copy()
    reach = max(right - left, bottom - top) / 6
    made[top:bottom, left:right] = cv2.GaussianBlur(pixels[top:bottom, left:right], (0, 0), reach)
    return made


def pixelate(
    pixels: np.ndarray, box: tuple[int, int, int, int], others: Others, rng: Rng
) -> np.ndarray:
    """A face or a plate made unreadable by coarse squares."""
    left, top, right, bottom = box
    size, squares = (right - left, bottom - top), int(rng.integers(5, 9))
    part = Image.fromarray(pixels[top:bottom, left:right])
    coarse = part.resize(
        (squares, max(round(squares * size[1] / size[0]), 2)), Image.Resampling.BOX
    )
    made = pixels.copy()
    made[top:bottom, left:right] = np.asarray(coarse.resize(size, Image.Resampling.NEAREST))
    return made


ALTERATIONS: Mapping[str, Change] = {
    "paste, hard": paste_hard,
    "paste, blended": paste_blended,
    "erase": erase,
    "clone": clone,
    "sign": sign,
    "words": words,
    "blur of a part": blur_part,
    "pixelated part": pixelate,
}


def alter(name: str, image: Image.Image, others: Others, rng: Rng) -> Altered | None:
    """Falsify a photograph; None if no position was found at which it would be visible."""
    pixels = np.asarray(image.convert("RGB"))
    for _ in range(_ATTEMPTS):
        box = _place(pixels.shape[:2], name, rng)
        made = ALTERATIONS[name](pixels, box, others, rng)
        left, top, right, bottom = _changed(pixels, made, box)
        if right <= left or bottom <= top:
            continue
        difference = np.abs(made.astype(np.float32) - pixels)[top:bottom, left:right]
        height, width = pixels.shape[:2]
        area = (right - left) * (bottom - top) / (width * height)
        if difference.mean() >= MIN_CHANGE and _AREA[0] <= area <= _AREA[1]:
            fractions = (left / width, top / height, right / width, bottom / height)
            return Altered(Image.fromarray(made), fractions, area, float(difference.mean()))
    return None


def _place(shape: tuple[int, int], name: str, rng: Rng) -> tuple[int, int, int, int]:
    """A random box: its area is uniform in its logarithm; wide for words."""
    height, width = shape
    area = float(np.exp(rng.uniform(np.log(1.25 * _AREA[0]), np.log(_AREA[1])))) * width * height
    aspect = rng.uniform(1.6, 3) if name in ("sign", "words") else rng.uniform(0.6, 1.6)
    wide = round(min((area * aspect) ** 0.5, 0.6 * width))
    high = round(min(area / wide, 0.6 * height))
    left = int(rng.integers(0, width - wide + 1))
    top = int(rng.integers(0, height - high + 1))
    return left, top, left + wide, top + high


def _changed(
    before: np.ndarray, after: np.ndarray, within: tuple[int, int, int, int]
) -> tuple[int, int, int, int]:
    """The box of pixels that differ by more than a few grey levels."""
    difference = np.abs(after.astype(np.int16) - before).max(axis=2) > 6
    rows, columns = np.flatnonzero(difference.any(axis=1)), np.flatnonzero(difference.any(axis=0))
    if not len(rows):
        return within[0], within[1], within[0], within[1]
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1
