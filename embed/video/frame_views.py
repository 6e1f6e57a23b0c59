"""What the choice of frames compares: a small view of a frame, and how two views differ."""

from dataclasses import dataclass
from typing import Self

import numpy as np

from frametrace.embed.signals.pdq import compute_pdq
from frametrace.embed.thresholds import PDQ_MAX_DISTANCE

__all__ = ["MOTION_GRID", "FrameView"]

MOTION_GRID = 16  # cells per side of a frame, in which movements are noted

_SIDE = 64  # points per side of the compared pixels, as in PDQ
# A point has changed if it differs by so many standard deviations of the two frames' shades.
_CHANGED_POINT = 0.8
# Two slides of one layout with other words are within PDQ's 31 bits; their words are 5 % of the
# points or more. A speaker's head and hands move over fewer.
_MAX_CHANGED = 0.06
# Compression moves points by 0.2 deviations at most, a speaker's mouth by 0.5 and more.
_MOVED_POINT = 0.35
_MIN_MOVED = 3  # of the 16 points of a cell
_FLAT = 3.0  # standard deviation of shades, of 255 levels; below it a frame shows nothing
# Correlation of the details in the middle of a frame with their best place in another. Frames of a
# camera that moves, a second apart: 0.43 or more (95 % of pairs of 4 clips); photographs that have
# nothing in common: 0.39 or less (99 % of 600 pairs). Of all shades, without the coarsest removed,
# it would be 0.64 and 0.67: photographs are bright at the top.
_MIN_CORRELATION = 0.42
_COARSE = 5.0  # points; the deviation of the blur that is removed


@dataclass(frozen=True, slots=True)
class FrameView:
    """A small view of a frame.

    `code` is (4,) uint64: its PDQ. `points` is (64, 64) float32: its pixels with mean 0 and
    deviation 1. `detail` says how sharp it is, 0 to 255 levels.
    """

    code: np.ndarray
    points: np.ndarray
    detail: float
    is_flat: bool

    @classmethod
    def of(cls, luma: np.ndarray) -> Self:
        """The view of a (height, width) uint8 luminance picture, some 180 pixels high."""
        import cv2

        code = np.frombuffer(compute_pdq(luma)[0], np.uint64)
        points = cv2.resize(luma, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA).astype(np.float32)
        deviation = float(points.std())
        points = (points - points.mean()) / max(deviation, 1.0)
        edges = cv2.Laplacian(luma, cv2.CV_16S)
        return cls(code, points, float(np.abs(edges).mean()), deviation < _FLAT)

    def bits(self, codes: np.ndarray) -> np.ndarray:
        """Distances of PDQ, (n,) int64, to (n, 4) uint64 codes."""
        distances: np.ndarray = np.bitwise_count(codes ^ self.code).sum(axis=-1, dtype=np.int64)
        return distances

    def bits_to(self, other: Self) -> int:
        """The distance of PDQ between two views."""
        return int(np.bitwise_count(other.code ^ self.code).sum())

    def shows_same(self, other: Self) -> bool:
        """Whether one frame can stand for both: their hashes and nearly all points agree.

        Brightness and contrast don't count. Flat frames all show the same: nothing.
        """
        if self.is_flat or other.is_flat:
            return self.is_flat and other.is_flat
        if self.bits_to(other) > PDQ_MAX_DISTANCE:
            return False
        changed = np.abs(self.points - other.points) > _CHANGED_POINT
        return float(changed.mean()) <= _MAX_CHANGED

    def moving_cells(self, other: Self) -> np.ndarray:
        """The cells, (16, 16) bool, in which two views of one scene differ."""
        side = _SIDE // MOTION_GRID
        moved = np.abs(self.points - other.points) > _MOVED_POINT
        cells: np.ndarray = moved.reshape(MOTION_GRID, side, MOTION_GRID, side).sum(axis=(1, 3))
        return cells >= _MIN_MOVED

    def has_moved_from(self, other: Self) -> bool:
        """Whether this may be the other frame after a movement of the camera, not another scene."""
        import cv2

        if self.is_flat or other.is_flat:
            return False
        quarter = _SIDE // 4
        middle = np.ascontiguousarray(_details(other)[quarter:-quarter, quarter:-quarter])
        places = cv2.matchTemplate(_details(self), middle, cv2.TM_CCOEFF_NORMED)
        return float(places.max()) >= _MIN_CORRELATION


def _details(view: FrameView) -> np.ndarray:
    """(64, 64) float32: a view's points without their coarsest shades."""
    import cv2

    blurred = cv2.GaussianBlur(view.points, (0, 0), _COARSE)
    return np.asarray(view.points - blurred, np.float32)
