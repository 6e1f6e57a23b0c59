"""Warps one thumbnail onto another by their alignment, and measures how they overlap."""

from dataclasses import dataclass
from typing import Self

import cv2
import numpy as np

from frametrace.matcher.pictures.feature_alignment import Alignment
from frametrace.matcher.pictures.picture_values import PictureValues

__all__ = ["Overlap", "covered"]

_INSIDE = 0.99  # part of a pixel that the warped picture covers
_BLUR = 0.45  # pixels of the smaller picture: sigma of the blur before shrinking
_GRID = 24  # points per side at which areas are sampled


@dataclass(frozen=True, slots=True)
class Overlap:
    """The overlap of pictures A and B, in pixels of the coarser thumbnail.

    `a` and `b` are (h, w) float32 grey levels; `inside` is (h, w) bool: where both have pixels.
    `to_a` and `to_b` are (3, 3) float64 homographies from these pixels to the thumbnails of A and
    B, whose sizes are `size_a` and `size_b` (width, height). `covered_a` is the part of A's area
    that the frame of B covers.
    """

    a: np.ndarray
    b: np.ndarray
    inside: np.ndarray
    to_a: np.ndarray
    to_b: np.ndarray
    size_a: tuple[int, int]
    size_b: tuple[int, int]
    covered_a: float
    covered_b: float

    @classmethod
    def of(cls, alignment: Alignment, a: PictureValues, b: PictureValues) -> Self:
        """Warp the finer thumbnail onto the coarser one; it is blurred first if it shrinks."""
        a_to_b = _to_thumbnail(b) @ alignment.matrix @ np.linalg.inv(_to_thumbnail(a))
        b_to_a = np.linalg.inv(a_to_b)
        zoom = abs(alignment.transform.factor) * b.scale / a.scale
        size_a, size_b = _size(a.thumbnail), _size(b.thumbnail)
        parts = covered(a_to_b, size_a, size_b), covered(b_to_a, size_b, size_a)
        grey_a, grey_b = a.thumbnail.astype(np.float32), b.thumbnail.astype(np.float32)
        if zoom > 1:
            warped, inside = _warped(grey_b, b_to_a, size_a, 1 / zoom)
            return cls(grey_a, warped, inside, np.eye(3), a_to_b, size_a, size_b, *parts)
        warped, inside = _warped(grey_a, a_to_b, size_b, zoom)
        return cls(warped, grey_b, inside, b_to_a, np.eye(3), size_a, size_b, *parts)


def _size(thumbnail: np.ndarray) -> tuple[int, int]:
    return thumbnail.shape[1], thumbnail.shape[0]


def _to_thumbnail(picture: PictureValues) -> np.ndarray:
    """From positions of features to pixels of the thumbnail, both of pixel centres."""
    width, height = _size(picture.thumbnail)
    x, y = width / picture.features.width, height / picture.features.height
    return np.array([[x, 0, 0.5 * x - 0.5], [0, y, 0.5 * y - 0.5], [0, 0, 1.0]])


def _warped(
    image: np.ndarray, matrix: np.ndarray, size: tuple[int, int], zoom: float
) -> tuple[np.ndarray, np.ndarray]:
    """An image warped into a frame of a size, and which pixels of the frame it covers."""
    coverage = np.ones_like(image)
    if zoom < 0.9:
        image = cv2.GaussianBlur(image, (0, 0), _BLUR * (1 / zoom**2 - 1) ** 0.5)
    linear = cv2.INTER_LINEAR
    image = cv2.warpPerspective(image, matrix, size, flags=linear, borderMode=cv2.BORDER_REPLICATE)
    coverage = cv2.warpPerspective(coverage, matrix, size, flags=linear)
    return image, coverage > _INSIDE


def covered(matrix: np.ndarray, size: tuple[int, int], frame: tuple[int, int]) -> float:
    """The part of a picture's area that a homography maps into a frame; sizes (width, height)."""
    x, y = (np.arange(0.5, _GRID) / _GRID * side - 0.5 for side in size)
    grid = np.stack([np.tile(x, _GRID), np.repeat(y, _GRID), np.ones(_GRID * _GRID)])
    mapped = matrix @ grid
    depth = mapped[2]
    with np.errstate(divide="ignore", invalid="ignore"):
        right, down = mapped[:2] / depth
    width, height = frame
    inside = (right >= -0.5) & (right < width - 0.5) & (down >= -0.5) & (down < height - 0.5)
    return float((inside & (depth > 0)).mean())
