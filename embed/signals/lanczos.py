"""Shrinking to 32 x 32 as Pillow does, to the last bit, in a third of the time.

Pillow rounds a filter's weights to whole multiples of 2**-22 and sums in integers. Here the same
weights meet the same 8-bit pixels in float64, whose 53 bits hold every such sum (below 2**9, in
steps of 2**-22): whatever order a matrix product adds in, nothing is rounded until Pillow rounds.
"""

from functools import lru_cache

import numpy as np
from PIL import Image

__all__ = ["SIDE", "shrink"]

SIDE = 32
_UNIT = 2.0**22  # a weight of 1 in Pillow's fixed point: PRECISION_BITS of its Resample.c
_REACH = 3  # of the Lanczos filter, in pixels of the result
_AT_ONCE = 8  # of the 32: neighbours share pixels, so that few products are with zeros
_LONGEST = 4096  # pixels; longer ones are rare, and their weights would fill the memory


def shrink(luma: Image.Image) -> Image.Image:
    """What `luma.resize((32, 32), Resampling.LANCZOS)` gives for a picture of mode L."""
    if not _rows_first(*luma.size) or max(luma.size) > _LONGEST:
        return luma.resize((SIDE, SIDE), Image.Resampling.LANCZOS)
    across = _shrunk(np.asarray(luma, np.float64))
    return Image.fromarray(_shrunk(across.T).T.astype(np.uint8))


def _rows_first(width: int, height: int) -> bool:
    """Whether every Pillow shrinks the width, rounds to 8 bits, then shrinks the height.

    Pillow 13 begins with the height where it loses far more than the width.
    """
    return height - SIDE <= 2 * (width - SIDE)


def _shrunk(lines: np.ndarray) -> np.ndarray:
    """Shrink lines (n, length) to (n, 32): whole numbers from 0 to 255, as float64."""
    parts = [lines[:, pixels] @ weights for pixels, weights in _weights(lines.shape[1])]
    shrunk: np.ndarray = np.floor(np.hstack(parts) + 0.5).clip(0, 255)
    return shrunk


@lru_cache(maxsize=128)  # 14 * length * 8 bytes each: 60 kB for 512 pixels
def _weights(length: int) -> tuple[tuple[slice, np.ndarray], ...]:
    """Pillow's Lanczos weights from `length` pixels to 32, in its order of calculation.

    For each 8 of the 32: from which pixels, and their weights (pixels, 8) in float64.
    """
    scale = length / SIDE
    filter_scale = max(scale, 1.0)
    parts = []
    for start in range(0, SIDE, _AT_ONCE):
        centre = (np.arange(start, start + _AT_ONCE) + 0.5) * scale
        first = (centre - _REACH * filter_scale + 0.5).astype(np.intp).clip(0)
        end = (centre + _REACH * filter_scale + 0.5).astype(np.intp).clip(None, length)
        at = np.arange(first[0], end[-1])[:, None]
        x = (at - centre + 0.5) / filter_scale
        within = (at >= first) & (at < end) & (np.abs(x) < _REACH)
        weights = np.where(within, np.sinc(x) * np.sinc(x / _REACH), 0)
        units = weights / weights.sum(axis=0) * _UNIT
        whole = np.trunc(units + np.copysign(0.5, units)) / _UNIT
        parts.append((slice(first[0], end[-1]), whole))
    return tuple(parts)
