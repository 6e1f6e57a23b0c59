"""A signal that Frametrace doesn't know: a 64-bit hash that a picture's mirror image shares.

It is written as CONTRIBUTING.md says. Workers import it, so it is a module of its own.
"""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pyarrow as pa
from PIL import Image

from frametrace.embed.decoding.decode import Picture
from frametrace.embed.signals.base import Bound, Example, Metric, PictureSignal, bits_distance

__all__ = ["MirrorHash"]


class MirrorHash(PictureSignal):
    """Which of 64 blocks of a picture, averaged with its mirror image, are above their median."""

    name = "mirror_hash"
    metric = Metric.HAMMING
    sees = "copies, also mirrored ones"
    bits = 64
    bound = Bound(6, "made up for a test")
    min_quality = 10
    unusable = "too plain for the mirror hash"
    finds_copies = True

    @property
    def made_by(self) -> Mapping[str, str]:
        """The algorithm."""
        return {"fingerprint": "mirror-hash:1"}

    @staticmethod
    def compare(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        """Hamming distances in bits of 64."""
        return bits_distance(a, b)

    @classmethod
    def examples(cls) -> Sequence[Example]:
        """Hashes that differ in no bit, and in one byte."""
        return Example(bytes(8), bytes(8), 0), Example(bytes(8), b"\xff" + bytes(7), 8)

    def preparer(self) -> Callable[[Picture], tuple[bytes, int]]:
        """Hash beside the decoder."""
        return _hash

    def finish(self, prepared: Sequence[tuple[bytes, int]]) -> pa.Table:
        """Columns `code` (8 bytes) and `quality`, the range of the blocks."""
        codes = pa.array([code for code, _ in prepared], pa.binary(8))
        quality = pa.array([quality for _, quality in prepared], pa.uint8())
        return pa.table({"code": codes, "quality": quality})


def _hash(picture: Picture) -> tuple[bytes, int]:
    # 16 columns, of which the mirror image repeats 8: 8 rows x 8 different columns.
    blocks = np.asarray(picture.luma.resize((16, 8), Image.Resampling.BOX), np.float64)
    both = (blocks + blocks[:, ::-1])[:, :8]
    return np.packbits(both > np.median(both)).tobytes(), int(np.ptp(both) / 2)
