"""How one picture lies in another: the transform that most of their local features agree on.

A feature that has one clear counterpart in the other picture says by itself how that picture would
have been moved, scaled and turned. Each such pair is a hypothesis; the one that most others agree
with is fitted by least squares, and pairs that lie on it are its inliers. The 64 clearest pairs are
tried, so nothing is random. Lowe (IJCV 2004) gives the ratio of distances to the nearest and next
nearest feature; here it is one of bits.

Where the transform is known, features agree that the ratio left in doubt; they bend it, as a photo
of a screen asks for, and that leads to more. What is left of a stretch or a slant is taken out by
an affine fit. Whether the pictures agree there is not told by points: see `agreement`.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from frametrace.embed.signals.local import Features, bits_between
from frametrace.matcher.pictures.transforms import Bent, Pairs, Transform, affine_between, moved

__all__ = ["MIN_INLIERS", "Alignment", "align", "stretched_over"]

MIN_INLIERS = 4  # the pixels decide; with 6, 2 of 60 insets a third wide are missed besides

_RATIO = 0.85
_HYPOTHESES = 64  # pairs, of those with the clearest counterparts
_FITTED = 6  # hypotheses that are fitted, of those that most others agree with
_NEAR = 6.0  # pixels, of 400, between a feature and where the transform puts it
_NEAR_FIRST = 8.0, 0.12  # the same of one pair's hypothesis: pixels, and more for each pixel away
_GUIDED_BITS = 44  # of 128: features that differ by less agree where the transform is known
_ROUNDS = 3  # of finding more pairs where the last ones lead


@dataclass(frozen=True, slots=True)
class Alignment:
    """One similarity transform from picture A, `mirrored` first if so, to picture B.

    `inliers` is the number of distinct features that lie on it, `share` their part of the features
    of the picture that has fewer.
    `counterparts` are all pairs of features that are clearly each other's, on the transform or not,
    places of A in the mirror image where `mirrored`; `landed` is where A's lie in B. `matrix` is
    the (3, 3) float64 homography from places in A as it is to places in B, both in pixels of the
    pictures shrunk to 400, the best that is known.
    """

    transform: Transform
    mirrored: bool
    inliers: int
    share: float
    counterparts: Pairs
    landed: np.ndarray
    matrix: np.ndarray

    def placed(self) -> dict[str, Any]:
        """Where A lies in B, as the fields of `Evidence` that say so."""
        return {
            "inliers": self.inliers,
            "mirrored": self.mirrored,
            "scale": abs(self.transform.factor),
            "rotation": float(np.degrees(np.angle(self.transform.factor))),
            "shift_x": self.transform.shift.real,
            "shift_y": self.transform.shift.imag,
        }


def align(a: Features, b: Features, mirrored: bool | None = None) -> Alignment | None:
    """Find the transform of picture A, or of its mirror image, that most features agree with.

    Only that orientation of A is tried where `mirrored` says which. None where fewer than
    `MIN_INLIERS` agree: the pictures share nothing that can be told.
    """
    plain = None if mirrored else _aligned(a, b)
    other = None if mirrored is False else _aligned(a.mirrored(), b)
    if other is not None and (plain is None or other.inliers > plain.inliers):
        swapped = np.array([[-1.0, 0.0, a.width - 1.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
        return replace(other, mirrored=True, matrix=other.matrix @ swapped)
    return plain


def stretched_over(a: Features, b: Features) -> Alignment:
    """Picture A stretched to the size of B, without asking the features: 0 inliers."""
    wide, high = b.width / a.width, b.height / a.height
    matrix = np.array([[wide, 0, (wide - 1) / 2], [0, high, (high - 1) / 2], [0, 0, 1.0]])
    scale = (wide * high) ** 0.5
    transform = Transform(complex(scale), complex((scale - 1) / 2, (scale - 1) / 2))
    nothing = np.empty(0, np.complex128)
    pairs = Pairs(nothing, nothing, np.empty(0), nothing)
    return Alignment(transform, False, 0, 0.0, pairs, nothing, matrix)


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
    bent = Bent.fitted(transform, agreeing.a, agreeing.b)
    there = bent(pairs.a)
    near = np.abs(there - pairs.b) < _NEAR
    rest = affine_between(there[near], pairs.b[near])
    landed = moved(rest, there)
    share = count / min(len(a), len(b))
    return Alignment(transform, False, count, share, pairs, landed, rest @ bent.matrix())


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
    for row in np.argsort(-support, kind="stable")[:_FITTED]:
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
