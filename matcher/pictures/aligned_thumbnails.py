"""Two thumbnails laid over each other, as their alignment says."""

from dataclasses import dataclass
from typing import Self

import cv2
import numpy as np

from frametrace.matcher.pictures.feature_alignment import Alignment
from frametrace.matcher.pictures.picture_values import PictureValues

__all__ = ["Overlap", "covered"]

_WHOLE = 0.99  # of a pixel that is seen
_BLUR = 0.45  # pixels of the smaller picture: what shrinking averages over
_GRID = 24  # points a side that areas are measured at


@dataclass(frozen=True, slots=True)
class Overlap:
    """The part that two pictures A and B have in common, in pixels of the coarser thumbnail.

    `a` and `b` are (h, w) float32 grey levels, `inside` is (h, w) bool: where both are seen.
    `to_a` and `to_b` are (3, 3) float64 homographies from its pixels to the thumbnails of A and B,
    of the sizes `size_a` and `size_b` (width, height). `covered_a` is the part of A's area that
    the frame of B covers.
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
        """Warp the finer thumbnail to the coarser one; what shrinks is blurred first."""
        there = _to_thumbnail(b) @ alignment.matrix @ np.linalg.inv(_to_thumbnail(a))
        back = np.linalg.inv(there)
        zoom = abs(alignment.transform.factor) * b.scale / a.scale
        size_a, size_b = _size(a.thumbnail), _size(b.thumbnail)
        parts = covered(there, size_a, size_b), covered(back, size_b, size_a)
        ours, theirs = a.thumbnail.astype(np.float32), b.thumbnail.astype(np.float32)
        if zoom > 1:
            warped, inside = _warped(theirs, back, size_a, 1 / zoom)
            return cls(ours, warped, inside, np.eye(3), there, size_a, size_b, *parts)
        warped, inside = _warped(ours, there, size_b, zoom)
        return cls(warped, theirs, inside, back, np.eye(3), size_a, size_b, *parts)


def _size(thumbnail: np.ndarray) -> tuple[int, int]:
    return thumbnail.shape[1], thumbnail.shape[0]


def _to_thumbnail(picture: PictureValues) -> np.ndarray:
    """From places of features to pixels of the thumbnail; both count from the middle of a pixel."""
    width, height = _size(picture.thumbnail)
    x, y = width / picture.features.width, height / picture.features.height
    return np.array([[x, 0, 0.5 * x - 0.5], [0, y, 0.5 * y - 0.5], [0, 0, 1.0]])


def _warped(
    image: np.ndarray, matrix: np.ndarray, size: tuple[int, int], zoom: float
) -> tuple[np.ndarray, np.ndarray]:
    """An image as it lies in a frame of a size, and which pixels there are wholly of it."""
    seen = np.ones_like(image)
    if zoom < 0.9:
        image = cv2.GaussianBlur(image, (0, 0), _BLUR * (1 / zoom**2 - 1) ** 0.5)
    linear = cv2.INTER_LINEAR
    image = cv2.warpPerspective(image, matrix, size, flags=linear, borderMode=cv2.BORDER_REPLICATE)
    seen = cv2.warpPerspective(seen, matrix, size, flags=linear)
    return image, seen > _WHOLE


def covered(matrix: np.ndarray, of: tuple[int, int], other: tuple[int, int]) -> float:
    """The part of a picture's area that lies inside the other's frame."""
    x, y = (np.arange(0.5, _GRID) / _GRID * side - 0.5 for side in of)
    grid = np.stack([np.tile(x, _GRID), np.repeat(y, _GRID), np.ones(_GRID * _GRID)])
    there = matrix @ grid
    depth = there[2]
    with np.errstate(divide="ignore", invalid="ignore"):
        right, down = there[:2] / depth
    width, height = other
    inside = (right >= -0.5) & (right < width - 0.5) & (down >= -0.5) & (down < height - 0.5)
    return float((inside & (depth > 0)).mean())
