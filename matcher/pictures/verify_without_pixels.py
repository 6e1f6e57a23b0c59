"""Verifies a picture against local features alone, as when a tip has no pixels to compare.

Each feature of the tip is compared with the case's picture at the position, scale and angle that
the alignment gives it: a descriptor is computed there, and the bits are compared. If a dozen
features agree because both pictures are screenshots of one app, those of the photo inside disagree.

It is stricter than `verify`, which has both pictures. It accepts 97 % of the pairs that `verify`
accepts, 98 % if one is the unedited original; and 0.1 % of 6,240 pairs of one template, of which
`verify` accepts 0.6 % (measured on photographs and templates that the weights were not fitted on).
"""

from dataclasses import dataclass
from typing import Self

import cv2
import numpy as np

from frametrace.embed.signals.local import Features, bits_between, words_at
from frametrace.matcher.pictures.aligned_thumbnails import covered
from frametrace.matcher.pictures.feature_alignment import Alignment, align, stretched_over
from frametrace.matcher.pictures.pair_evidence import GRID, Evidence
from frametrace.matcher.pictures.parallax import is_another_shot
from frametrace.matcher.pictures.picture_values import PictureValues
from frametrace.matcher.pictures.pixel_agreement import odds, photographic
from frametrace.matcher.pictures.relation import relation_of
from frametrace.matcher.pictures.same_graphic import MIN_BACKGROUND, background_part
from frametrace.matcher.pictures.transforms import projected
from frametrace.matcher.result_schemas import Relation

__all__ = ["features_contradict", "verify_features"]

_ENLARGED = 2  # factor of the thumbnail before descriptors are computed, for its smallest features
_MIN_SCALE = 2.5  # pixels of the thumbnail; smaller features are not visible in it
_MAX_BITS = 42  # of 128, by which a descriptor of the thumbnail may differ
_NEAR_ANY, _NEAR_SIMILAR = 4.0, 6.0  # pixels, of 400, to some feature or a similar one of the case
_MAX_BITS_OF_FEATURE = 44  # of 128, by which such a similar feature may differ
_MIN_INLIERS = 6
_MIN_TESTED = 4  # features
# A hash of the whole picture is contradicted by at least this many tested features with log odds
# below this. They were set on 806 light edits of charts, tables and texts; none is contradicted.
_MIN_TESTED_AGAINST_HASH, _CONTRADICTING = 5, -5.0
_SURROUNDINGS = 9  # pixels of the thumbnail per side: where a feature is judged as photographic
_CELLS = 16  # per side of the case's picture; the features of one cell count as one
_WINDOW_GRID, _WINDOW = 8, 4  # cells per side of the region seen, and of a window in it
_SMOOTHING = 0.02  # keeps odds finite

# Logistic regressions on `_measures`, in that order: weights and constant. Copies have log odds of
# 0 or more. Graphics have their own, as their lines and headings agree whatever the text. The
# greater the tested part of the features, the more of them have to agree: small copies show few
# features.
_PHOTO_WEIGHTS, _PHOTO_CONSTANT = (3.27, -5.46, 1.885, -18.95), 11.02
_GRAPHIC_WEIGHTS, _GRAPHIC_CONSTANT = (2.05, -14.73, 7.71, -24.91), 22.23


def verify_features(a: Features, b: PictureValues, mirrored: bool | None = None) -> Evidence | None:
    """Align the features of A with picture B, and test them there; None if they don't agree.

    The evidence has no altered parts, and cells of B only: the rest needs the pixels of both.
    """
    alignment = align(a, b.features, mirrored)
    if alignment is None or alignment.inliers < _MIN_INLIERS or is_another_shot(alignment):
        return None
    tested = _Tested.of(a, b, alignment)
    if tested.tested.sum() < _MIN_TESTED or _log_odds(tested, b, alignment) < 0:
        return None
    agreeing = float(tested.agrees[tested.tested].mean())
    covered_parts = (
        covered(alignment.matrix, (a.width, a.height), b.size),
        covered(np.linalg.inv(alignment.matrix), b.size, (a.width, a.height)),
    )
    parts = covered_parts[0] * agreeing, covered_parts[1] * agreeing
    relation = relation_of(parts, covered_parts)
    if relation == Relation.SHARES_ELEMENT:
        return None
    return Evidence(
        relation=relation,
        **alignment.evidence_fields(),
        part_a=parts[0],
        part_b=parts[1],
        cells_b=_cells_of(tested, b),
    )


def features_contradict(a: Features, b: PictureValues) -> bool:
    """Whether graphic B shows something other than A, although a hash of the whole matches.

    For photographs the hash is right more often than features are, so they are not judged; nor are
    pictures with too few features.
    """
    if background_part(b.thumbnail.ravel()) < MIN_BACKGROUND:
        return False
    alignment = align(a, b.features, False) or stretched_over(a, b.features)
    tested = _Tested.of(a, b, alignment)
    if tested.tested.sum() < _MIN_TESTED_AGAINST_HASH:
        return False
    return _log_odds(tested, b, alignment) < _CONTRADICTING


def _cells_of(tested: "_Tested", b: PictureValues) -> bytes:
    """The cells of B that agree, as in `Evidence`."""
    agreeing = tested.position[tested.tested & tested.agrees] / b.size
    cells = np.bincount(_cell(agreeing, GRID), minlength=GRID**2) > 0
    return np.packbits(cells).tobytes()


@dataclass(frozen=True, slots=True)
class _Tested:
    """The n features of A as they would lie in B.

    `position` is (n, 2) in pixels of B shrunk for features. The others are (n,) bool: `seen` says
    whether the feature lies in B's frame, `tested` whether it can be tested there, and `agrees`
    whether B has it there.
    """

    position: np.ndarray
    seen: np.ndarray
    tested: np.ndarray
    agrees: np.ndarray

    @classmethod
    def of(cls, a: Features, b: PictureValues, alignment: Alignment) -> Self:
        features, matrix = a, alignment.matrix
        if alignment.mirrored:
            features = a.mirrored()
            matrix = matrix @ np.array([[-1.0, 0, a.width - 1.0], [0, 1, 0], [0, 0, 1]])
        position = projected(matrix, features.positions)
        radians = np.radians(features.angle)
        ahead = features.positions + np.stack([np.cos(radians), np.sin(radians)], 1)
        direction = projected(matrix, ahead) - position
        angle = np.degrees(np.arctan2(direction[:, 1], direction[:, 0])) % 360
        seen = np.asarray(((position >= 0) & (position < b.size)).all(axis=1))
        scale = features.scale * abs(alignment.transform.factor) * b.scale
        bits = np.full(len(features), 255)
        inside = np.flatnonzero(seen)
        rows, words = words_at(*_enlarged(b, position[inside], scale[inside]), angle[inside])
        bits[inside[rows]] = np.bitwise_count(words ^ features.words[inside[rows]]).sum(axis=1)
        distance = np.hypot(*np.moveaxis(position[:, None] - b.features.positions, 2, 0))
        bits_of_features = bits_between(features.words, b.features.words)
        near_any = (distance < _NEAR_ANY).any(axis=1)
        similar = (distance < _NEAR_SIMILAR) & (bits_of_features <= _MAX_BITS_OF_FEATURE)
        return cls(
            position,
            seen,
            seen & (near_any | ((bits < 255) & (scale >= _MIN_SCALE))),
            (bits <= _MAX_BITS) | similar.any(axis=1),
        )


def _enlarged(
    b: PictureValues, position: np.ndarray, scale: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """B's thumbnail enlarged, with positions and scales in its pixels."""
    height, width = b.thumbnail.shape
    size = width * _ENLARGED, height * _ENLARGED
    image = cv2.resize(b.thumbnail, size, interpolation=cv2.INTER_CUBIC)
    factor = np.array(size) / b.size
    return image, (position + 0.5) * factor - 0.5, scale * _ENLARGED


def _log_odds(tested: _Tested, b: PictureValues, alignment: Alignment) -> float:
    """The log odds that A and B show the same, by the tested features."""
    weights, constant = _PHOTO_WEIGHTS, _PHOTO_CONSTANT
    if background_part(b.thumbnail[_box(tested, b)].ravel()) >= MIN_BACKGROUND:
        weights, constant = _GRAPHIC_WEIGHTS, _GRAPHIC_CONSTANT
    return float(np.dot(weights, _measures(tested, b, alignment))) + constant


def _measures(tested: _Tested, b: PictureValues, alignment: Alignment) -> tuple[float, ...]:
    """The inputs of the regression: odds, worst window, inlier part (log) and tested part."""
    height, width = b.thumbnail.shape
    x, y = (tested.position / b.size * (width, height)).astype(np.int64).T
    inside = y.clip(0, height - 1), x.clip(0, width - 1)
    photo = photographic(b.thumbnail, _SURROUNDINGS)[inside]
    cell = _cell(tested.position / b.size, _CELLS)
    counts = np.bincount(cell[tested.tested], minlength=_CELLS**2)
    weight = np.where(tested.tested, 1 / np.maximum(counts[cell], 1), 0.0)
    agrees, differs = weight * tested.agrees, weight * ~tested.agrees
    return (
        odds(agrees.sum(), differs.sum(), _SMOOTHING),
        _worst_window(tested, photo),
        float(np.log(max(alignment.inliers, 1) / len(tested.seen))),
        float(tested.tested.mean()),
    )


def _worst_window(tested: _Tested, photo: np.ndarray) -> float:
    """The greatest part that disagrees in any window of the region seen; high for another photo."""
    seen = tested.position[tested.seen]
    low, high = seen.min(axis=0), seen.max(axis=0) + 1e-6
    cell = _cell((tested.position - low) / (high - low), _WINDOW_GRID)
    agrees, differs = (
        np.bincount(cell[chosen], photo[chosen], _WINDOW_GRID**2).reshape(
            _WINDOW_GRID, _WINDOW_GRID
        )
        for chosen in (tested.tested & tested.agrees, tested.tested & ~tested.agrees)
    )
    sums = [
        np.lib.stride_tricks.sliding_window_view(grid, (_WINDOW, _WINDOW)).sum(axis=(2, 3))
        for grid in (agrees, differs)
    ]
    known = sums[0] + sums[1] >= 1.5 * _WINDOW
    part = np.where(known, sums[1] / np.maximum(sums[0] + sums[1], 1e-9), 0)
    return float(part.max())


def _box(tested: _Tested, b: PictureValues) -> tuple[slice, slice]:
    """The part of B's thumbnail in which A's features lie."""
    height, width = b.thumbnail.shape
    seen = tested.position[tested.seen] / b.size * (width, height)
    (left, top), (right, bottom) = np.floor(seen.min(axis=0)), np.ceil(seen.max(axis=0))
    return slice(int(top), max(int(bottom), int(top) + 1)), slice(
        int(left), max(int(right), int(left) + 1)
    )


def _cell(position: np.ndarray, side: int) -> np.ndarray:
    """The number of the grid cell of each position; positions are in [0, 1]."""
    column, row = (position * side).astype(np.int64).clip(0, side - 1).T
    number: np.ndarray = row * side + column
    return number
