"""Whether two aligned pictures agree in what they show, window by window.

A dozen points agree where two screenshots of one app lie over each other, and the photos in them
are different. So the pixels are compared: normalised cross-correlation in small windows, where
either picture has texture. A window agrees, or it disagrees; where both pictures have texture of
their own and it is not the same, it contradicts (text over a plain sky only adds).

What agrees counts as much as how much of it: bars, icons and text stand on flat ground, photos
hardly have any. Three measures decide: the part of the windows that agrees, not contradicts; the
same of photographic windows alone; and the part of the overlap that agrees and is photographic.
They are weighed by a logistic regression.
"""

from dataclasses import dataclass
from typing import Self

import cv2
import numpy as np

from frametrace.matcher.pictures.aligned_thumbnails import Overlap
from frametrace.matcher.pictures.evidence import GRID

__all__ = ["Agreement", "odds", "photographic"]

_WINDOW = 5, 13, 12  # pixels at least, at most; windows to the side of an overlap in between
_TEXTURE = 20.0  # variance, grey levels squared: less is noise of the thumbnail's compression
_AGREES = 0.5  # correlation
_DISAGREES = 0.4
_CONTRADICTS = 0.06  # of the stronger picture's variance, the weaker one has at least
_FLAT = 4  # grey levels between the neighbours of a flat pixel
_GRAPHIC = 0.3  # of a window that is flat: nothing photographic
_REGION = 0.07  # of the overlap's side: the radius of a region that disagrees as one piece
# Another photo in the place of one: its radius, its part of the overlap, how photographic both are
# there, and the correlation below which they are unrelated. Of 796 pairs of copies one holds such a
# region (text over a photo correlates with the photo), of photos in one frame three quarters.
_RIVAL_RADIUS, _RIVAL, _RIVAL_PHOTO, _UNRELATED = 0.12, 0.13, 0.2, 0.05
_BESIDE = 0.2  # of what lies beside it on one side agrees
_FEWEST = 100  # pixels of overlap, and of texture in it, that tell anything
_ADDED = 0.01  # to every measure: so that none is 0

# By 4,059 pairs of copies (27 edits, screenshots, cards, frames, watermarks around them) and 492
# pairs of different photographs in one layout, made of 650 photographs (ImageNet samples, half of
# BSDS500); above 0 are 98.4 % and 5. benchmarks/README.md has what other pictures say.
_WEIGHTS = 2.2, 0.8, 2.8
_CONSTANT = 2.3
_CONTRAST = 600.0  # variance: that of half of the windows of photographs is less
# Of the textured windows of pictures that are the same all over; two charts or maps of one style
# have 0.87 at most.
_EVERYWHERE = 0.92
_CONTRADICTED = 0.8  # of the overlap that is left without what disagrees as one piece
_GRAPHICS = 0.02  # of the overlap that agrees and is photographic


@dataclass(frozen=True, slots=True)
class Agreement:
    """What agrees of an overlap.

    `agrees` is (h, w) bool: the windows around which pixels of the overlap do. `extent` is the part
    of the overlap that is left without the regions that disagree as one piece. `evidence` is the
    log odds that both show one photograph. `same` says that they do: by the odds, or because
    nothing disagrees at all, as in copies of a chart. `photographic` is the part of the overlap
    that agrees and is so.
    """

    agrees: np.ndarray
    extent: float
    evidence: float
    same: bool
    photographic: float

    @property
    def contradicts(self) -> bool:
        """Whether copies by a hash are none: another picture in one place, or graphics that differ.

        A hash of the whole is right of photographs more often than these windows are.
        """
        return not self.same and (self.extent < _CONTRADICTED or self.photographic < _GRAPHICS)

    @classmethod
    def of(cls, overlap: Overlap) -> Self | None:
        """Compare the pictures; None where they overlap too little, or are too plain, to tell."""
        windows = _Windows.of(overlap)
        known = windows.known
        if (size := int(known.sum())) < _FEWEST:
            return None
        textured = known & (np.maximum(windows.variance_a, windows.variance_b) > _TEXTURE)
        if textured.sum() < _FEWEST:
            return None
        agrees = textured & (windows.correlation > _AGREES)
        disagrees = textured & ~agrees
        weaker = np.minimum(windows.variance_a, windows.variance_b)
        stronger = np.maximum(windows.variance_a, windows.variance_b)
        contradicts = disagrees & (weaker > np.maximum(_TEXTURE, _CONTRADICTS * stronger))
        photos = (photographic(image, windows.side) for image in (overlap.a, overlap.b))
        photo = np.minimum(*photos)
        # Strong contrast, as of text, counts no more than that of an ordinary photo.
        weight = np.minimum(1, _CONTRAST / np.maximum(stronger, 1))
        measures = (
            odds((weight * agrees).sum(), (weight * contradicts).sum()),
            odds((weight * photo * agrees).sum(), (weight * photo * contradicts).sum()),
            float(np.log((weight * photo * agrees).sum() / size + _ADDED)),
        )
        evidence = _CONSTANT + sum(w * m for w, m in zip(_WEIGHTS, measures, strict=True))
        clearly = textured & (windows.correlation < _DISAGREES)
        beside = known & ~agrees & _grown(clearly)
        apart = _pieces(disagrees | beside, _REGION, size)
        extent = 1 - float(apart.sum()) / size
        everywhere = float(agrees.sum() / max(textured.sum(), 1)) >= _EVERYWHERE
        same = evidence > 0 or (everywhere and extent == 1)
        if same and _is_rival(agrees, disagrees, photo, windows):
            same = False
        showing = float((photo * agrees).sum()) / size
        return cls(agrees, extent, evidence, same, showing)

    def cells(self, matrix: np.ndarray, size: tuple[int, int]) -> np.ndarray:
        """Where it agrees in one of the pictures, as (16, 16) bool cells of it.

        `matrix` leads from the overlap to that picture's thumbnail, of a width and height `size`.
        """
        y, x = np.nonzero(self.agrees)
        there = matrix @ np.stack([x, y, np.ones(len(x))])
        column = np.floor((there[0] / there[2] + 0.5) * GRID / size[0]).astype(np.int64)
        row = np.floor((there[1] / there[2] + 0.5) * GRID / size[1]).astype(np.int64)
        inside = (column >= 0) & (column < GRID) & (row >= 0) & (row < GRID)
        seen = np.zeros((GRID, GRID), np.int64)
        np.add.at(seen, (row[inside], column[inside]), 1)
        # A cell agrees where a third of it does, in pixels of the overlap.
        cell = abs(np.linalg.det(np.linalg.inv(matrix)[:2, :2])) * size[0] * size[1] / GRID**2
        return np.asarray(seen >= max(cell / 3, 1))


@dataclass(frozen=True, slots=True)
class _Windows:
    """Means over square windows around each pixel: (h, w) float32 each."""

    side: int
    known: np.ndarray
    variance_a: np.ndarray
    variance_b: np.ndarray
    correlation: np.ndarray

    @classmethod
    def of(cls, overlap: Overlap) -> Self:
        least, most, parts = _WINDOW
        side = int(np.clip(overlap.inside.sum() ** 0.5 / parts, least, most)) | 1
        weight = overlap.inside.astype(np.float32)
        a, b = (np.where(overlap.inside, image, 0) for image in (overlap.a, overlap.b))

        def mean(values: np.ndarray) -> np.ndarray:
            border = cv2.BORDER_CONSTANT
            return np.asarray(cv2.boxFilter(values, -1, (side, side), borderType=border))

        seen = mean(weight) + 1e-6
        mean_a, mean_b = mean(a) / seen, mean(b) / seen
        variance_a = np.maximum(mean(a * a) / seen - mean_a**2, 0)
        variance_b = np.maximum(mean(b * b) / seen - mean_b**2, 0)
        shared = mean(a * b) / seen - mean_a * mean_b
        noise = (variance_a + _TEXTURE) * (variance_b + _TEXTURE)
        correlation = (shared + 0.1 * _TEXTURE) / np.sqrt(noise)
        known = overlap.inside & (seen > 0.4)
        return cls(side, known, variance_a, variance_b, correlation)


def photographic(image: np.ndarray, side: int) -> np.ndarray:
    """How photographic the windows of a picture are, (h, w) float32 in [0, 1]: few flat pixels."""
    levels = image.clip(0, 255).astype(np.uint8)
    around = np.ones((3, 3), np.uint8)
    spread = cv2.dilate(levels, around).astype(np.int16) - cv2.erode(levels, around)
    flat = (spread <= _FLAT).astype(np.float32)
    part = cv2.boxFilter(flat, -1, (side, side), borderType=cv2.BORDER_REPLICATE)
    return np.asarray(np.clip(1 - part / _GRAPHIC, 0, 1))


def odds(agrees: float, contradicts: float, added: float = _ADDED) -> float:
    """The logarithm of the odds that a window agrees; 0 to 1 each is kept from the ends."""
    part = float(agrees) / max(float(agrees + contradicts), 1.0)
    return float(np.log((part + added) / (1 - part + added)))


def _is_rival(
    agrees: np.ndarray, disagrees: np.ndarray, photo: np.ndarray, windows: "_Windows"
) -> bool:
    """Whether another photo stands in one place of the two: a frame, a card, a poster agrees."""
    closed = cv2.morphologyEx(
        disagrees.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((5, 5), np.uint8)
    )
    size = int(windows.known.sum())
    region = _pieces((closed > 0) & windows.known, _RIVAL_RADIUS, size)
    if region.sum() < _RIVAL * size or float(photo[region].mean()) < _RIVAL_PHOTO:
        return False
    unrelated = float(windows.correlation[region & disagrees].mean()) < _UNRELATED
    return unrelated and _is_framed(region, agrees)


def _is_framed(region: np.ndarray, agrees: np.ndarray) -> bool:
    """Whether what agrees lies around a region, as a frame does, on three sides at least.

    A photo that was cut to a panel, or stands between bands, agrees beside what disagrees.
    """
    rows, columns = np.flatnonzero(region.any(axis=1)), np.flatnonzero(region.any(axis=0))
    top, bottom, left, right = rows[0], rows[-1] + 1, columns[0], columns[-1] + 1
    sides = (
        agrees[:top, left:right],
        agrees[bottom:, left:right],
        agrees[top:bottom, :left],
        agrees[top:bottom, right:],
    )
    return sum(side.size > 0 and float(side.mean()) > _BESIDE for side in sides) >= 3


def _grown(region: np.ndarray) -> np.ndarray:
    """A region and the pixels next to it."""
    return np.asarray(cv2.dilate(region.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0)


def _pieces(region: np.ndarray, radius: float, size: int) -> np.ndarray:
    """What of a region is as wide as a disc, (h, w) bool: lines of text are not.

    The radius is a part of the overlap's side, `size` the overlap's pixels.
    """
    reach = max(1, round(radius * size**0.5))
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1))
    return np.asarray(cv2.morphologyEx(region.astype(np.uint8), cv2.MORPH_OPEN, disc) > 0)
