"""Tells two moments of one scene from two shots of it, where the video shows what moves.

Two shots of one scene differ by parallax, and so do two moments if something moved in between (see
`pictures.parallax`). A video says where it moves: features there tell nothing. If the others are
those of one shot, the two are moments of it.
"""

from dataclasses import replace

import numpy as np

from frametrace.matcher.pictures.feature_alignment import align
from frametrace.matcher.pictures.pair_evidence import GRID
from frametrace.matcher.pictures.parallax import is_another_shot
from frametrace.matcher.pictures.picture_values import PictureValues
from frametrace.matcher.pictures.transforms import Pairs

__all__ = ["are_moments_of_one_shot"]

_MIN_STILL = 40  # features outside what moves: three times as many as parallax needs
_TOLERANCE = 6.0  # pixels, of 400, by which features that agree are off at most


def are_moments_of_one_shot(
    a: PictureValues,
    b: PictureValues,
    moving: tuple[np.ndarray, np.ndarray],
    *,
    mirrored: bool,
) -> bool:
    """Whether A and B differ as one shot does while something moves in it.

    `moving` are the cells, (256,) bool, in which each of them moves; none for a picture.
    """
    alignment = align(a.features, b.features, mirrored)
    if alignment is None:
        return False
    pairs = alignment.counterparts
    in_a = a.features.width - 1 - pairs.a.conj() if mirrored else pairs.a
    still = ~(_inside(moving[0], in_a, a.size) | _inside(moving[1], pairs.b, b.size))
    agreeing = np.abs(alignment.mapped - pairs.b) < _TOLERANCE
    if np.count_nonzero(still & agreeing) < _MIN_STILL:
        return False
    columns = (pairs.a, pairs.b, pairs.octaves, pairs.rotation)
    kept = Pairs(*(column[still] for column in columns))
    return not is_another_shot(
        replace(alignment, counterparts=kept, mapped=alignment.mapped[still])
    )


def _inside(moving: np.ndarray, positions: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Which positions, (k,) complex128 in pixels, lie in moving cells or next to one."""
    padded = np.pad(moving.reshape(GRID, GRID), 1)
    near = np.zeros((GRID, GRID), bool)
    for down in range(3):
        for right in range(3):
            near |= padded[down : down + GRID, right : right + GRID]
    width, height = size
    column = (positions.real * GRID / width).astype(np.intp).clip(0, GRID - 1)
    row = (positions.imag * GRID / height).astype(np.intp).clip(0, GRID - 1)
    return np.asarray(near[row, column])
