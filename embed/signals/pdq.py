"""PDQ, Meta's perceptual hash of a picture, computed as two matrix products.

Every step of PDQ from luminance to spectrum is linear and works on rows and columns apart: two box
filters each way, sampling at 64 x 64 points, a discrete cosine transform. So for a picture L of
height h and width w the sampled picture is A(h) L A(w)^T with a (64, n) matrix A(n) that depends on
one side's length only, and the 16 x 16 spectrum is D (A L A^T) D^T. The reference implementation
(`pdqhash`) slides the filters over every pixel instead; tests hold the two against each other.

Algorithm and operating point: Meta, "The TMK+PDQF Video-Hashing Algorithm and the PDQ
Image-Hashing Algorithm", 2019 (hashing/hashing.pdf in facebook/ThreatExchange).
"""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache

import numpy as np
import pyarrow as pa

from frametrace.embed.decode import Picture
from frametrace.embed.signals.base import Metric, PictureSignal, bits_distance
from frametrace.posts.errors import UsageError

__all__ = ["MAX_DISTANCE", "MIN_QUALITY", "Pdq", "compute_pdq", "from_hex", "to_hex"]

MAX_DISTANCE = 31  # of 256 bits; Meta's published operating point

MIN_QUALITY = 50  # of 100; Meta's published operating point: below it flat pictures collide
_SIDE = 64
_HASH_SIDE = 16
_QUALITY_DIVISOR = 90  # gradient sum at which the reference calls quality 1 of 100


@lru_cache(maxsize=256)
def _sampling(length: int) -> np.ndarray:
    """(64, length) float32: two box filters and sampling, for one side of a picture.

    The reference's box of `window` pixels reaches from `half - window` to `half - 1` around each
    pixel and is cut off at the borders.
    """
    window = -(-length // (2 * _SIDE))
    half = (window + 2) // 2
    offset = np.arange(length)[None, :] - np.arange(length)[:, None]
    box = ((offset >= half - window) & (offset <= half - 1)).astype(np.float64)
    box /= box.sum(axis=1, keepdims=True)
    points = ((np.arange(_SIDE) + 0.5) * length / _SIDE).astype(np.intp)
    sampling: np.ndarray = (box[points] @ box).astype(np.float32)
    return sampling


@lru_cache(maxsize=1)
def _cosines() -> np.ndarray:
    """(16, 64) float32: the lowest frequencies of the cosine transform but the constant."""
    frequency = np.arange(1, _HASH_SIDE + 1)[:, None]
    position = np.arange(_SIDE)[None, :]
    cosines = np.sqrt(2 / _SIDE) * np.cos(np.pi / (2 * _SIDE) * frequency * (2 * position + 1))
    return cosines.astype(np.float32)


def _quality(sampled: np.ndarray) -> int:
    """Quality, 0 to 100: how much the 64 x 64 picture changes from point to point."""
    change = sum(
        np.abs(np.trunc(np.diff(sampled, axis=axis) * (100 / 255))).sum() for axis in (0, 1)
    )
    return min(int(change / _QUALITY_DIVISOR), 100)


def compute_pdq(luma: np.ndarray) -> tuple[bytes, int]:
    """The 32-byte PDQ hash and the quality (0 to 100) of a (h, w) uint8 luminance picture.

    The bytes are those of the 64-digit hexadecimal form that PDQ tools exchange.
    """
    height, width = luma.shape
    sampled = _sampling(height) @ luma.astype(np.float32) @ _sampling(width).T
    cosines = _cosines()
    spectrum = (cosines @ sampled @ cosines.T).ravel()
    median = np.partition(spectrum, spectrum.size // 2 - 1)[spectrum.size // 2 - 1]
    bits = spectrum > median
    return np.packbits(bits[::-1]).tobytes(), _quality(sampled)


def to_hex(code: bytes) -> str:
    """The 64-digit hexadecimal form of a 32-byte hash, leading zeros kept."""
    return code.hex()


def from_hex(digits: str) -> bytes:
    """Read the hexadecimal form; some tools leave out leading zeros.

    Raises `UsageError` for anything else.
    """
    try:
        code = bytes.fromhex(digits.strip().zfill(64))
    except ValueError:
        code = b""
    if len(code) == 32:
        return code
    raise UsageError(f"{digits[:80]!r} is no PDQ hash: it has up to 64 hexadecimal digits")


class Pdq(PictureSignal):
    """PDQ: a 256-bit hash, and the picture's quality from 0 to 100."""

    name = "pdq"
    metric = Metric.HAMMING

    @property
    def made_by(self) -> Mapping[str, str]:
        """The algorithm; `2` would be another treatment of the picture before it."""
        return {"fingerprint": "pdq-256:1"}

    @staticmethod
    def compare(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        """Hamming distances in bits of 256."""
        return bits_distance(a, b)

    def preparer(self) -> Callable[[Picture], tuple[bytes, int]]:
        """Hash beside the decoder."""
        return _hashed

    def finish(self, prepared: Sequence[tuple[bytes, int]]) -> pa.Table:
        """Columns `code` (32 bytes) and `quality`."""
        codes = pa.array([code for code, _ in prepared], pa.binary(32))
        quality = pa.array([quality for _, quality in prepared], pa.uint8())
        return pa.table({"code": codes, "quality": quality})


def _hashed(picture: Picture) -> tuple[bytes, int]:
    return compute_pdq(np.asarray(picture.luma))
