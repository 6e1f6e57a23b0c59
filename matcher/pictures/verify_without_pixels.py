"""Whether a picture of which only local features are known shows what a case's picture shows.

A tip carries features and no pixels. So each of its features is held against the case's picture in
the place, the size and the direction that the alignment gives it: the picture there is described as
the feature was, and the bits are compared. What agrees in a dozen points because both are
screenshots of one app disagrees in the photo inside.

It is stricter than `verify`, which sees both pictures. Of pairs of pictures of one photograph that
`verify` calls so this does 97 %, of those with the unedited original 98 %; of 6,240 pairs of one
template 0.1 %, `verify` 0.6 % (photographs and templates that the weights were not fitted on).
"""

from dataclasses import dataclass
from typing import Self

import cv2
import numpy as np

from frametrace.embed.signals.local import Features, bits_between, words_at
from frametrace.matcher.pictures.aligned_thumbnails import covered
from frametrace.matcher.pictures.evidence import GRID, Evidence
from frametrace.matcher.pictures.feature_alignment import Alignment, align, stretched_over
from frametrace.matcher.pictures.parallax import is_another_shot
from frametrace.matcher.pictures.picture_values import PictureValues
from frametrace.matcher.pictures.pixel_agreement import odds, photographic
from frametrace.matcher.pictures.relation import relation_of
from frametrace.matcher.pictures.same_graphic import GROUND, ground
from frametrace.matcher.results import Relation

__all__ = ["features_contradict", "verify_features"]

_ENLARGED = 2  # the thumbnail, before it is described: its smallest features are seen then
_SMALLEST = 2.5  # pixels of the thumbnail across; smaller features are not in it
_AGREES = 42  # of 128 bits, described from the thumbnail
_PLACE, _NEAR = 4.0, 6.0  # pixels, of 400, within which a feature of the case's picture counts
_ALIKE_NEAR = 44  # of 128 bits, for such a feature
_INLIERS = 6  # at least
_FEWEST = 4  # features that can be tested
# A hash of the whole is contradicted by so many features that can be tested and such log odds: none
# of 806 light edits of charts, tables and texts that these odds were set on has them.
_ENOUGH, _CONTRADICTING = 5, -5.0
_AROUND = 9  # pixels of the thumbnail a side: whether a feature's surroundings are photographic
_CELLS = 16  # a side of the case's picture; what one cell says counts once
_WINDOWS, _WINDOW = 8, 4  # cells a side of what is seen, and of a window in it
_ADDED = 0.02  # to both ends of a part, so that its odds are finite

# Logistic regressions over what `_measures` gives, in its order, and their constants; copies are
# those of log odds of 0 and more. Apart for graphics, whose lines and headings agree whatever they
# say. The more of the features can be tested, the more have to agree: of a small copy much can't be
# seen.
_PHOTOS, _OF_PHOTOS = (3.27, -5.46, 1.885, -18.95), 11.02
_GRAPHICS, _OF_GRAPHICS = (2.05, -14.73, 7.71, -24.91), 22.23


def verify_features(a: Features, b: PictureValues, mirrored: bool | None = None) -> Evidence | None:
    """Align the features of A with picture B, and test them there; None where they don't agree.

    The evidence names no altered parts, and cells of B alone: the rest takes the pixels of both.
    """
    alignment = align(a, b.features, mirrored)
    if alignment is None or alignment.inliers < _INLIERS or is_another_shot(alignment):
        return None
    tested = _Tested.of(a, b, alignment)
    if tested.tested.sum() < _FEWEST or _log_odds(tested, b, alignment) < 0:
        return None
    agreeing = float(tested.agrees[tested.tested].mean())
    frames = (
        covered(alignment.matrix, (a.width, a.height), b.size),
        covered(np.linalg.inv(alignment.matrix), b.size, (a.width, a.height)),
    )
    parts = frames[0] * agreeing, frames[1] * agreeing
    relation = relation_of(parts, frames)
    if relation == Relation.SHARES_ELEMENT:
        return None
    return Evidence(
        relation=relation,
        **alignment.placed(),
        part_a=parts[0],
        part_b=parts[1],
        cells_b=_cells_of(tested, b),
    )


def features_contradict(a: Features, b: PictureValues) -> bool:
    """Whether graphic B, which a hash of the whole calls a copy of A, shows something else.

    Of photographs the hash is right more often than features are, so that they are not judged, nor
    is what has too few features.
    """
    if ground(b.thumbnail.ravel()) < GROUND:
        return False
    alignment = align(a, b.features, False) or stretched_over(a, b.features)
    tested = _Tested.of(a, b, alignment)
    return tested.tested.sum() >= _ENOUGH and _log_odds(tested, b, alignment) < _CONTRADICTING


def _cells_of(tested: "_Tested", b: PictureValues) -> bytes:
    """Where B agrees, as in `Evidence`."""
    agreeing = tested.place[tested.tested & tested.agrees] / b.size
    cells = np.bincount(_cell(agreeing, GRID), minlength=GRID**2) > 0
    return np.packbits(cells).tobytes()


@dataclass(frozen=True, slots=True)
class _Tested:
    """The n features of A as they would lie in B.

    `place` is (n, 2) in pixels of B shrunk for features, `seen` (n,) bool whether B's frame holds
    it, `tested` whether B can say something of it, and `agrees` whether B has it there.
    """

    place: np.ndarray
    seen: np.ndarray
    tested: np.ndarray
    agrees: np.ndarray

    @classmethod
    def of(cls, a: Features, b: PictureValues, alignment: Alignment) -> Self:
        ours, matrix = a, alignment.matrix
        if alignment.mirrored:
            ours = a.mirrored()
            matrix = matrix @ np.array([[-1.0, 0, a.width - 1.0], [0, 1, 0], [0, 0, 1]])
        place = _moved(matrix, ours.place)
        ahead = np.radians(ours.angle)
        way = _moved(matrix, ours.place + np.stack([np.cos(ahead), np.sin(ahead)], 1)) - place
        angle = np.degrees(np.arctan2(way[:, 1], way[:, 0])) % 360
        seen = np.asarray(((place >= 0) & (place < b.size)).all(axis=1))
        small = ours.scale * abs(alignment.transform.factor) * b.scale
        bits = np.full(len(ours), 255)
        asked = np.flatnonzero(seen)
        rows, words = words_at(*_enlarged(b, place[asked], small[asked]), angle[asked])
        bits[asked[rows]] = np.bitwise_count(words ^ ours.words[asked[rows]]).sum(axis=1)
        apart = np.hypot(*np.moveaxis(place[:, None] - b.features.place, 2, 0))
        others = bits_between(ours.words, b.features.words)
        found = (apart < _PLACE).any(axis=1)
        return cls(
            place,
            seen,
            seen & (found | ((bits < 255) & (small >= _SMALLEST))),
            (bits <= _AGREES) | ((apart < _NEAR) & (others <= _ALIKE_NEAR)).any(axis=1),
        )


def _moved(matrix: np.ndarray, places: np.ndarray) -> np.ndarray:
    there = matrix @ np.append(places.T, [np.ones(len(places))], axis=0)
    moved: np.ndarray = (there[:2] / there[2]).T
    return moved


def _enlarged(
    b: PictureValues, place: np.ndarray, scale: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """B's thumbnail made larger, with places and sizes in its pixels."""
    height, width = b.thumbnail.shape
    size = width * _ENLARGED, height * _ENLARGED
    image = cv2.resize(b.thumbnail, size, interpolation=cv2.INTER_CUBIC)
    times = np.array(size) / b.size
    return image, (place + 0.5) * times - 0.5, scale * _ENLARGED


def _log_odds(tested: _Tested, b: PictureValues, alignment: Alignment) -> float:
    """How much speaks for A and B showing the same, by what was tested."""
    weights, constant = _PHOTOS, _OF_PHOTOS
    if ground(b.thumbnail[_box(tested, b)].ravel()) >= GROUND:
        weights, constant = _GRAPHICS, _OF_GRAPHICS
    return float(np.dot(weights, _measures(tested, b, alignment))) + constant


def _measures(tested: _Tested, b: PictureValues, alignment: Alignment) -> tuple[float, ...]:
    """What decides: odds, the worst window, which parts of the features are inliers and tested."""
    height, width = b.thumbnail.shape
    x, y = (tested.place / b.size * (width, height)).astype(np.int64).T
    inside = y.clip(0, height - 1), x.clip(0, width - 1)
    photo = photographic(b.thumbnail, _AROUND)[inside]
    cell = _cell(tested.place / b.size, _CELLS)
    counts = np.bincount(cell[tested.tested], minlength=_CELLS**2)
    weight = np.where(tested.tested, 1 / np.maximum(counts[cell], 1), 0.0)
    agrees, differs = weight * tested.agrees, weight * ~tested.agrees
    return (
        odds(agrees.sum(), differs.sum(), _ADDED),
        _worst_window(tested, photo),
        float(np.log(max(alignment.inliers, 1) / len(tested.seen))),
        float(tested.tested.mean()),
    )


def _worst_window(tested: _Tested, photo: np.ndarray) -> float:
    """The greatest part that disagrees in a window of what is seen: another photo in its place."""
    seen = tested.place[tested.seen]
    low, high = seen.min(axis=0), seen.max(axis=0) + 1e-6
    cell = _cell((tested.place - low) / (high - low), _WINDOWS)
    agrees, differs = (
        np.bincount(cell[kept], photo[kept], _WINDOWS**2).reshape(_WINDOWS, _WINDOWS)
        for kept in (tested.tested & tested.agrees, tested.tested & ~tested.agrees)
    )
    sums = [
        np.lib.stride_tricks.sliding_window_view(each, (_WINDOW, _WINDOW)).sum(axis=(2, 3))
        for each in (agrees, differs)
    ]
    known = sums[0] + sums[1] >= 1.5 * _WINDOW
    part = np.where(known, sums[1] / np.maximum(sums[0] + sums[1], 1e-9), 0)
    return float(part.max())


def _box(tested: _Tested, b: PictureValues) -> tuple[slice, slice]:
    """The part of B's thumbnail in which A's features lie."""
    height, width = b.thumbnail.shape
    seen = tested.place[tested.seen] / b.size * (width, height)
    (left, top), (right, bottom) = np.floor(seen.min(axis=0)), np.ceil(seen.max(axis=0))
    return slice(int(top), max(int(bottom), int(top) + 1)), slice(
        int(left), max(int(right), int(left) + 1)
    )


def _cell(place: np.ndarray, side: int) -> np.ndarray:
    """The number of the cell of a grid that each place lies in; places are in [0, 1]."""
    column, row = (place * side).astype(np.int64).clip(0, side - 1).T
    number: np.ndarray = row * side + column
    return number
