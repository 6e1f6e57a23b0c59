"""Whether two pictures show one photograph, and what was done to one of them.

Local features say how one picture would lie in the other; the pictures themselves say whether they
agree there, and where not.
"""

from dataclasses import dataclass, field, replace

import numpy as np

from frametrace.matcher.pictures.agreement import GRID, Agreement
from frametrace.matcher.pictures.altered import Altered, altered_regions
from frametrace.matcher.pictures.geometry import Alignment, align, stretched_over
from frametrace.matcher.pictures.overlap import Overlap
from frametrace.matcher.pictures.relation import relation_of
from frametrace.matcher.pictures.scene import is_another_shot
from frametrace.matcher.pictures.shown import Shown
from frametrace.matcher.pictures.transforms import Transform
from frametrace.matcher.results import Relation

__all__ = ["CELLS", "Evidence", "cells_of", "outline", "verify", "verify_near"]

CELLS = GRID * GRID  # of a picture, whose agreement is kept
_ELEMENT_INLIERS = 8  # of pictures that don't agree otherwise: fewer are chance
# Copies of tables agree closely, or in most of their features, or in more than their lines: of
# 4,100 pairs of copies 13 don't, of 12 pairs of tables of one style none does.
_GRAPHIC = 0.12  # of the overlap that agrees and is photographic
_CLOSE, _SHARE, _EVIDENCE = 0.83, 0.3, 3.0
_ELEMENT_CELLS = 2  # of 256 that agree: less is nothing that could be shown

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


def verify(a: Shown, b: Shown, mirrored: bool | None = None) -> Evidence | None:
    """Align picture A, or its mirror image, with B and compare what they show.

    Only that orientation of A is tried where `mirrored` says which. None where the pictures share
    nothing that can be told.
    """
    if (alignment := align(a.features, b.features, mirrored)) is None:
        return None
    overlap = Overlap.of(alignment, a, b)
    if (agreement := Agreement.of(overlap)) is None:
        return None
    return _told(alignment, overlap, agreement)


def verify_near(a: Shown, b: Shown) -> Evidence | None:
    """What sets two pictures apart that are copies by a hash of the whole; None where nothing does.

    That is an altered part, or that their pixels contradict the hash, as those of two charts of one
    style do: the relation is then none of a copy. Where features are too few to align the pictures
    they are laid over each other as they are.
    """
    alignment = stretched_over(a.features, b.features)
    overlap = Overlap.of(alignment, a, b)
    agreement = Agreement.of(overlap)
    looks_same = agreement is None or (agreement.same and agreement.extent == 1)
    if looks_same and not altered_regions(overlap):
        return None
    if (aligned := align(a.features, b.features, False)) is not None:
        alignment, overlap = aligned, Overlap.of(aligned, a, b)
        agreement = Agreement.of(overlap)
    if agreement is None or not (agreement.same or agreement.contradicts):
        return None
    return _told(alignment, overlap, agreement)


def _told(alignment: Alignment, overlap: Overlap, agreement: Agreement) -> Evidence | None:
    """The evidence of two pictures that are laid over each other."""
    parts = overlap.covered_a * agreement.extent, overlap.covered_b * agreement.extent
    relation, altered = Relation.SHARES_ELEMENT, Altered()
    same = agreement.same and not _is_one_style(alignment, agreement)
    if same:
        relation = relation_of(parts, (overlap.covered_a, overlap.covered_b))
    if relation != Relation.SHARES_ELEMENT:
        if is_another_shot(alignment):
            relation, same = Relation.SAME_SCENE, False
        else:
            altered = Altered.of(altered_regions(overlap), overlap)
    cells_a = agreement.cells(overlap.to_a, overlap.size_a)
    cells_b = agreement.cells(overlap.to_b, overlap.size_b)
    if relation == Relation.SHARES_ELEMENT and not _is_element(alignment, cells_a, cells_b):
        return None
    transform = alignment.transform
    return Evidence(
        relation=relation,
        inliers=alignment.inliers,
        mirrored=alignment.mirrored,
        scale=abs(transform.factor),
        rotation=float(np.degrees(np.angle(transform.factor))),
        shift_x=transform.shift.real,
        shift_y=transform.shift.imag,
        part_a=parts[0],
        part_b=parts[1],
        altered=altered.boxes,
        altered_part=altered.part,
        cells_a=np.packbits(cells_a).tobytes(),
        cells_b=np.packbits(cells_b).tobytes(),
        same_photograph=same,
    )


def _is_one_style(alignment: Alignment, agreement: Agreement) -> bool:
    """Whether graphics agree as two tables of one style do: in their lines, not in their words."""
    return (
        agreement.photographic < _GRAPHIC
        and agreement.evidence < _EVIDENCE
        and agreement.correlation < _CLOSE
        and alignment.share < _SHARE
        and alignment.inliers > 0
    )


def _is_element(alignment: Alignment, cells_a: np.ndarray, cells_b: np.ndarray) -> bool:
    """Whether what agrees is more than chance, and large enough to be shown."""
    if not alignment.inliers:  # copies by a hash, whatever is left of them
        return True
    shown = min(int(cells_a.sum()), int(cells_b.sum())) >= _ELEMENT_CELLS
    return shown and alignment.inliers >= _ELEMENT_INLIERS


def outline(found: Evidence, a: tuple[int, int]) -> np.ndarray:
    """Where the corners of A lie in B: (4, 2) float64, from the top left of A clockwise.

    `a` is A's width and height when shrunk. Edges are counted, not middles of pixels: a picture in
    itself has (0, 0) and (width, height). They may lie outside B.
    """
    width, height = a
    return _corners(found, np.array([0, width, width, 0]), np.array([0, 0, height, height]), width)


def cells_of(bits: bytes) -> np.ndarray:
    """(16, 16) bool of what is kept of an agreement."""
    return np.unpackbits(np.frombuffer(bits, np.uint8)).reshape(GRID, GRID) > 0


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
