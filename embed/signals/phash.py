"""The `phash` signal: the 64-bit DCT hash of `imagehash`, for exchange with tools that use it."""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache

import numpy as np
import pyarrow as pa
from PIL import Image

from frametrace.embed.decoding.decode import Picture
from frametrace.embed.signals.base import (
    Bound,
    Example,
    Metric,
    PictureSignal,
    bits_distance,
    hash_examples,
)

__all__ = ["BITS", "MAX_DISTANCE", "Phash", "shrink"]

BITS = 64
MAX_DISTANCE = 8  # of 64 bits; the customary bound for near copies

_SIDE = 32
_UNIT = 2.0**22  # a weight of 1 in Pillow's fixed point: PRECISION_BITS of its Resample.c
_LANCZOS_RADIUS = 3  # pixels of the result
_GROUP = 8  # of the 32 points together: neighbours share pixels, so few products are with zeros
_LINES = 128  # that are float64 at a time: half a megabyte, which the processor's cache holds
_MAX_LENGTH = 4096  # pixels of a side; longer ones are rare and their weights take much memory


class Phash(PictureSignal):
    """The perceptual hash that `imagehash.phash` computes, as 8 bytes."""

    name = "phash"
    metric = Metric.HAMMING
    sees = "the same as pdq, less reliably; for exchange only, not used in grouping"
    bits = BITS
    bound = Bound(MAX_DISTANCE, "the customary bound for near copies")

    @property
    def made_by(self) -> Mapping[str, str]:
        """The algorithm of `imagehash` 4."""
        return {"fingerprint": "imagehash-phash-64:1"}

    @staticmethod
    def compare(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        """Hamming distances in bits of 64."""
        return bits_distance(a, b)

    @classmethod
    def examples(cls) -> Sequence[Example]:
        """Hashes that differ in no bit, in one byte, in all bits."""
        return hash_examples(BITS)

    def preparer(self) -> Callable[[Picture], bytes]:
        """Hash in the decoding workers."""
        return _hashed

    def finish(self, prepared: Sequence[bytes]) -> pa.Table:
        """The column `code` (8 bytes)."""
        return pa.table({"code": pa.array(prepared, pa.binary(8))})


def _hashed(picture: Picture) -> bytes:
    import imagehash

    return np.packbits(imagehash.phash(shrink(picture.luma)).hash).tobytes()


def shrink(luma: Image.Image) -> Image.Image:
    """Resize a picture of mode L to 32 x 32 as Pillow's Lanczos filter does, bit for bit.

    It takes a third of the time. Pillow rounds a filter's weights to whole multiples of 2**-22 and
    sums in integers. Here the same weights multiply the same 8-bit pixels in float64, whose 53 bits
    hold every such sum (below 2**9, in steps of 2**-22) exactly: nothing is rounded until Pillow
    rounds, in whatever order a matrix product adds.
    """
    if not _rows_first(*luma.size) or max(luma.size) > _MAX_LENGTH:
        return luma.resize((_SIDE, _SIDE), Image.Resampling.LANCZOS)
    lines = np.asarray(luma)
    starts = range(0, len(lines), _LINES)
    narrow = np.vstack([_shrink_lines(lines[at : at + _LINES].astype(np.float64)) for at in starts])
    return Image.fromarray(_shrink_lines(narrow.T).T.astype(np.uint8))


def _rows_first(width: int, height: int) -> bool:
    """Whether every version of Pillow shrinks the width, rounds to 8 bits, then shrinks the height.

    Pillow 13 begins with the height where that shrinks far more than the width.
    """
    return height - _SIDE <= 2 * (width - _SIDE)


def _shrink_lines(lines: np.ndarray) -> np.ndarray:
    """Shrink lines (n, length) to (n, 32): whole numbers from 0 to 255, as float64."""
    parts = [lines[:, pixels] @ weights for pixels, weights in _weights(lines.shape[1])]
    shrunk: np.ndarray = np.floor(np.hstack(parts) + 0.5).clip(0, 255)
    return shrunk


@lru_cache(maxsize=128)  # 14 * length * 8 bytes each: 60 kB for 512 pixels
def _weights(length: int) -> tuple[tuple[slice, np.ndarray], ...]:
    """Pillow's Lanczos weights from `length` pixels to 32, in its order of calculation.

    For every 8 of the 32 points: a slice of the pixels, and their weights (pixels, 8) in float64.
    """
    scale = length / _SIDE
    filter_scale = max(scale, 1.0)
    parts = []
    for start in range(0, _SIDE, _GROUP):
        centre = (np.arange(start, start + _GROUP) + 0.5) * scale
        first = (centre - _LANCZOS_RADIUS * filter_scale + 0.5).astype(np.intp).clip(0)
        end = (centre + _LANCZOS_RADIUS * filter_scale + 0.5).astype(np.intp).clip(None, length)
        at = np.arange(first[0], end[-1])[:, None]
        x = (at - centre + 0.5) / filter_scale
        within = (at >= first) & (at < end) & (np.abs(x) < _LANCZOS_RADIUS)
        weights = np.where(within, np.sinc(x) * np.sinc(x / _LANCZOS_RADIUS), 0)
        units = weights / weights.sum(axis=0) * _UNIT
        whole = np.trunc(units + np.copysign(0.5, units)) / _UNIT
        parts.append((slice(first[0], end[-1]), whole))
    return tuple(parts)
