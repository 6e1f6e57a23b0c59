"""Fits transforms between two pictures to pairs of their local features.

Positions are complex numbers, x + iy in pixels of the pictures shrunk to the signal's size.
"""

from dataclasses import dataclass

import numpy as np

from frametrace.embed.signals.local import Features

__all__ = ["Pairs", "Projection", "Transform", "affine_between", "mapped_by", "projected"]

_SAME_POSITION = 3.0  # pixels; features closer together than this count once
_MAX_OCTAVES = 0.8  # by which scales may differ
_MIN_COSINE = float(np.cos(np.pi / 6))  # of the angle by which rotations may differ
# Ridge penalty of the projection: positions are accurate to 2 pixels in 100, pictures slanted by a
# tenth, and (0.02 / 0.1)² is 0.04.
_PENALTY = 0.04
_MIN_AFFINE_PAIRS = 12  # that an affine map is fitted to
_MIN_DEPTH = 0.2  # relative to the middle of the picture; nearer to the horizon it is clipped


@dataclass(frozen=True, slots=True)
class Pairs:
    """k pairs of features of A and B that may be the same, with the transform that each implies.

    `a` and `b` are their positions, (k,) complex128. Each pair implies that A was scaled by
    `octaves` doublings, (k,) float64, and rotated by `rotation`, (k,) complex128 of unit length.
    """

    a: np.ndarray
    b: np.ndarray
    octaves: np.ndarray
    rotation: np.ndarray

    @classmethod
    def of(cls, a: Features, b: Features, rows_a: np.ndarray, rows_b: np.ndarray) -> "Pairs":
        """Pair the features of A at `rows_a` with those of B at `rows_b`."""
        (octave_a, rotation_a), (octave_b, rotation_b) = (_octaves_and_rotations(p) for p in (a, b))
        return cls(
            _complex_positions(a)[rows_a],
            _complex_positions(b)[rows_b],
            octave_b[rows_b] - octave_a[rows_a],
            rotation_b[rows_b] * rotation_a[rows_a].conj(),
        )

    def __len__(self) -> int:
        return len(self.a)

    def where(self, chosen: np.ndarray | slice) -> "Pairs":
        """The chosen pairs."""
        return Pairs(self.a[chosen], self.b[chosen], self.octaves[chosen], self.rotation[chosen])

    def distinct(self) -> int:
        """The number of different positions in A or in B, whichever is smaller."""
        cells = [np.rint(side / _SAME_POSITION) for side in (self.a, self.b)]
        return min(len(np.unique(side)) for side in cells)

    def similar(self, octaves: np.ndarray | float, rotation: np.ndarray | complex) -> np.ndarray:
        """Which pairs imply about this scale and rotation: (k,) bool, or (m, k) for (m, 1)."""
        same_size = np.abs(self.octaves - octaves) < _MAX_OCTAVES
        cosine = self.rotation.real * rotation.real + self.rotation.imag * rotation.imag
        similar: np.ndarray = same_size & (cosine > _MIN_COSINE)
        return similar


@dataclass(frozen=True, slots=True)
class Transform:
    """A similarity transform: b = factor * a + shift."""

    factor: complex
    shift: complex

    @classmethod
    def fitted(cls, pairs: Pairs) -> "Transform":
        """The transform that fits the pairs, by least squares."""
        a, b = pairs.a.mean(), pairs.b.mean()
        centred = pairs.a - a
        spread = max(float((np.abs(centred) ** 2).sum()), 1e-9)
        factor = complex((np.conj(centred) * (pairs.b - b)).sum() / spread)
        return cls(factor, complex(b - factor * a))

    def __call__(self, positions: np.ndarray) -> np.ndarray:
        """Map positions in A to B."""
        return self.factor * positions + self.shift

    def inverse(self) -> "Transform":
        """The transform from B to A."""
        return Transform(1 / self.factor, -self.shift / self.factor)

    def matrix(self) -> np.ndarray:
        """The same as a (3, 3) float64 homography of (x, y)."""
        factor, shift = self.factor, self.shift
        return np.array(
            [
                [factor.real, -factor.imag, shift.real],
                [factor.imag, factor.real, shift.imag],
                [0, 0, 1.0],
            ]
        )

    def similar(self, pairs: Pairs) -> np.ndarray:
        """Which pairs imply about the same scale and rotation, (k,) bool."""
        scale = max(abs(self.factor), 1e-9)
        return pairs.similar(float(np.log2(scale)), self.factor / scale)

    def agrees(self, pairs: Pairs, tolerance: float) -> np.ndarray:
        """Which pairs agree with the transform, (k,) bool."""
        near = np.abs(self(pairs.a) - pairs.b) <= tolerance
        agrees: np.ndarray = near & self.similar(pairs)
        return agrees


@dataclass(frozen=True, slots=True)
class Projection:
    """A similarity transform followed by a small homography, as for a screen seen at an angle.

    `change` is (8,) float64: how the homography differs from the identity, for positions relative
    to `middle` in units of `unit` pixels. The fewer features, the more it is pulled towards 0.
    """

    transform: Transform
    middle: complex
    unit: float
    change: np.ndarray

    @classmethod
    def fitted(cls, transform: Transform, a: np.ndarray, b: np.ndarray) -> "Projection":
        """Fit by ridge regression to positions in A and in B, (k,) complex128 each."""
        mapped = transform(a)
        middle = complex(mapped.mean())
        unit = max(float(np.abs(mapped - middle).mean()), 1.0)
        at, goal = (mapped - middle) / unit, (b - middle) / unit
        x, y, one, zero = at.real, at.imag, np.ones(len(a)), np.zeros(len(a))
        u, v = goal.real, goal.imag
        terms = np.concatenate(
            [
                np.stack([x, y, one, zero, zero, zero, -x * u, -y * u], 1),
                np.stack([zero, zero, zero, x, y, one, -x * v, -y * v], 1),
            ]
        )
        residuals = np.concatenate([u - x, v - y])
        change = np.linalg.solve(terms.T @ terms + _PENALTY * np.eye(8), terms.T @ residuals)
        return cls(transform, middle, unit, change)

    def __call__(self, positions: np.ndarray) -> np.ndarray:
        """Map positions in A to B."""
        at = (self.transform(positions) - self.middle) / self.unit
        x, y = at.real, at.imag
        right, down, depth = self.change[0:3], self.change[3:6], self.change[6:8]
        mapped = at + right[0] * x + right[1] * y + right[2]
        mapped = mapped + 1j * (down[0] * x + down[1] * y + down[2])
        mapped = mapped / np.maximum(1 + depth[0] * x + depth[1] * y, _MIN_DEPTH)
        in_b: np.ndarray = mapped * self.unit + self.middle
        return in_b

    def matrix(self) -> np.ndarray:
        """The same as a (3, 3) float64 homography of (x, y), except where the depth is clipped."""
        unit, middle = self.unit, self.middle
        to = np.array([[1, 0, -middle.real], [0, 1, -middle.imag], [0, 0, unit]]) / unit
        back = np.array([[unit, 0, middle.real], [0, unit, middle.imag], [0, 0, 1.0]])
        homography = np.append(self.change, 0.0).reshape(3, 3) + np.eye(3)
        matrix: np.ndarray = back @ homography @ to @ self.transform.matrix()
        return matrix


def _complex_positions(picture: Features) -> np.ndarray:
    """The features' positions, (n,) complex128."""
    return picture.positions[:, 0].astype(np.float64) + 1j * picture.positions[:, 1]


def _octaves_and_rotations(picture: Features) -> tuple[np.ndarray, np.ndarray]:
    """The features' scales, (n,) float64 in octaves, and rotations, (n,) complex128 of length 1."""
    rotations = np.exp(1j * np.radians(picture.angle.astype(np.float64)))
    return np.log2(picture.scale.astype(np.float64)), rotations


def affine_between(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The (3, 3) float64 affine map from (k,) complex positions in A to B, by least squares.

    Outliers (over three times the median residual) are left out of a second fit. The identity if
    there are fewer than 12 positions.
    """
    fitted = np.ones(len(a), bool)
    matrix = np.eye(3)
    for _ in range(2):
        if fitted.sum() < _MIN_AFFINE_PAIRS:
            return np.eye(3) if fitted.all() else matrix
        source = np.stack([a.real, a.imag, np.ones(len(a))], 1)
        goal = np.stack([b.real, b.imag], 1)
        solution = np.linalg.lstsq(source[fitted], goal[fitted], rcond=None)[0]
        matrix = np.vstack([solution.T, [0.0, 0.0, 1.0]])
        residual = np.abs(source @ solution - goal)
        fitted = residual.max(axis=1) < max(3 * float(np.median(residual[fitted])), 1.0)
    return matrix


def projected(matrix: np.ndarray, positions: np.ndarray) -> np.ndarray:
    """Map (k, 2) positions by a (3, 3) homography."""
    mapped = matrix @ np.append(positions.T, [np.ones(len(positions))], axis=0)
    in_b: np.ndarray = (mapped[:2] / mapped[2]).T
    return in_b


def mapped_by(matrix: np.ndarray, positions: np.ndarray) -> np.ndarray:
    """Map (k,) complex positions by a (3, 3) homography."""
    mapped = matrix @ np.stack([positions.real, positions.imag, np.ones(len(positions))])
    complex_mapped: np.ndarray = (mapped[0] + 1j * mapped[1]) / mapped[2]
    return complex_mapped
