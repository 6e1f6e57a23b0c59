"""Draws what is laid over videos: captions, logos, banners, clocks; as pixels with transparency."""

from collections.abc import Sequence

import cv2
import numpy as np
from copies.lettering import letter
from PIL import Image, ImageDraw

__all__ = ["Overlay", "bar", "caption", "laid_over", "logo", "stacked"]

Overlay = np.ndarray  # (h, w, 4) uint8: red, green, blue, and how much it covers
Box = tuple[float, float, float, float]  # in fractions of the picture: left, top, right, bottom
Colour = tuple[int, int, int]


def laid_over(frame: np.ndarray, overlay: Overlay) -> np.ndarray:
    """A frame under an overlay of its size."""
    alpha = overlay[..., 3:].astype(np.uint16)
    mixed = frame * (255 - alpha) + overlay[..., :3] * alpha
    return ((mixed + 127) // 255).astype(np.uint8)


def stacked(overlays: Sequence[Overlay]) -> Overlay:
    """One overlay of several; a later one replaces what is below it."""
    whole = overlays[0].copy()
    for overlay in overlays[1:]:
        covered = overlay[..., 3] > 0
        whole[covered] = overlay[covered]
    return whole


def caption(size: tuple[int, int], box: Box, text: str) -> Overlay:
    """White letters with a black outline, as large as fit into the box; `size` is (w, h)."""
    mask = Image.new("RGB", size)
    letter(mask, _pixels(size, box), text, "white")
    inside = np.asarray(mask)[..., :1]
    thick = max(size[1] // 120, 1) * 2 + 1
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (thick, thick))
    outside = cv2.dilate(inside[..., 0], kernel)[..., None]
    return np.concatenate([inside.repeat(3, axis=2), outside], axis=2)


def bar(size: tuple[int, int], box: Box, text: str, colour: Colour) -> Overlay:
    """A bar of one colour with white letters."""
    image = Image.new("RGBA", size)
    left, top, right, bottom = pixels = _pixels(size, box)
    ImageDraw.Draw(image).rectangle(pixels, (*colour, 255))
    if text:
        plate = Image.new("RGB", size, colour)
        inset = 0.16 * (bottom - top)
        letter(plate, (left + inset, top + inset, right - inset, bottom - inset), text, "white")
        image.paste(plate.crop(tuple(map(round, pixels))), (round(left), round(top)))
    return np.asarray(image).copy()


def logo(size: tuple[int, int], at: tuple[float, float, float], seed: int) -> Overlay:
    """A round emblem with two shapes; `at` is the center and the radius, fractions of the height.

    The center counts from the left or, if negative, from the right.
    """
    rng = np.random.default_rng(seed)
    width, height = size
    x, y, radius = (part * height for part in at)
    x = width + x if x < 0 else x
    image = Image.new("RGBA", (4 * width, 4 * height))
    draw = ImageDraw.Draw(image)
    colours = [tuple(rng.integers(30, 240, 3).tolist()) for _ in range(3)]
    for shrink, colour in zip((1, 0.75, 0.4), colours, strict=True):
        r = 4 * radius * shrink
        draw.ellipse((4 * x - r, 4 * y - r, 4 * x + r, 4 * y + r), (*colour, 235))
    angles = rng.uniform(0, 2 * np.pi) + np.arange(3) * 2 * np.pi / 3
    r = 4 * radius * 0.7
    draw.polygon(
        [(4 * x + r * np.cos(a), 4 * y + r * np.sin(a)) for a in angles], (*colours[2], 235)
    )
    return np.asarray(image.resize(size, Image.Resampling.BOX)).copy()


def _pixels(size: tuple[int, int], box: Box) -> Box:
    left, top, right, bottom = box
    return left * size[0], top * size[1], right * size[0], bottom * size[1]
