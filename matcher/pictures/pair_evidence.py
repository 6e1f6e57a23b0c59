"""The evidence of two compared pictures: their relation, and where one lies in the other.

It is separate from the comparison so that readers of results don't load OpenCV.
"""

from dataclasses import dataclass, field, replace

import numpy as np

from frametrace.matcher.pictures.transforms import Transform
from frametrace.matcher.result_schemas import Relation

__all__ = ["CELLS", "GRID", "Evidence", "outline"]

GRID = 16  # cells per side of a picture, for what agrees
CELLS = GRID * GRID

Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Evidence:
    """A similarity transform from picture A to picture B, and how much of them agrees.

    `inliers` is the number of distinct features that agree with the transform. A is flipped first
    if `mirrored`, then changed by `scale` and `rotation` (degrees, clockwise), then moved by
    `shift_x` and `shift_y` pixels of B; all in pixels of the pictures shrunk to 400.
    `part_a` is the part of A's area that agrees with B. `altered` are the boxes (x0, y0, x1, y1),
    in fractions of B's width and height, that differ in a copy; `altered_part` is the part of the
    overlap that they cover. `cells_a` and `cells_b` are 256 bits each, 16 rows of 16 cells: where A
    and B agree. `same_photograph` says whether both show the same photograph, or parts of it.
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
        """The evidence from B to A, exactly inverse; the sizes are those of the shrunk pictures.

        The altered boxes are those around the boxes of B as they lie in A.
        """
        transform = _transform(self)
        back = transform.inverse()
        if self.mirrored:
            factor, middle = back.factor.conjugate(), size_b[0] - 1 - transform.shift.conjugate()
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


def outline(evidence: Evidence, size_a: tuple[int, int]) -> np.ndarray:
    """The corners of A in B, (4, 2) float64, clockwise from the top left of A.

    `size_a` is A's width and height when shrunk. Coordinates are those of pixel edges, not centres:
    the whole picture goes from (0, 0) to (width, height). Corners may lie outside B.
    """
    width, height = size_a
    x, y = np.array([0, width, width, 0]), np.array([0, 0, height, height])
    return _mapped(evidence, x, y, width)


def _mapped(evidence: Evidence, x: np.ndarray, y: np.ndarray, width: int) -> np.ndarray:
    """Points of A mapped to B, (n, 2), in coordinates of pixel edges."""
    x, y = x - 0.5, y - 0.5
    if evidence.mirrored:
        x = width - 1 - x
    points = _transform(evidence)(x + 1j * y)
    return np.stack([points.real, points.imag], 1) + 0.5


def _box_in(evidence: Evidence, box: Box, size_a: tuple[int, int], size_b: tuple[int, int]) -> Box:
    """The box in B around a box of A as it lies in B, both in fractions."""
    x0, y0, x1, y1 = box
    x, y = np.array([x0, x1, x1, x0]) * size_a[0], np.array([y0, y0, y1, y1]) * size_a[1]
    corners = (_mapped(evidence, x, y, size_a[0]) / size_b).clip(0, 1)
    (left, top), (right, bottom) = corners.min(axis=0), corners.max(axis=0)
    return float(left), float(top), float(right), float(bottom)


def _transform(evidence: Evidence) -> Transform:
    factor = evidence.scale * np.exp(1j * np.radians(evidence.rotation))
    return Transform(complex(factor), complex(evidence.shift_x, evidence.shift_y))
