"""Trims bars, captions and an app's chrome from a picture; a prototype.

Rows and columns in which more than half is the background colour are not photo. The longest run of
other rows is kept, then of columns, until nothing changes. The benchmark measures whether a hash of
the remaining part finds more.
"""

import numpy as np

__all__ = ["trimmed"]

_PAPER = 0.5  # of a row or column in the paper's colour: no photo
_ALIKE = 8  # of 255: how far JPEG moves a flat colour
_MIN_SIDE = 0.4  # of a side: anything smaller is not a photo in a frame
_GAP = 0.02  # of a side: a sky in the paper's colour, a line of a photo
_ROUNDS = 3


def trimmed(luma: np.ndarray) -> np.ndarray:
    """A part of a (h, w) uint8 luminance picture, or all of it."""
    for _ in range(_ROUNDS):
        before = luma.shape
        luma = _rows(_rows(luma).T).T
        if luma.shape == before:
            break
    return np.ascontiguousarray(luma)


def _rows(luma: np.ndarray) -> np.ndarray:
    """The picture without background rows above and below."""
    for edge in (luma[:2], luma[-2:]):
        paper = np.bincount(edge.ravel(), minlength=256).argmax()
        flat = (np.abs(luma.astype(np.int16) - paper) <= _ALIKE).mean(axis=1) > _PAPER
        first, end = _longest(~flat, round(_GAP * len(luma)))
        if _MIN_SIDE * len(luma) <= end - first < len(luma):
            luma = luma[first:end]
    return luma


def _longest(kept: np.ndarray, gap: int) -> tuple[int, int]:
    """The longest run of kept rows, across gaps of up to a number of rows."""
    rows = np.flatnonzero(kept)
    if not len(rows):
        return 0, len(kept)
    ends = np.flatnonzero(np.diff(rows) > gap + 1)
    firsts, lasts = rows[np.append(0, ends + 1)], rows[np.append(ends, len(rows) - 1)]
    best = int((lasts - firsts).argmax())
    return int(firsts[best]), int(lasts[best]) + 1
