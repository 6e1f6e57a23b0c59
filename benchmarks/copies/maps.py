"""Draws maps of one invented country with different colours by region, labels and markers."""

import cv2
import numpy as np
from copies.canvas import Canvas, Others, Rng
from copies.devices import template_rng
from copies.lettering import one_of
from copies.texts import agency, headline, place
from PIL import Image

__all__ = ["marker_map", "region_map"]

_WIDTH, _HEIGHT = 520, 420  # pixels of the country
_SCALES = (
    ("#fee5d9", "#fcae91", "#fb6a4a", "#cb181d"),
    ("#eff3ff", "#bdd7e7", "#6baed6", "#2171b5"),
    ("#edf8e9", "#bae4b3", "#74c476", "#238b45"),
    ("#feedde", "#fdbe85", "#fd8d3c", "#d94701"),
)


def region_map(photo: Image.Image, others: Others, rng: Rng, template: int) -> Image.Image:
    """Regions coloured by value in four steps, some of them labelled; a legend."""
    style = template_rng("region map", template)
    regions, middles = _country(style)
    colours = np.array([_rgb(colour) for colour in one_of(rng, _SCALES)])
    levels = rng.integers(0, 4, len(middles))
    picture = np.full((_HEIGHT, _WIDTH, 3), (214, 228, 238) if style.random() < 0.5 else (255,) * 3)
    land = regions >= 0
    picture[land] = colours[levels][regions[land]]
    picture[_borders(regions)] = 90
    canvas = _canvas(picture, headline(rng), style)
    for at in rng.permutation(len(middles))[: int(rng.integers(4, 9))]:
        x, y = middles[at]
        canvas.text((x, y + 50), place(rng), 11, "#222222", bold=True, anchor="middle",
                    outline=(255, 255, 255, 190))  # fmt: skip
    first = int(rng.integers(1, 20))
    for at, colour in enumerate(colours.tolist()):
        y = 380 + 18 * at
        canvas.box((16, y, 36, y + 14), tuple(colour))
        canvas.text((42, y + 7), f"{first * at * 5} to {first * (at + 1) * 5} %", 11, "#222222")
    return canvas.finished(640)


def marker_map(photo: Image.Image, others: Others, rng: Rng, template: int) -> Image.Image:
    """One colour of land with roads and water, pins and circles at other towns."""
    style = template_rng("marker map", template)
    regions, middles = _country(style)
    picture = np.full((_HEIGHT, _WIDTH, 3), (170, 211, 223))
    picture[regions >= 0] = ((242, 239, 233), (228, 236, 216))[int(style.integers(2))]
    picture[_borders(regions)] = (190, 160, 190)
    canvas = _canvas(picture, headline(rng), style)
    for _ in range(7):
        a, b = style.integers(0, len(middles), 2)
        bend = (middles[a] + middles[b]) / 2 + style.normal(0, 14, 2)
        points = [(float(x), float(y + 50)) for x, y in (middles[a], bend, middles[b])]
        canvas.line(points, "#f2b366", 3)
    ink = one_of(style, ("#d0021b", "#1a56c4", "#6a1b9a"))
    for at in rng.permutation(len(middles))[: int(rng.integers(5, 10))]:
        x, y = middles[at] + rng.normal(0, 8, 2) + (0, 50)
        if rng.random() < 0.5:
            canvas.disc(x, y, float(rng.uniform(6, 26)), (*_rgb(ink), 120))
        else:
            canvas.shape([(x - 6, y - 14), (x + 6, y - 14), (x, y)], ink)
            canvas.disc(x, y - 16, 7, ink)
            canvas.disc(x, y - 16, 2.5, "white")
        canvas.text(
            (x + 12, y - 4), place(rng), 11.5, "#222222", bold=True, outline=(255, 255, 255, 200)
        )
    return canvas.finished(640)


def _canvas(picture: np.ndarray, title: str, style: Rng) -> Canvas:
    """The country under a title, in points of a pixel each, twice as large."""
    canvas = Canvas(_WIDTH, _HEIGHT + 60)
    country = Image.fromarray(picture.astype(np.uint8)).resize(
        (2 * _WIDTH, 2 * _HEIGHT), Image.Resampling.BICUBIC
    )
    canvas.image.paste(country, (0, 100))
    canvas.text((16, 24), title, 20, "#222222", bold=True)
    canvas.text(
        (_WIDTH - 12, _HEIGHT + 46), agency(style), 11, "#555555", bold=True, anchor="right"
    )
    return canvas


def _country(style: Rng) -> tuple[np.ndarray, np.ndarray]:
    """Regions of an island with ragged borders: (h, w) numbers or -1; (n, 2) their middles."""
    x, y = np.meshgrid(np.arange(_WIDTH, dtype=np.float32), np.arange(_HEIGHT, dtype=np.float32))
    x, y = x + _ragged(style), y + _ragged(style)
    far = np.hypot((x - _WIDTH / 2) / (0.42 * _WIDTH), (y - _HEIGHT / 2) / (0.42 * _HEIGHT))
    count = int(style.integers(14, 24))
    seeds = np.column_stack(
        [style.uniform(0.1, 0.9, count) * _WIDTH, style.uniform(0.1, 0.9, count) * _HEIGHT]
    )
    distance = np.stack([np.hypot(x - a, y - b) for a, b in seeds.tolist()])
    nearest = distance.argmin(axis=0)
    regions = np.where(far < 1, nearest, -1)
    numbers = [number for number in range(count) if (regions == number).sum() > 400]
    relabel = np.full(count + 1, -1)
    relabel[numbers] = np.arange(len(numbers))
    regions = relabel[regions]
    middles = [np.argwhere(regions == at).mean(axis=0)[::-1] for at in range(len(numbers))]
    return regions, np.array(middles)


def _ragged(style: Rng) -> np.ndarray:
    """Noise of wide and small bends, (h, w) pixels."""
    bent = np.zeros((_HEIGHT, _WIDTH), np.float32)
    for blur, reach in ((34, 34), (7, 6)):
        noise = style.normal(0, 1, bent.shape).astype(np.float32)
        noise = cv2.GaussianBlur(noise, (0, 0), blur)
        bent += reach * noise / noise.std()
    return bent


def _borders(regions: np.ndarray) -> np.ndarray:
    edges = np.zeros(regions.shape, bool)
    edges[1:] |= regions[1:] != regions[:-1]
    edges[:, 1:] |= regions[:, 1:] != regions[:, :-1]
    return edges


def _rgb(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)
