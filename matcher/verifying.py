"""Whether two pictures share pixels, and what was done to one of them: local features compared.

A feature that has one clear counterpart in the other picture says by itself how that picture would
have been moved, scaled and turned. Each such pair is a hypothesis; the one that most others agree
with is fitted by least squares, and pairs that lie on it are its inliers. None is left out, so
nothing is random. Lowe (IJCV 2004) gives the ratio of distances to the nearest and next nearest
feature; here it is one of bits.
"""

from dataclasses import dataclass, replace

import numpy as np

from frametrace.embed.signals.local import Features, bits_between
from frametrace.matcher.results import Relation

__all__ = ["MIN_INLIERS", "Evidence", "outline", "verify"]

# Of 80,184 pairs of real posts' pictures and photographs that are no copies none has so many. Of
# 3,514 of real posts alone two have more than 4: 5 and 7.
MIN_INLIERS = 8
# Both by edits made of 125 photographs, see docs/signals.md.
WHOLE = 0.75  # a picture of which that part is seen in the other is there, all or nearly
MOST = 0.55  # a copy shows that part of the other picture at least; one of two panels has half

_RATIO = 0.85
_NEAR = 6.0  # pixels, of 400, between a feature and where the transform puts it
_NEAR_FIRST = 8.0, 0.12  # the same of one pair's hypothesis: pixels, and more for each pixel away
_DOUBLINGS = 0.8  # by which scales may differ
_ANGLE = np.pi / 6  # by which orientations may differ
_SAME_PLACE = 3.0  # pixels; features closer than that count once
_TRIED = 10  # hypotheses that are fitted, of those that most others agree with
_CELL = 20.0  # pixels
_GRID = 32  # points a side that areas are measured at
_NEIGHBOUR, _REACH = 4, 1.5  # near: so many times the distance to that neighbour
_GUIDED_BITS = 44  # of 128: features that differ by less agree where the transform is known


@dataclass(frozen=True, slots=True)
class Evidence:
    """One similarity transform from a picture A to a picture B, and how much of them agrees.

    `inliers` is the number of distinct features that lie on it. `scale` and `rotation` (degrees,
    clockwise) are of the pictures shrunk to 400 pixels, A `mirrored` first where it says so; then A
    is moved by `shift_x` and `shift_y` pixels of B.
    `part_a` is the part of A's area that is seen in B: that B's frame covers, and in which no more
    of A's features are than agree or lie near some that do.
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
        there = _Transform.of(self)
        back = there.inverse()
        if self.mirrored:
            factor, middle = back.factor.conjugate(), width_b - 1 - there.shift.conjugate()
            back = _Transform(factor, width_a - 1 - factor * middle)
        return replace(
            self,
            scale=abs(back.factor),
            rotation=float(np.degrees(np.angle(back.factor))),
            shift_x=back.shift.real,
            shift_y=back.shift.imag,
            part_a=self.part_b,
            part_b=self.part_a,
        )


@dataclass(frozen=True, slots=True)
class _Pairs:
    """k features of A and k of B that may be the same: places, and what each pair says alone.

    `a` and `b` are (k,) complex128 places; `turn` is (k,) complex128: the factor by which A would
    have been scaled and turned.
    """

    a: np.ndarray
    b: np.ndarray
    turn: np.ndarray

    @classmethod
    def of(cls, a: Features, b: Features, rows: np.ndarray, others: np.ndarray) -> "_Pairs":
        turned = np.radians(b.angle[others] - a.angle[rows]).astype(np.float64)
        turn = b.scale[others] / a.scale[rows] * np.exp(1j * turned)
        return cls(_complex(a.place[rows]), _complex(b.place[others]), turn)

    def where(self, kept: np.ndarray) -> "_Pairs":
        return _Pairs(self.a[kept], self.b[kept], self.turn[kept])

    def distinct(self) -> int:
        """How many places they have, in the picture where that is fewer."""
        cells = [np.rint(side / _SAME_PLACE) for side in (self.a, self.b)]
        return min(len(np.unique(side)) for side in cells)


@dataclass(frozen=True, slots=True)
class _Transform:
    """b = factor * a + shift, places as complex numbers."""

    factor: complex
    shift: complex

    @classmethod
    def of(cls, found: Evidence) -> "_Transform":
        """The transform that was found, of A after its mirror."""
        factor = found.scale * np.exp(1j * np.radians(found.rotation))
        return cls(complex(factor), complex(found.shift_x, found.shift_y))

    @classmethod
    def fitted(cls, pairs: _Pairs) -> "_Transform":
        """By least squares."""
        a, b = pairs.a.mean(), pairs.b.mean()
        away = pairs.a - a
        spread = max(float((np.abs(away) ** 2).sum()), 1e-9)
        factor = complex((np.conj(away) * (pairs.b - b)).sum() / spread)
        return cls(factor, complex(b - factor * a))

    def inverse(self) -> "_Transform":
        """From B to A."""
        return _Transform(1 / self.factor, -self.shift / self.factor)

    def agrees(self, pairs: _Pairs, near: float) -> np.ndarray:
        """(k,) bool: which pairs lie on it."""
        off = np.abs(self.factor * pairs.a + self.shift - pairs.b)
        agrees: np.ndarray = (off <= near) & _alike(pairs.turn, np.array(self.factor))
        return agrees


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
    move = _Transform.of(found)
    corners = move.factor * (x + 1j * y) + move.shift
    return np.stack([corners.real, corners.imag], 1) + 0.5


def _verified(a: Features, b: Features) -> Evidence | None:
    if min(len(a), len(b)) < MIN_INLIERS:
        return None
    bits = bits_between(a.words, b.words)
    pairs = _Pairs.of(a, b, *_counterparts(bits))
    if len(pairs.a) < MIN_INLIERS or (found := _consensus(pairs)) is None:
        return None
    transform, inliers = found
    if (count := inliers.distinct()) < MIN_INLIERS:
        return None
    guided = _Pairs.of(a, b, *np.nonzero(bits <= _GUIDED_BITS))
    guided = guided.where(transform.agrees(guided, _NEAR))
    seen_a = np.unique(np.concatenate([guided.a, inliers.a]))
    seen_b = np.unique(np.concatenate([guided.b, inliers.b]))
    parts = (
        min(_agreeing(seen_a, a), _covered(a, transform, b)),
        min(_agreeing(seen_b, b), _covered(b, transform.inverse(), a)),
    )
    return Evidence(
        relation=_relation(*parts),
        inliers=count,
        mirrored=False,
        scale=abs(transform.factor),
        rotation=float(np.degrees(np.angle(transform.factor))),
        shift_x=transform.shift.real,
        shift_y=transform.shift.imag,
        part_a=parts[0],
        part_b=parts[1],
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


def _consensus(pairs: _Pairs) -> tuple[_Transform, _Pairs] | None:
    """The transform that most pairs lie on, and those pairs."""
    from_a, from_b = pairs.a - pairs.a[:, None], pairs.b - pairs.b[:, None]
    off = np.abs(from_b - pairs.turn[:, None] * from_a)
    least, more = _NEAR_FIRST
    agree = (off < least + more * np.abs(from_b)) & _alike(pairs.turn, pairs.turn[:, None])
    best: tuple[_Transform, _Pairs] | None = None
    for row in np.argsort(-agree.sum(axis=1), kind="stable")[:_TRIED]:
        kept = agree[row]
        for near in (2 * _NEAR, _NEAR, _NEAR):
            if kept.sum() < MIN_INLIERS:
                break
            transform = _Transform.fitted(pairs.where(kept))
            kept = transform.agrees(pairs, near)
        if kept.sum() >= max(MIN_INLIERS, len(best[1].a) + 1 if best else 0):
            best = transform, pairs.where(kept)
    return best


def _alike(turns: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Whether they scale and turn alike."""
    between = turns * np.conj(others)
    doublings = np.abs(np.log2(np.maximum(np.abs(turns), 1e-9) / np.maximum(np.abs(others), 1e-9)))
    alike: np.ndarray = (doublings < _DOUBLINGS) & (np.abs(np.angle(between)) < _ANGLE)
    return alike


def _agreeing(seen: np.ndarray, picture: Features) -> float:
    """The part of a picture's cells with features that lie near features that agree, at `seen`.

    What is near goes by how far apart those are: lettering that agrees all around a photo says
    nothing of the photo, and a few features that agree all over a faded copy speak for all of it.
    """
    between = np.sort(np.abs(seen[:, None] - seen), axis=1)
    reach = _REACH * float(np.median(between[:, min(_NEIGHBOUR, len(seen) - 1)]))
    cells = _complex(picture.place) / _CELL
    middles = np.unique(np.floor(cells.real) + 1j * np.floor(cells.imag)) + (0.5 + 0.5j)
    away = np.abs(middles[:, None] * _CELL - seen).min(axis=1)
    return float((away <= max(reach, _CELL)).mean())


def _covered(picture: Features, transform: _Transform, other: Features) -> float:
    """The part of a picture's area that the other's frame covers."""
    x, y = (np.arange(0.5, _GRID) / _GRID * side for side in (picture.width, picture.height))
    there = transform.factor * (x + 1j * y[:, None]) + transform.shift
    inside = (there.real >= 0) & (there.real < other.width)
    return float((inside & (there.imag >= 0) & (there.imag < other.height)).mean())


def _relation(part_a: float, part_b: float) -> Relation:
    low, high = sorted((part_a, part_b))
    if high < WHOLE:
        return Relation.SHARES_ELEMENT
    return Relation.COPY if low >= MOST else Relation.CONTAINS


def _complex(places: np.ndarray) -> np.ndarray:
    return places[:, 0].astype(np.float64) + 1j * places[:, 1].astype(np.float64)
