"""Distinguishes copies of a graphic from graphics of one style with different text or numbers.

Words are smudges on a thumbnail, so lines of different words agree. Local features are computed at
400 pixels, where words differ. In copies of a graphic, many features have a similar one exactly
where the alignment puts them; in two graphics of one style, such as tables or statements on one
letterhead, only the features of frames and headings do.
"""

import numpy as np

from frametrace.embed.signals.local import bits_between
from frametrace.matcher.pictures.aligned_thumbnails import Overlap
from frametrace.matcher.pictures.feature_alignment import Alignment
from frametrace.matcher.pictures.picture_values import PictureValues
from frametrace.matcher.pictures.transforms import projected

__all__ = ["MIN_BACKGROUND", "background_part", "has_other_text", "is_graphic"]

MIN_BACKGROUND = 0.36  # part of the overlap that has one shade, in graphics
_SHADES = 9  # grey levels that count as one shade
_SAME_POSITION = 4.0  # pixels, of 400
_SIMILAR_BITS = 38  # of 128

# The least sum, in copies, of the share of inliers and _SIMILAR_WEIGHT times the part of features
# with a similar one at their position; the second value applies if the pixels leave doubt. Of 1,350
# pairs of graphics of one style (tables, infographics, texts, notes, maps; the benchmark's
# even-numbered templates) the pixels of 251 agree; 13 of those reach it, as do 97 % of 2,192 pairs
# of copies of them and 99.2 % of 1,399 pairs of photos and their edits. On the odd-numbered
# templates, on which 0.6 was chosen: 6 of 211, 98 %, 99.9 %.
_MIN_SHARE, _MIN_SHARE_IN_DOUBT = 0.5, 0.6
_SIMILAR_WEIGHT = 0.5
_SURE = 3.0  # log odds of the pixels


def is_graphic(overlap: Overlap) -> bool:
    """Whether one shade covers much of each picture."""
    parts = (background_part(image[overlap.inside]) for image in (overlap.a, overlap.b))
    return min(parts) >= MIN_BACKGROUND


def has_other_text(
    alignment: Alignment, overlap: Overlap, log_odds: float, a: PictureValues, b: PictureValues
) -> bool:
    """Whether pictures A and B, whose pixels agree, are graphics of one style with different text.

    `log_odds` are those of `pixel_agreement.Agreement`.
    """
    if not alignment.inliers or not is_graphic(overlap):
        return False
    min_share = _MIN_SHARE if log_odds >= _SURE else _MIN_SHARE_IN_DOUBT
    return alignment.share + _SIMILAR_WEIGHT * _similar_part(alignment, a, b) < min_share


def background_part(pixels: np.ndarray) -> float:
    """The part of some grey levels, (n,), that has their most common shade."""
    levels = pixels.clip(0, 255).astype(np.uint8)
    counts = np.convolve(np.bincount(levels, minlength=256), np.ones(_SHADES), "same")
    return float(counts.max() / max(len(levels), 1))


def _similar_part(alignment: Alignment, a: PictureValues, b: PictureValues) -> float:
    """The part of features whose counterpart at the same position is similar, if there is one.

    It is measured from A and from B, and the greater part counts: a smaller copy has fewer
    features.
    """
    features = a.features.mirrored() if alignment.mirrored else a.features
    mapped = projected(alignment.matrix, a.features.positions)
    offset = mapped[:, None] - b.features.positions
    in_place = np.hypot(*np.moveaxis(offset, 2, 0)) < _SAME_POSITION
    similar = in_place & (bits_between(features.words, b.features.words) <= _SIMILAR_BITS)
    return max(
        float(similar.any(axis=side).sum() / max(in_place.any(axis=side).sum(), 1))
        for side in (0, 1)
    )
