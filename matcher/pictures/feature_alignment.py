"""Aligns two pictures by their local features: a deterministic RANSAC for a similarity transform.

A feature with one clear counterpart in the other picture implies a transform: how the picture would
have been moved, scaled and rotated. Each such pair is a hypothesis; the one that most other pairs
agree with is fitted by least squares, and the pairs that agree with the fit are its inliers. Unlike
in RANSAC nothing is random: the 64 clearest pairs are tried. How clear a counterpart is depends on
the ratio of the distances to the nearest and the next nearest feature (Lowe, IJCV 2004), in bits.

Once the transform is known, further features that the ratio test had rejected agree with it. A
projection, as in a photo of a screen, is fitted to them, which makes still more agree. An affine
fit removes the remaining stretch and slant. Whether the pictures themselves agree there is decided
by their pixels, in `pixel_agreement`.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from frametrace.embed.signals.local import Features, bits_between
from frametrace.matcher.pictures.transforms import (
    Pairs,
    Projection,
    Transform,
    affine_between,
    mapped_by,
)

__all__ = ["MIN_INLIERS", "Alignment", "align", "stretched_over"]

MIN_INLIERS = 4  # few, as the pixels decide; with 6, 2 more of 60 insets a third wide are missed

_MAX_RATIO = 0.85  # of the distances to the nearest and the next nearest feature
_HYPOTHESES = 64  # the pairs with the clearest counterparts
_FITTED_HYPOTHESES = 6  # those with the most support
_TOLERANCE = 6.0  # pixels, of 400, between an inlier and its position by the transform
_HYPOTHESIS_TOLERANCE = 8.0, 0.12  # by one pair's transform: pixels, plus this per pixel away
_GUIDED_BITS = 44  # of 128, by which features may differ once the transform is known
_GROWING_ROUNDS = 3


@dataclass(frozen=True, slots=True)
class Alignment:
    """A similarity transform from picture A, or from its mirror image if `mirrored`, to picture B.

    `inliers` is the number of distinct features that agree with it, `share` the same divided by the
    number of features of the picture that has fewer. `counterparts` are all pairs with a clear
    counterpart, inliers or not, with A's positions in the mirror image if `mirrored`; `mapped` are
    A's positions mapped to B. `matrix` is the best known (3, 3) float64 homography from positions
    in A, not mirrored, to B, both in pixels of the pictures shrunk to 400.
    """

    transform: Transform
    mirrored: bool
    inliers: int
    share: float
    counterparts: Pairs
    mapped: np.ndarray
    matrix: np.ndarray

    def evidence_fields(self) -> dict[str, Any]:
        """The fields of `Evidence` that say where A lies in B."""
        return {
            "inliers": self.inliers,
            "mirrored": self.mirrored,
            "scale": abs(self.transform.factor),
            "rotation": float(np.degrees(np.angle(self.transform.factor))),
            "shift_x": self.transform.shift.real,
            "shift_y": self.transform.shift.imag,
        }


def align(a: Features, b: Features, mirrored: bool | None = None) -> Alignment | None:
    """Find the transform of picture A, or of its mirror image, with the most inliers in B.

    `mirrored` restricts it to one orientation of A. None if there are fewer than `MIN_INLIERS`.
    """
    upright = None if mirrored else _aligned(a, b)
    flipped = None if mirrored is False else _aligned(a.mirrored(), b)
    if flipped is not None and (upright is None or flipped.inliers > upright.inliers):
        flip = np.array([[-1.0, 0.0, a.width - 1.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
        return replace(flipped, mirrored=True, matrix=flipped.matrix @ flip)
    return upright


def stretched_over(a: Features, b: Features) -> Alignment:
    """The alignment that stretches picture A to the size of B, whatever the features: 0 inliers."""
    x, y = b.width / a.width, b.height / a.height
    matrix = np.array([[x, 0, (x - 1) / 2], [0, y, (y - 1) / 2], [0, 0, 1.0]])
    scale = (x * y) ** 0.5
    transform = Transform(complex(scale), complex((scale - 1) / 2, (scale - 1) / 2))
    none = np.empty(0, np.complex128)
    pairs = Pairs(none, none, np.empty(0), none)
    return Alignment(transform, False, 0, 0.0, pairs, none, matrix)


def _aligned(a: Features, b: Features) -> Alignment | None:
    if min(len(a), len(b)) < MIN_INLIERS:
        return None
    bits = bits_between(a.words, b.words)
    pairs = Pairs.of(a, b, *_counterparts(bits))
    if len(pairs) < MIN_INLIERS or (best := _consensus(pairs)) is None:
        return None
    transform, inliers = best
    if (count := inliers.distinct()) < MIN_INLIERS:
        return None
    guided = Pairs.of(a, b, *divmod(np.flatnonzero(bits <= _GUIDED_BITS), len(b)))
    agreeing = _grown(guided, transform, inliers)
    projection = Projection.fitted(transform, agreeing.a, agreeing.b)
    projected = projection(pairs.a)
    near = np.abs(projected - pairs.b) < _TOLERANCE
    affine = affine_between(projected[near], pairs.b[near])
    mapped = mapped_by(affine, projected)
    share = count / min(len(a), len(b))
    return Alignment(transform, False, count, share, pairs, mapped, affine @ projection.matrix())


def _counterparts(bits: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The features of A with a clear counterpart in B, and those counterparts, nearest first.

    Each feature of B is listed once.
    """
    rows = np.arange(len(bits))
    nearest = bits.argmin(axis=1)
    distance = bits[rows, nearest].astype(np.int32)
    rest = bits.copy()
    rest[rows, nearest] = 255
    clear = np.flatnonzero(distance < _MAX_RATIO * rest.min(axis=1))
    clear = clear[np.argsort(distance[clear], kind="stable")]
    _, first = np.unique(nearest[clear], return_index=True)
    clear = clear[np.sort(first)]
    return clear, nearest[clear]


def _consensus(pairs: Pairs) -> tuple[Transform, Pairs] | None:
    """The transform that most pairs agree with, and those pairs."""
    hypotheses = pairs.where(slice(_HYPOTHESES))
    from_a, from_b = pairs.a - hypotheses.a[:, None], pairs.b - hypotheses.b[:, None]
    factor = np.exp2(hypotheses.octaves) * hypotheses.rotation
    pixels, per_pixel = _HYPOTHESIS_TOLERANCE
    agree = np.abs(from_b - factor[:, None] * from_a) < pixels + per_pixel * np.abs(from_b)
    agree &= pairs.similar(hypotheses.octaves[:, None], hypotheses.rotation[:, None])
    support = agree.sum(axis=1)
    best: tuple[Transform, Pairs] | None = None
    for row in np.argsort(-support, kind="stable")[:_FITTED_HYPOTHESES]:
        if best and support[row] <= len(best[1]):
            break
        inliers = agree[row]
        for tolerance in (2 * _TOLERANCE, _TOLERANCE, _TOLERANCE):
            if inliers.sum() < MIN_INLIERS:
                break
            transform = Transform.fitted(pairs.where(inliers))
            inliers = transform.agrees(pairs, tolerance)
        if inliers.sum() >= max(MIN_INLIERS, len(best[1]) + 1 if best else 0):
            best = transform, pairs.where(inliers)
    return best


def _grown(pairs: Pairs, transform: Transform, inliers: Pairs) -> Pairs:
    """All pairs that agree with the transform, or with the projection fitted to more and more."""
    pairs = pairs.where(transform.similar(pairs))
    for _ in range(_GROWING_ROUNDS):
        projection = Projection.fitted(transform, inliers.a, inliers.b)
        near = np.abs(projection(pairs.a) - pairs.b) <= _TOLERANCE
        if near.sum() < len(inliers):
            break
        inliers = pairs.where(near)
    return inliers
