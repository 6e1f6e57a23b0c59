"""Pairs of local features of two pictures, and how one picture would have been moved to the other.

Places are complex numbers, x + iy in pixels of the pictures shrunk to the signal's size.
"""

from dataclasses import dataclass

import numpy as np

from frametrace.embed.signals.local import Features

__all__ = ["Bent", "Pairs", "Transform", "affine_between", "complex_places", "moved"]

_SAME_PLACE = 3.0  # pixels; features closer than that count once
_DOUBLINGS = 0.8  # by which scales may differ
_COSINE = float(np.cos(np.pi / 6))  # of the angle by which orientations may differ
_STIFF = 0.04  # a place is true to 2 pixels in 100, a picture bent by a tenth
_FEWEST = 12  # places that an affine map is fitted to
_SHALLOWEST = 0.2  # depth beside that of the middle; what is seen more aslant isn't seen


@dataclass(frozen=True, slots=True)
class Pairs:
    """k features of A and k of B that may be the same: places, and what each pair says alone.

    `a` and `b` are (k,) complex128 places; by `doublings` (k,) float64 and `turn` (k,) complex128
    of unit length A would have been scaled and turned.
    """

    a: np.ndarray
    b: np.ndarray
    doublings: np.ndarray
    turn: np.ndarray

    @classmethod
    def of(cls, a: Features, b: Features, rows: np.ndarray, others: np.ndarray) -> "Pairs":
        """Features of A in those rows with those of B."""
        (size_a, turn_a), (size_b, turn_b) = (_sizes_and_turns(picture) for picture in (a, b))
        return cls(
            complex_places(a)[rows],
            complex_places(b)[others],
            size_b[others] - size_a[rows],
            turn_b[others] * turn_a[rows].conj(),
        )

    def __len__(self) -> int:
        return len(self.a)

    def where(self, kept: np.ndarray | slice) -> "Pairs":
        """Some of them."""
        return Pairs(self.a[kept], self.b[kept], self.doublings[kept], self.turn[kept])

    def distinct(self) -> int:
        """How many places they have, in the picture where that is fewer."""
        cells = [np.rint(side / _SAME_PLACE) for side in (self.a, self.b)]
        return min(len(np.unique(side)) for side in cells)

    def alike(self, doublings: np.ndarray | float, turn: np.ndarray | complex) -> np.ndarray:
        """Whether they scale and turn so: (k,) bool, or (m, k) for (m, 1)."""
        same_size = np.abs(self.doublings - doublings) < _DOUBLINGS
        cosine = self.turn.real * turn.real + self.turn.imag * turn.imag
        same: np.ndarray = same_size & (cosine > _COSINE)
        return same


@dataclass(frozen=True, slots=True)
class Transform:
    """b = factor * a + shift."""

    factor: complex
    shift: complex

    @classmethod
    def fitted(cls, pairs: Pairs) -> "Transform":
        """By least squares."""
        a, b = pairs.a.mean(), pairs.b.mean()
        away = pairs.a - a
        spread = max(float((np.abs(away) ** 2).sum()), 1e-9)
        factor = complex((np.conj(away) * (pairs.b - b)).sum() / spread)
        return cls(factor, complex(b - factor * a))

    def __call__(self, places: np.ndarray) -> np.ndarray:
        """Where places of A lie in B."""
        return self.factor * places + self.shift

    def inverse(self) -> "Transform":
        """From B to A."""
        return Transform(1 / self.factor, -self.shift / self.factor)

    def matrix(self) -> np.ndarray:
        """The same as a (3, 3) float64 homography of (x, y)."""
        f, s = self.factor, self.shift
        return np.array([[f.real, -f.imag, s.real], [f.imag, f.real, s.imag], [0, 0, 1.0]])

    def alike(self, pairs: Pairs) -> np.ndarray:
        """(k,) bool: which pairs scale and turn as it does."""
        size = max(abs(self.factor), 1e-9)
        return pairs.alike(float(np.log2(size)), self.factor / size)

    def agrees(self, pairs: Pairs, near: float) -> np.ndarray:
        """(k,) bool: which pairs lie on it."""
        agrees: np.ndarray = (np.abs(self(pairs.a) - pairs.b) <= near) & self.alike(pairs)
        return agrees


@dataclass(frozen=True, slots=True)
class Bent:
    """A transform, then the projection that leads nearer to where features are: a screen aslant.

    `bent` is (8,) float64, a homography's difference from none, of places as seen from `middle` in
    `unit` pixels. It is held at 0 the more, the fewer features there are.
    """

    transform: Transform
    middle: complex
    unit: float
    bent: np.ndarray

    @classmethod
    def fitted(cls, transform: Transform, a: np.ndarray, b: np.ndarray) -> "Bent":
        """By least squares from places in A and in B, (k,) complex128 each."""
        there = transform(a)
        middle = complex(there.mean())
        unit = max(float(np.abs(there - middle).mean()), 1.0)
        at, goal = (there - middle) / unit, (b - middle) / unit
        x, y, one, none = at.real, at.imag, np.ones(len(a)), np.zeros(len(a))
        u, v = goal.real, goal.imag
        terms = np.concatenate(
            [
                np.stack([x, y, one, none, none, none, -x * u, -y * u], 1),
                np.stack([none, none, none, x, y, one, -x * v, -y * v], 1),
            ]
        )
        off = np.concatenate([u - x, v - y])
        bent = np.linalg.solve(terms.T @ terms + _STIFF * np.eye(8), terms.T @ off)
        return cls(transform, middle, unit, bent)

    def __call__(self, places: np.ndarray) -> np.ndarray:
        """Where places of A lie in B."""
        at = (self.transform(places) - self.middle) / self.unit
        x, y = at.real, at.imag
        right, down, depth = self.bent[0:3], self.bent[3:6], self.bent[6:8]
        moved = at + right[0] * x + right[1] * y + right[2]
        moved = moved + 1j * (down[0] * x + down[1] * y + down[2])
        moved = moved / np.maximum(1 + depth[0] * x + depth[1] * y, _SHALLOWEST)
        seen: np.ndarray = moved * self.unit + self.middle
        return seen

    def matrix(self) -> np.ndarray:
        """The same as a (3, 3) float64 homography of (x, y), true unless a place is too aslant."""
        unit, middle = self.unit, self.middle
        to = np.array([[1, 0, -middle.real], [0, 1, -middle.imag], [0, 0, unit]]) / unit
        back = np.array([[unit, 0, middle.real], [0, unit, middle.imag], [0, 0, 1.0]])
        bent = np.append(self.bent, 0.0).reshape(3, 3) + np.eye(3)
        matrix: np.ndarray = back @ bent @ to @ self.transform.matrix()
        return matrix


def complex_places(picture: Features) -> np.ndarray:
    """(n,) complex128."""
    return picture.place[:, 0].astype(np.float64) + 1j * picture.place[:, 1]


def _sizes_and_turns(picture: Features) -> tuple[np.ndarray, np.ndarray]:
    """(n,) float64 in doublings, and (n,) complex128 of unit length."""
    turns = np.exp(1j * np.radians(picture.angle.astype(np.float64)))
    return np.log2(picture.scale.astype(np.float64)), turns


def affine_between(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The (3, 3) float64 affine map from (k,) complex places to others, by least squares.

    Outliers (three times the median residual) are left out of a second fit. No map at all, the
    identity, where fewer than 12 places tell.
    """
    kept = np.ones(len(a), bool)
    matrix = np.eye(3)
    for _ in range(2):
        if kept.sum() < _FEWEST:
            return np.eye(3) if kept.all() else matrix
        known = np.stack([a.real, a.imag, np.ones(len(a))], 1)
        goal = np.stack([b.real, b.imag], 1)
        found = np.linalg.lstsq(known[kept], goal[kept], rcond=None)[0]
        matrix = np.vstack([found.T, [0.0, 0.0, 1.0]])
        off = np.abs(known @ found - goal)
        kept = off.max(axis=1) < max(3 * float(np.median(off[kept])), 1.0)
    return matrix


def moved(matrix: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Where a (3, 3) homography puts (k,) complex places."""
    there = matrix @ np.stack([places.real, places.imag, np.ones(len(places))])
    seen: np.ndarray = (there[0] + 1j * there[1]) / there[2]
    return seen
