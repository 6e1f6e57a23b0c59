"""Whether two graphics say the same: tables of one style, statements on one letterhead.

Words are smudges on a thumbnail: lines of other words lie where lines of words lie, and agree. The
local features were found at 400 pixels, where words can be told apart. In copies of a graphic many
of them have their like in the very place where the alignment puts them; in two graphics of one
style those of frames and headings alone do.
"""

import numpy as np

from frametrace.embed.signals.local import bits_between
from frametrace.matcher.pictures.aligned_thumbnails import Overlap
from frametrace.matcher.pictures.feature_alignment import Alignment
from frametrace.matcher.pictures.picture_values import PictureValues

__all__ = ["GROUND", "ground", "is_graphic", "says_otherwise"]

GROUND = 0.36  # of the overlap has one shade in both pictures: a graphic
_SHADES = 9  # levels that are one shade
_PLACE = 4.0  # pixels, of 400
_ALIKE = 38  # of 128 bits

# Of 251 pairs of graphics of one style whose pixels agree (of 1,350: tables, infographics, texts,
# notes, maps; even templates of the benchmark) 13 reach it, of 2,192 pairs of copies of them 97 %,
# of 1,399 pairs of photos and their edits 99.2 %. Odd templates, seen when 0.6 was chosen: 6 of
# 211, 98 %, 99.9 %.
_LEAST, _LEAST_DOUBTFUL = 0.5, 0.6
_PLACED = 0.5
_SURE = 3.0  # log odds of the pixels


def is_graphic(overlap: Overlap) -> bool:
    """Whether one shade covers much of both pictures."""
    grounds = (ground(image[overlap.inside]) for image in (overlap.a, overlap.b))
    return min(grounds) >= GROUND


def says_otherwise(
    alignment: Alignment, overlap: Overlap, evidence: float, a: PictureValues, b: PictureValues
) -> bool:
    """Whether pictures A and B, whose pixels agree, are graphics of one style with other words.

    `evidence` are the log odds of their pixels.
    """
    if not alignment.inliers or not is_graphic(overlap):
        return False
    least = _LEAST if evidence >= _SURE else _LEAST_DOUBTFUL
    return alignment.share + _PLACED * _placed(alignment, a, b) < least


def ground(pixels: np.ndarray) -> float:
    """The part of some grey levels, (n,), that has the shade of most of them."""
    levels = pixels.clip(0, 255).astype(np.uint8)
    counts = np.convolve(np.bincount(levels, minlength=256), np.ones(_SHADES), "same")
    return float(counts.max() / max(len(levels), 1))


def _placed(alignment: Alignment, a: PictureValues, b: PictureValues) -> float:
    """Of features that have one of the other picture in their place, the part that are alike.

    Of A's, or of B's, whichever is more: a copy that is smaller has fewer.
    """
    ours = a.features.mirrored() if alignment.mirrored else a.features
    there = alignment.matrix @ np.append(a.features.place.T, [np.ones(len(ours))], axis=0)
    apart = (there[:2] / there[2]).T[:, None] - b.features.place[None]
    in_place = np.hypot(*np.moveaxis(apart, 2, 0)) < _PLACE
    alike = in_place & (bits_between(ours.words, b.features.words) <= _ALIKE)
    return max(
        float(alike.any(axis=side).sum() / max(in_place.any(axis=side).sum(), 1)) for side in (0, 1)
    )
