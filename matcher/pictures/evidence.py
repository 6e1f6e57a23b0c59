"""The result of comparing two pictures, and where one lies in the other.

Kept apart from comparing: who reads results does not load what compares pictures.
"""

from dataclasses import dataclass, field, replace

import numpy as np

from frametrace.matcher.pictures.transforms import Transform
from frametrace.matcher.results import Relation

__all__ = ["CELLS", "GRID", "Evidence", "outline"]

GRID = 16  # cells a side of what is kept of an agreement
CELLS = GRID * GRID

Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Evidence:
    """One similarity transform from a picture A to a picture B, and how much of them agrees.

    `inliers` is the number of distinct features that lie on it. `scale` and `rotation` (degrees,
    clockwise) are of the pictures shrunk to 400 pixels, A `mirrored` first where it says so; then A
    is moved by `shift_x` and `shift_y` pixels of B.
    `part_a` is the part of A's area that agrees with what B shows there. `altered` are boxes (x0,
    y0, x1, y1), in fractions of B's width and height, that differ inside a copy; `altered_part` is
    how much of what both show they are.
    `cells_a` and `cells_b` are 256 bits each, 16 rows of 16 cells: where A and B agree.
    `same_photograph` says whether their pixels tell that both show one, in whatever part.
    """

    relation: Relation
    inliers: int
    mirrored: bool
    scale: float
    rotation: float
    shift_x: float
    shift_y: float
    part_a: float
    part_b: float
    altered: tuple[Box, ...] = ()
    altered_part: float = 0.0
    cells_a: bytes = field(default=b"", repr=False)
    cells_b: bytes = field(default=b"", repr=False)
    same_photograph: bool = True

    def inverted(self, size_a: tuple[int, int], size_b: tuple[int, int]) -> "Evidence":
        """The same seen from B to A, pictures of those sizes when shrunk: exactly the inverse.

        Boxes are those around the boxes as they lie in A.
        """
        there = _moved(self)
        back = there.inverse()
        if self.mirrored:
            factor, middle = back.factor.conjugate(), size_b[0] - 1 - there.shift.conjugate()
            back = Transform(factor, size_a[0] - 1 - factor * middle)
        inverse = replace(
            self,
            scale=abs(back.factor),
            rotation=float(np.degrees(np.angle(back.factor))),
            shift_x=back.shift.real,
            shift_y=back.shift.imag,
            part_a=self.part_b,
            part_b=self.part_a,
            cells_a=self.cells_b,
            cells_b=self.cells_a,
        )
        return replace(
            inverse, altered=tuple(_box_in(inverse, box, size_b, size_a) for box in self.altered)
        )


def outline(found: Evidence, a: tuple[int, int]) -> np.ndarray:
    """Where the corners of A lie in B: (4, 2) float64, from the top left of A clockwise.

    `a` is A's width and height when shrunk. Edges are counted, not middles of pixels: a picture in
    itself has (0, 0) and (width, height). They may lie outside B.
    """
    width, height = a
    return _corners(found, np.array([0, width, width, 0]), np.array([0, 0, height, height]), width)


def _corners(found: Evidence, x: np.ndarray, y: np.ndarray, width: int) -> np.ndarray:
    """Where points of A, counted by edges, lie in B: (n, 2)."""
    x, y = x - 0.5, y - 0.5
    if found.mirrored:
        x = width - 1 - x
    corners = _moved(found)(x + 1j * y)
    return np.stack([corners.real, corners.imag], 1) + 0.5


def _box_in(found: Evidence, box: Box, a: tuple[int, int], b: tuple[int, int]) -> Box:
    """The box around a box of A, both in fractions, as it lies in B."""
    x0, y0, x1, y1 = box
    x, y = np.array([x0, x1, x1, x0]) * a[0], np.array([y0, y0, y1, y1]) * a[1]
    corners = (_corners(found, x, y, a[0]) / b).clip(0, 1)
    (left, top), (right, bottom) = corners.min(axis=0), corners.max(axis=0)
    return float(left), float(top), float(right), float(bottom)


def _moved(found: Evidence) -> Transform:
    factor = found.scale * np.exp(1j * np.radians(found.rotation))
    return Transform(complex(factor), complex(found.shift_x, found.shift_y))
