"""pHash: the 64-bit DCT hash of `imagehash`, for exchange with tools that speak it."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pyarrow as pa

from frametrace.embed.decoding.decode import Picture
from frametrace.embed.signals.base import Metric, PictureSignal, bits_distance
from frametrace.embed.signals.lanczos import shrink

__all__ = ["BITS", "MAX_DISTANCE", "Phash"]

BITS = 64
MAX_DISTANCE = 8  # of 64 bits; the customary bound for near-copies


class Phash(PictureSignal):
    """The perceptual hash that `imagehash.phash` computes, as 8 bytes."""

    name = "phash"
    metric = Metric.HAMMING

    @property
    def made_by(self) -> Mapping[str, str]:
        """The algorithm of `imagehash` 4."""
        return {"fingerprint": "imagehash-phash-64:1"}

    @staticmethod
    def compare(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        """Hamming distances in bits of 64."""
        return bits_distance(a, b)

    def preparer(self) -> Callable[[Picture], bytes]:
        """Hash beside the decoder."""
        return _hashed

    def finish(self, prepared: Sequence[bytes]) -> pa.Table:
        """The column `code` (8 bytes)."""
        return pa.table({"code": pa.array(prepared, pa.binary(8))})


def _hashed(picture: Picture) -> bytes:
    import imagehash

    return np.packbits(imagehash.phash(shrink(picture.luma)).hash).tobytes()
