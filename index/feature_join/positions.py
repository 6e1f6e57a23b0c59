"""Where the features of joined pictures lie: 4 bytes each, enough to see whether votes agree."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from frametrace.embed.signals.local import SIDE, Features
from frametrace.index.feature_join.feature_records import MAX_FEATURES

__all__ = ["PICTURE_DTYPE", "PIXELS_PER_STEP", "Positions", "pack_positions"]

# A joined picture: its digest, how many features it has here, and its width in pixels.
PICTURE_DTYPE = np.dtype([("digest", "u1", (32,)), ("features", "<u2"), ("width", "<u2")])
PIXELS_PER_STEP = (
    SIDE / 250
)  # a step of a place: an agreement is looked for within 8 pixels and more
_SCALE, _ANGLE = 16, 256 / 360  # steps a doubling, steps a degree: those of the signal


@dataclass(frozen=True, slots=True)
class Positions:
    """Of n pictures: `starts` (n + 1,) int64, `widths` (n,) float64 in steps, `packed` (m,) uint32.

    Feature `slot` of a picture is `packed[starts[picture] + slot]`: from the highest byte down x
    and y in steps of `PIXELS`, scale in 16ths of a doubling, angle in 256ths of a turn.
    """

    starts: np.ndarray
    widths: np.ndarray
    packed: np.ndarray

    @classmethod
    def of(cls, pictures: np.ndarray, packed: np.ndarray) -> "Positions":
        """Of (n,) `PICTURE` rows and the places of all their features."""
        starts = np.concatenate([[0], np.cumsum(pictures["features"], dtype=np.int64)])
        widths = np.rint((pictures["width"].astype(np.float64) - 1) / PIXELS_PER_STEP)
        return cls(starts, widths, packed)


def pack_positions(pictures: Sequence[Features]) -> np.ndarray:
    """The places of the first features of pictures, one after the other, (m,) uint32."""
    place = np.concatenate([picture.place[:MAX_FEATURES] for picture in pictures])
    scale = np.concatenate([picture.scale[:MAX_FEATURES] for picture in pictures])
    angle = np.concatenate([picture.angle[:MAX_FEATURES] for picture in pictures])
    x, y = (np.rint(side / PIXELS_PER_STEP).clip(0, 255).astype(np.uint32) for side in place.T)
    steps = np.rint(np.log2(scale) * _SCALE).clip(0, 255).astype(np.uint32)
    turn = np.rint(angle * _ANGLE).astype(np.uint32) % np.uint32(256)
    packed: np.ndarray = x << 24 | y << 16 | steps << 8 | turn
    return packed
