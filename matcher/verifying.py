"""Whether two pictures share pixels, and what was done to one of them: local features compared.

A feature that has one clear counterpart in the other picture says by itself how that picture would
have been moved, scaled and turned. Each such pair is a hypothesis; the one that most others agree
with is fitted by least squares, and pairs that lie on it are its inliers. The 64 clearest pairs are
tried, so nothing is random. Lowe (IJCV 2004) gives the ratio of distances to the nearest and next
nearest feature; here it is one of bits.

Where the transform is known, features agree that the ratio left in doubt; they bend it, as a photo
of a screen asks for, and that leads to more. How much of a picture is seen in the other is told by
where its features agree, not by how many: a copy may have lost most of them.
"""

from dataclasses import dataclass, replace

import numpy as np

from frametrace.embed.signals.local import Features, bits_between
from frametrace.matcher.results import Relation
from frametrace.matcher.transforms import Bent, Pairs, Transform, complex_places

__all__ = ["MIN_INLIERS", "Evidence", "outline", "verify"]

# Of 26,754 pairs of pictures of real posts and photographs that are no copies none has so many and
# a `_SHARE` of what could agree, nor `_ENOUGH`.
MIN_INLIERS = 6
# Both by edits made of 40 photographs, and told by those of 50 others; see docs/signals.md.
WHOLE = 0.77  # a picture of which that part is seen in the other is there, all or nearly
MOST = 0.55  # a copy shows that part of the other picture at least; one of two panels has half
# A picture whose frame covers no more of the other lies inside it, and `MOST` of it is enough to be
# seen: panels and screenshots cut photos to their own shape. What two pictures have around them (an
# app, lettering) lies all over both.
INSIDE = 0.8

_RATIO = 0.85
_HYPOTHESES = 64  # pairs, of those with the clearest counterparts
_TRIED = 6  # hypotheses that are fitted, of those that most others agree with
_NEAR = 6.0  # pixels, of 400, between a feature and where the transform puts it
_NEAR_FIRST = 8.0, 0.12  # the same of one pair's hypothesis: pixels, and more for each pixel away
_GUIDED_BITS = 44  # of 128: features that differ by less agree where the transform is known
_ROUNDS = 3  # of finding more pairs where the last ones lead
_CELL = 20.0  # pixels
_GRID = 32  # points a side that areas are measured at
_ASKED = 3  # features that agree are expected among those that speak for a cell
_SHARE = 0.15  # of the features that could agree; where fewer do
_ENOUGH = 8  # inliers make a match, and
_SURE = 12  # one of a whole picture: a watermark in two photos has fewer


@dataclass(frozen=True, slots=True)
class Evidence:
    """One similarity transform from a picture A to a picture B, and how much of them agrees.

    `inliers` is the number of distinct features that lie on it. `scale` and `rotation` (degrees,
    clockwise) are of the pictures shrunk to 400 pixels, A `mirrored` first where it says so; then A
    is moved by `shift_x` and `shift_y` pixels of B.
    `part_a` is the part of A that is seen in B: of its area what B's frame covers, and of its cells
    with features those in which some agree, whichever is less.
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

    def turned(self, width_a: int, width_b: int) -> "Evidence":
        """The same seen from B to A, pictures of those widths when shrunk: exactly the inverse."""
        there = _moved(self)
        back = there.inverse()
        if self.mirrored:
            factor, middle = back.factor.conjugate(), width_b - 1 - there.shift.conjugate()
            back = Transform(factor, width_a - 1 - factor * middle)
        return replace(
            self,
            scale=abs(back.factor),
            rotation=float(np.degrees(np.angle(back.factor))),
            shift_x=back.shift.real,
            shift_y=back.shift.imag,
            part_a=self.part_b,
            part_b=self.part_a,
        )


def verify(a: Features, b: Features, mirrored: bool | None = None) -> Evidence | None:
    """Find the transform of picture A, or of its mirror image, that most features agree with.

    Only that form of A is tried where `mirrored` says which. None where fewer than `MIN_INLIERS`
    agree: the pictures share nothing that can be told.
    """
    plain = None if mirrored else _verified(a, b)
    other = None if mirrored is False else _verified(a.mirrored(), b)
    if other is not None and (plain is None or other.inliers > plain.inliers):
        return replace(other, mirrored=True)
    return plain


def outline(found: Evidence, a: tuple[int, int]) -> np.ndarray:
    """Where the corners of A lie in B: (4, 2) float64, from the top left of A clockwise.

    `a` is A's width and height when shrunk. Edges are counted, not middles of pixels: a picture in
    itself has (0, 0) and (width, height). They may lie outside B.
    """
    width, height = a
    x, y = np.array([0, width, width, 0]) - 0.5, np.array([0, 0, height, height]) - 0.5
    if found.mirrored:
        x = width - 1 - x
    corners = _moved(found)(x + 1j * y)
    return np.stack([corners.real, corners.imag], 1) + 0.5


def _moved(found: Evidence) -> Transform:
    factor = found.scale * np.exp(1j * np.radians(found.rotation))
    return Transform(complex(factor), complex(found.shift_x, found.shift_y))


def _verified(a: Features, b: Features) -> Evidence | None:
    if min(len(a), len(b)) < MIN_INLIERS:
        return None
    bits = bits_between(a.words, b.words)
    pairs = Pairs.of(a, b, *_counterparts(bits))
    if len(pairs) < MIN_INLIERS or (found := _consensus(pairs)) is None:
        return None
    transform, inliers = found
    if (count := inliers.distinct()) < MIN_INLIERS:
        return None
    guided = Pairs.of(a, b, *divmod(np.flatnonzero(bits <= _GUIDED_BITS), len(b)))
    agreeing = _grown(guided, transform, inliers)
    there = Bent.fitted(transform, agreeing.a, agreeing.b)
    back = Bent.fitted(transform.inverse(), agreeing.b, agreeing.a)
    could_a, could_b = _within(a, there, b), _within(b, back, a)
    many = agreeing.distinct() >= _SHARE * min(could_a, could_b)
    if count < _ENOUGH and not many:
        return None
    covered = _covered(a, there, b), _covered(b, back, a)
    part_a = min(_agreeing(agreeing.a, a, could_a), covered[0])
    part_b = min(_agreeing(agreeing.b, b, could_b), covered[1])
    sure = many or count >= _SURE
    return Evidence(
        relation=_relation((part_a, part_b), covered, sure=sure),
        inliers=count,
        mirrored=False,
        scale=abs(transform.factor),
        rotation=float(np.degrees(np.angle(transform.factor))),
        shift_x=transform.shift.real,
        shift_y=transform.shift.imag,
        part_a=part_a,
        part_b=part_b,
    )


def _counterparts(bits: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The features of A with one clear counterpart in B, each of B once, the nearest first."""
    rows = np.arange(len(bits))
    others = bits.argmin(axis=1)
    nearest = bits[rows, others].astype(np.int32)
    rest = bits.copy()
    rest[rows, others] = 255
    clear = np.flatnonzero(nearest < _RATIO * rest.min(axis=1))
    clear = clear[np.argsort(nearest[clear], kind="stable")]
    _, first = np.unique(others[clear], return_index=True)
    clear = clear[np.sort(first)]
    return clear, others[clear]


def _consensus(pairs: Pairs) -> tuple[Transform, Pairs] | None:
    """The transform that most pairs lie on, and those pairs."""
    first = pairs.where(slice(_HYPOTHESES))
    from_a, from_b = pairs.a - first.a[:, None], pairs.b - first.b[:, None]
    factor = np.exp2(first.doublings) * first.turn
    least, more = _NEAR_FIRST
    agree = np.abs(from_b - factor[:, None] * from_a) < least + more * np.abs(from_b)
    agree &= pairs.alike(first.doublings[:, None], first.turn[:, None])
    support = agree.sum(axis=1)
    best: tuple[Transform, Pairs] | None = None
    for row in np.argsort(-support, kind="stable")[:_TRIED]:
        if best and support[row] <= len(best[1]):
            break
        kept = agree[row]
        for near in (2 * _NEAR, _NEAR, _NEAR):
            if kept.sum() < MIN_INLIERS:
                break
            transform = Transform.fitted(pairs.where(kept))
            kept = transform.agrees(pairs, near)
        if kept.sum() >= max(MIN_INLIERS, len(best[1]) + 1 if best else 0):
            best = transform, pairs.where(kept)
    return best


def _grown(pairs: Pairs, transform: Transform, inliers: Pairs) -> Pairs:
    """All pairs that lie on the transform, or on what it bends to where more and more do."""
    pairs = pairs.where(transform.alike(pairs))
    for _ in range(_ROUNDS):
        bent = Bent.fitted(transform, inliers.a, inliers.b)
        near = np.abs(bent(pairs.a) - pairs.b) <= _NEAR
        if near.sum() < len(inliers):
            break
        inliers = pairs.where(near)
    return inliers


def _agreeing(seen: np.ndarray, picture: Features, could: int) -> float:
    """The part of a picture's cells with features in which some agree, at `seen`.

    Of so many features nearest to a cell's middle one has to, as hold three of those that agree
    where they are spread evenly among the `could` that lie in the other's frame. So lettering that
    agrees all around a photo says nothing of the photo, and a few features that agree all over a
    faded copy speak for all of it.
    """
    seen, places = np.unique(seen), complex_places(picture)
    asked = min(max(round(_ASKED * could / len(seen)), 1), len(places))
    cells = places / _CELL
    middles = np.unique(np.floor(cells.real) + 1j * np.floor(cells.imag)) + (0.5 + 0.5j)
    away = _squares(middles * _CELL, places)
    reach = np.partition(away, asked - 1, axis=1)[:, asked - 1]
    return float((_squares(middles * _CELL, seen).min(axis=1) <= reach).mean())


def _squares(places: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Of the distances, (m, n)."""
    x = places.real[:, None] - others.real
    y = places.imag[:, None] - others.imag
    squares: np.ndarray = x * x + y * y
    return squares


def _covered(picture: Features, there: Bent, other: Features) -> float:
    """The part of a picture's area that the other's frame covers."""
    x, y = (np.arange(0.5, _GRID) / _GRID * side for side in (picture.width, picture.height))
    return float(_inside(there((x + 1j * y[:, None]).ravel()), other).mean())


def _within(picture: Features, there: Bent, other: Features) -> int:
    """How many of a picture's features the other's frame covers."""
    return int(_inside(there(complex_places(picture)), other).sum())


def _inside(places: np.ndarray, picture: Features) -> np.ndarray:
    x, y = places.real, places.imag
    inside: np.ndarray = (x >= 0) & (x < picture.width) & (y >= 0) & (y < picture.height)
    return inside


def _relation(parts: tuple[float, float], covered: tuple[float, float], *, sure: bool) -> Relation:
    """By the parts of A and B that are seen, and what of each the other's frame covers."""
    inside = (parts[0], covered[1]), (parts[1], covered[0])
    if sure and max(parts) >= WHOLE:
        return Relation.COPY if min(parts) >= MOST else Relation.CONTAINS
    if sure and any(part >= MOST and room <= INSIDE for part, room in inside):
        return Relation.CONTAINS
    return Relation.SHARES_ELEMENT
