"""Compares the pixels of two aligned pictures: normalised cross-correlation in small windows.

A dozen local features agree if two screenshots of one app are laid over each other, even though the
photos in them differ. So the pixels are compared too, wherever either picture has texture. A window
agrees or disagrees; it contradicts if both pictures have texture there, but different texture (text
over a plain sky only adds texture to one of them).

What agrees matters as much as how much: bars, icons and text are on a flat background, which photos
hardly have. Three measures decide: the part of the windows that agrees rather than contradicts; the
same part of photographic windows; and the part of the overlap that agrees and is photographic. A
logistic regression weighs them.
"""

from dataclasses import dataclass
from typing import Self

import cv2
import numpy as np

from frametrace.matcher.pictures.aligned_thumbnails import Overlap
from frametrace.matcher.pictures.pair_evidence import GRID

__all__ = ["Agreement", "odds", "photographic"]

_WINDOW_SIDE = 5, 13  # pixels, at least and at most
_WINDOWS_PER_SIDE = 12  # of an overlap, within these limits
_TEXTURE = 20.0  # variance in grey levels squared; less is noise of the thumbnail's compression
_AGREES = 0.5  # correlation
_DISAGREES = 0.4
_CONTRADICTS = 0.06  # least variance of the weaker texture, as a part of the stronger one's
_FLAT = 4  # grey levels: range of the pixels around a flat one
_GRAPHIC = 0.3  # flat part of a window that is not photographic at all
_REGION_RADIUS = 0.07  # of the overlap's side, of a region that disagrees as one piece
# A region with another photo in one of the pictures: its radius and area as parts of the overlap,
# how photographic both pictures are there, and the correlation below which they are unrelated. One
# of 796 pairs of copies has such a region (text over a photo correlates with the photo), and three
# quarters of the pairs of different photos in one frame.
_RIVAL_RADIUS, _RIVAL_AREA, _RIVAL_PHOTO, _UNRELATED = 0.12, 0.13, 0.2, 0.05
_FRAME_AGREES = 0.2  # of what lies beside the region on one side
_MIN_PIXELS = 100  # of the overlap, and of texture in it
_SMOOTHING = 0.01  # added to every measure so that none is 0

# Fitted on 4,059 pairs of copies (27 edits, screenshots, cards, frames, watermarks around them) and
# 492 pairs of different photographs in one layout, made from 650 photographs (ImageNet samples,
# half of BSDS500): the log odds of 98.4 % of the copies are above 0, and those of 5 of the other
# pairs. benchmarks/README.md has the results on other pictures.
_WEIGHTS = 2.2, 0.8, 2.8
_CONSTANT = 2.3
_CONTRAST = 600.0  # variance, the median of windows of photographs
# Part of the textured windows that agrees in pictures that are the same everywhere; two charts or
# maps of one style have 0.87 at most.
_EVERYWHERE = 0.92
_MIN_EXTENT = 0.8  # of copies by a hash; see `Agreement.extent`
_GRAPHICS = 0.02  # greatest photographic part of graphics; see `Agreement.photographic`


@dataclass(frozen=True, slots=True)
class Agreement:
    """How much of an overlap agrees.

    `agrees` is (h, w) bool: the pixels of the overlap whose windows agree. `extent` is the part of
    the overlap outside regions that disagree as one piece. `log_odds` are the log odds that both
    pictures show one photograph, and `same` says whether they do: by the odds, or because nothing
    disagrees, as in copies of a chart. `photographic` is the part of the overlap that agrees and is
    photographic.
    """

    agrees: np.ndarray
    extent: float
    log_odds: float
    same: bool
    photographic: float

    @property
    def contradicts(self) -> bool:
        """Whether copies by a hash are not copies: a part was replaced, or the graphics differ.

        For photographs, a hash of the whole picture is right more often than these windows.
        """
        return not self.same and (self.extent < _MIN_EXTENT or self.photographic < _GRAPHICS)

    @classmethod
    def of(cls, overlap: Overlap) -> Self | None:
        """Compare the pictures; None if the overlap is too small or too plain to decide."""
        windows = _Windows.of(overlap)
        known = windows.known
        if (size := int(known.sum())) < _MIN_PIXELS:
            return None
        textured = known & (np.maximum(windows.variance_a, windows.variance_b) > _TEXTURE)
        if textured.sum() < _MIN_PIXELS:
            return None
        agrees = textured & (windows.correlation > _AGREES)
        disagrees = textured & ~agrees
        weaker = np.minimum(windows.variance_a, windows.variance_b)
        stronger = np.maximum(windows.variance_a, windows.variance_b)
        contradicts = disagrees & (weaker > np.maximum(_TEXTURE, _CONTRADICTS * stronger))
        photos = (photographic(image, windows.side) for image in (overlap.a, overlap.b))
        photo = np.minimum(*photos)
        # Strong contrast, such as that of text, counts no more than that of an ordinary photo.
        weight = np.minimum(1, _CONTRAST / np.maximum(stronger, 1))
        measures = (
            odds((weight * agrees).sum(), (weight * contradicts).sum()),
            odds((weight * photo * agrees).sum(), (weight * photo * contradicts).sum()),
            float(np.log((weight * photo * agrees).sum() / size + _SMOOTHING)),
        )
        log_odds = _CONSTANT + sum(w * m for w, m in zip(_WEIGHTS, measures, strict=True))
        clearly = textured & (windows.correlation < _DISAGREES)
        beside = known & ~agrees & _dilated(clearly)
        pieces = _pieces(disagrees | beside, _REGION_RADIUS, size)
        extent = 1 - float(pieces.sum()) / size
        everywhere = float(agrees.sum() / max(textured.sum(), 1)) >= _EVERYWHERE
        same = log_odds > 0 or (everywhere and extent == 1)
        if same and _is_rival(agrees, disagrees, photo, windows):
            same = False
        photographic_part = float((photo * agrees).sum()) / size
        return cls(agrees, extent, log_odds, same, photographic_part)

    def cells(self, matrix: np.ndarray, size: tuple[int, int]) -> np.ndarray:
        """The (16, 16) bool cells of one of the pictures that agree.

        `matrix` maps the overlap to the picture's thumbnail, of width and height `size`.
        """
        y, x = np.nonzero(self.agrees)
        mapped = matrix @ np.stack([x, y, np.ones(len(x))])
        column = np.floor((mapped[0] / mapped[2] + 0.5) * GRID / size[0]).astype(np.int64)
        row = np.floor((mapped[1] / mapped[2] + 0.5) * GRID / size[1]).astype(np.int64)
        inside = (column >= 0) & (column < GRID) & (row >= 0) & (row < GRID)
        agreeing = np.zeros((GRID, GRID), np.int64)
        np.add.at(agreeing, (row[inside], column[inside]), 1)
        # A cell agrees if a third of its area does, in pixels of the overlap.
        cell_area = abs(np.linalg.det(np.linalg.inv(matrix)[:2, :2])) * size[0] * size[1] / GRID**2
        return np.asarray(agreeing >= max(cell_area / 3, 1))


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
        side = int(np.clip(overlap.inside.sum() ** 0.5 / _WINDOWS_PER_SIDE, *_WINDOW_SIDE)) | 1
        weight = overlap.inside.astype(np.float32)
        a, b = (np.where(overlap.inside, image, 0) for image in (overlap.a, overlap.b))

        def mean(values: np.ndarray) -> np.ndarray:
            border = cv2.BORDER_CONSTANT
            return np.asarray(cv2.boxFilter(values, -1, (side, side), borderType=border))

        seen = mean(weight) + 1e-6
        mean_a, mean_b = mean(a) / seen, mean(b) / seen
        variance_a = np.maximum(mean(a * a) / seen - mean_a**2, 0)
        variance_b = np.maximum(mean(b * b) / seen - mean_b**2, 0)
        covariance = mean(a * b) / seen - mean_a * mean_b
        noise = (variance_a + _TEXTURE) * (variance_b + _TEXTURE)
        correlation = (covariance + 0.1 * _TEXTURE) / np.sqrt(noise)
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


def odds(agrees: float, contradicts: float, added: float = _SMOOTHING) -> float:
    """The log odds that a window agrees; `added` keeps them finite."""
    part = float(agrees) / max(float(agrees + contradicts), 1.0)
    return float(np.log((part + added) / (1 - part + added)))


def _is_rival(
    agrees: np.ndarray, disagrees: np.ndarray, photo: np.ndarray, windows: _Windows
) -> bool:
    """Whether a frame, a card or a poster agrees, but the photos inside it differ."""
    closed = cv2.morphologyEx(
        disagrees.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((5, 5), np.uint8)
    )
    size = int(windows.known.sum())
    region = _pieces((closed > 0) & windows.known, _RIVAL_RADIUS, size)
    if region.sum() < _RIVAL_AREA * size or float(photo[region].mean()) < _RIVAL_PHOTO:
        return False
    unrelated = float(windows.correlation[region & disagrees].mean()) < _UNRELATED
    return unrelated and _is_framed(region, agrees)


def _is_framed(region: np.ndarray, agrees: np.ndarray) -> bool:
    """Whether what agrees surrounds a region like a frame, on three sides at least.

    A photo that was cropped to a panel, or set between bands, agrees on fewer sides.
    """
    rows, columns = np.flatnonzero(region.any(axis=1)), np.flatnonzero(region.any(axis=0))
    top, bottom, left, right = rows[0], rows[-1] + 1, columns[0], columns[-1] + 1
    sides = (
        agrees[:top, left:right],
        agrees[bottom:, left:right],
        agrees[top:bottom, :left],
        agrees[top:bottom, right:],
    )
    return sum(side.size > 0 and float(side.mean()) > _FRAME_AGREES for side in sides) >= 3


def _dilated(region: np.ndarray) -> np.ndarray:
    """A region and the pixels next to it."""
    return np.asarray(cv2.dilate(region.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0)


def _pieces(region: np.ndarray, radius: float, size: int) -> np.ndarray:
    """The parts of a region as wide as a disc, (h, w) bool; lines of text are narrower.

    `radius` is a part of the overlap's side, `size` the overlap's area in pixels.
    """
    reach = max(1, round(radius * size**0.5))
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1))
    return np.asarray(cv2.morphologyEx(region.astype(np.uint8), cv2.MORPH_OPEN, disc) > 0)
