"""Finds altered regions in a copy: the parts in which two aligned pictures show different things.

A tone curve first maps the grey levels of one picture to those of the other, so that filters don't
count as alterations. A region is altered if its windows differ much more than the rest of the
overlap and don't correlate, or if one picture lacks fine detail only there: blurred or pixelated.
If there are such regions, the pictures are aligned once more, pixel by pixel (Evangelidis and
Psarakis, "Parametric image alignment using enhanced correlation coefficient maximization", PAMI
2008), and the regions that remain are returned.

It finds 99 % of 165 alterations that cover 1 to 12 % of the area of 400 photographs, and 84 % of
pixelated parts. It flags 1.8 % of 792 copies that were recompressed, resized, cropped, mirrored,
rotated, framed or filtered, most of them because of a change of hue.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Self

import cv2
import numpy as np

from frametrace.matcher.pictures.aligned_thumbnails import Overlap

__all__ = ["Altered", "altered_regions"]

_WINDOW = 9  # pixels of the thumbnail
_RIM = 7  # pixels: width of the overlap's rim, which is ignored as it mixes with its surroundings
# Windows differ if their error is above the first number, in grey levels, and above the second
# number times the median error of the overlap, and their correlation is below the third number.
# Pixelated parts correlate more, but their error is greater.
_DIFFERS = (13.0, 3.5, 0.55), (18.0, 5.5, 0.75)
_FINE_DETAIL = 1.5  # pixels: sigma of the blur that removes fine detail
_MIN_DETAIL = 30.0, 0.5  # variance of the fine detail, and factor of the overlap's median variance
_DETAIL_LOSS = 2.0  # octaves by which the detail differs, from the median of the overlap
_DARK, _BRIGHT = 8, 247  # grey levels beyond which filters clip detail
_LEVELS = 32  # of the tone curve
_MIN_LEVEL_PIXELS = 20  # that define a level of the curve
_MIN_AREA = 0.005  # of the overlap
_MAX_REGIONS = 12  # that are listed, the largest first


@dataclass(frozen=True, slots=True)
class Altered:
    """Boxes (x0, y0, x1, y1) in fractions of B's width and height, the largest region first.

    `part` is the part of the overlap that the regions cover.
    """

    boxes: tuple[tuple[float, float, float, float], ...] = ()
    part: float = 0.0

    @classmethod
    def of(cls, regions: Sequence[np.ndarray], overlap: Overlap) -> Self:
        """The regions of an overlap as boxes in B."""
        boxes = tuple(_box(region, overlap) for region in regions[:_MAX_REGIONS])
        part = sum(float(region.sum()) for region in regions) / float(overlap.inside.sum())
        return cls(boxes, part)


def altered_regions(overlap: Overlap) -> list[np.ndarray]:
    """Find altered regions, (h, w) bool each, the largest first; none if the overlap is tiny."""
    if int(overlap.inside.sum()) < 4 * _WINDOW**2:
        return []
    if next(_regions(overlap.a, overlap), None) is None:
        return []
    regions = _regions(_realigned(overlap), overlap)
    return sorted(regions, key=lambda region: -int(region.sum()))


def _regions(a: np.ndarray, overlap: Overlap) -> Iterator[np.ndarray]:
    """Connected altered regions, (h, w) bool each; `a` is picture A as it is aligned."""
    differs, blurred, size = _flagged(_toned(a, overlap), a, overlap)
    small = np.ones((3, 3), np.uint8)
    flagged = _opened(differs, small) | _opened(blurred, np.ones((5, 5), np.uint8))
    count, label, stats, _ = cv2.connectedComponentsWithStats(flagged)
    for at in range(1, count):
        if stats[at, cv2.CC_STAT_AREA] >= _MIN_AREA * size:
            yield label == at


def _opened(region: np.ndarray, element: np.ndarray) -> np.ndarray:
    opened = cv2.morphologyEx(region.astype(np.uint8), cv2.MORPH_OPEN, element)
    return np.asarray(cv2.morphologyEx(opened, cv2.MORPH_CLOSE, np.ones((5, 5), np.uint8)))


def _flagged(
    toned: np.ndarray, a: np.ndarray, overlap: Overlap
) -> tuple[np.ndarray, np.ndarray, int]:
    """Where the pictures differ, where one lacks detail, and how many pixels were compared."""
    inside = overlap.inside
    rim = np.ones((_RIM, _RIM), np.uint8)
    eroded = cv2.erode(inside.astype(np.uint8), rim, borderType=cv2.BORDER_CONSTANT, borderValue=0)
    weight = inside.astype(np.float32)
    a_toned, b = np.where(inside, toned, 0), np.where(inside, overlap.b, 0)
    seen = _mean(weight) + 1e-6
    mean_a, mean_b = _mean(a_toned) / seen, _mean(b) / seen
    variance_a = np.maximum(_mean(a_toned * a_toned) / seen - mean_a**2, 0)
    variance_b = np.maximum(_mean(b * b) / seen - mean_b**2, 0)
    covariance = _mean(a_toned * b) / seen - mean_a * mean_b
    squares = np.maximum(variance_a + variance_b - 2 * covariance, 0)
    error = np.sqrt(squares + (mean_a - mean_b) ** 2)
    known = (eroded > 0) & (seen > 0.5)
    if not known.any():
        return known, known, 0
    correlation = (covariance + 2) / np.sqrt((variance_a + 20) * (variance_b + 20))
    median_error = float(np.median(error[known]))
    differs = np.zeros_like(known)
    for min_error, times, max_correlation in _DIFFERS:
        is_far = error > max(min_error, times * median_error)
        differs |= is_far & (correlation < max_correlation)
    differs &= known
    clipped = (a < _DARK) | (a > _BRIGHT) | (overlap.b < _DARK) | (overlap.b > _BRIGHT)
    clipped = _mean(clipped.astype(np.float32) * weight) / seen > 0.1
    detail_a, detail_b = (_mean(_detail(x) ** 2 * weight) / seen for x in (a_toned, b))
    strongest = np.maximum(detail_a, detail_b)
    min_variance, times = _MIN_DETAIL
    min_detail = max(min_variance, times * float(np.median(strongest[known])))
    detailed = known & ~clipped & (strongest > min_detail)
    ratio = np.log2((detail_a + 2) / (detail_b + 2))
    usual = known & (strongest > 12)
    typical = float(np.median(ratio[usual])) if usual.sum() > 50 else 0.0
    return differs, detailed & (np.abs(ratio - typical) > _DETAIL_LOSS), int(known.sum())


def _mean(values: np.ndarray) -> np.ndarray:
    size = (_WINDOW, _WINDOW)
    return np.asarray(cv2.boxFilter(values, -1, size, borderType=cv2.BORDER_CONSTANT))


def _detail(image: np.ndarray) -> np.ndarray:
    return np.asarray(image - cv2.GaussianBlur(image, (0, 0), _FINE_DETAIL))


def _toned(a: np.ndarray, overlap: Overlap) -> np.ndarray:
    """Picture A in the grey levels of B: the median of B for each of 32 levels of A."""
    pixels_a, pixels_b = a[overlap.inside], overlap.b[overlap.inside]
    level = np.clip(pixels_a * (_LEVELS / 256), 0, _LEVELS - 1).astype(np.int64)
    order = np.argsort(level, kind="stable")
    bounds = np.searchsorted(level[order], np.arange(_LEVELS + 1))
    known = np.flatnonzero(np.diff(bounds) >= _MIN_LEVEL_PIXELS)
    if len(known) < 2:
        return a
    medians = [float(np.median(pixels_b[order[bounds[at] : bounds[at + 1]]])) for at in known]
    middles = (known + 0.5) * (256 / _LEVELS)
    return np.asarray(np.interp(a, middles, medians), np.float32)


def _realigned(overlap: Overlap) -> np.ndarray:
    """Picture A aligned with B once more, to parts of a pixel; unchanged if that fails."""
    toned = _toned(overlap.a, overlap)
    stop = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 15, 1e-3)
    start = np.eye(3, dtype=np.float32)
    mask = overlap.inside.astype(np.uint8)
    try:
        _, move = cv2.findTransformECC(
            overlap.b, toned, start, cv2.MOTION_HOMOGRAPHY, stop, mask, 1
        )
    except cv2.error:  # the alignment does not converge
        return overlap.a
    size = (overlap.b.shape[1], overlap.b.shape[0])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return np.asarray(
        cv2.warpPerspective(overlap.a, move, size, flags=flags, borderMode=cv2.BORDER_REPLICATE)
    )


def _box(region: np.ndarray, overlap: Overlap) -> tuple[float, float, float, float]:
    """The box of a region in B, in fractions of its sides."""
    rows, columns = np.nonzero(region)
    left, right = columns.min() - 0.5, columns.max() + 0.5
    top, bottom = rows.min() - 0.5, rows.max() + 0.5
    corners = np.array([[left, right, right, left], [top, top, bottom, bottom], [1, 1, 1, 1]])
    in_b = overlap.to_b @ corners
    width, height = overlap.size_b
    x = ((in_b[0] / in_b[2] + 0.5) / width).clip(0, 1)
    y = ((in_b[1] / in_b[2] + 0.5) / height).clip(0, 1)
    box = x.min(), y.min(), x.max(), y.max()
    return tuple(round(float(side), 4) for side in box)  # type: ignore[return-value]
