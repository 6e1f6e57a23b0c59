"""The `pdq` signal: Meta's perceptual hash of a picture, and its quality.

Every step of PDQ from luminance to spectrum is linear and separable: two box filters in each
direction, sampling at 64 x 64 points, a discrete cosine transform. So for a picture L of height h
and width w the sampled picture is A(h) L A(w)^T, where the (64, n) matrix A(n) depends only on the
length of one side and is sparse: each sampled point uses about n / 64 pixels of its side. The
16 x 16 spectrum is D (A L A^T) D^T. The reference implementation (`pdqhash`) slides the filters
over every pixel instead; tests compare the two.

Algorithm and operating point: Meta, "The TMK+PDQF Video-Hashing Algorithm and the PDQ
Image-Hashing Algorithm", 2019 (hashing/hashing.pdf in facebook/ThreatExchange).
"""

import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache

import numpy as np
import pyarrow as pa

from frametrace.embed.decoding.decode import Picture
from frametrace.embed.signals.base import (
    Bound,
    Example,
    Metric,
    Orientation,
    PictureSignal,
    bits_distance,
    hash_examples,
)
from frametrace.embed.thresholds import PDQ_MAX_DISTANCE
from frametrace.posts.errors import UsageError

__all__ = [
    "BITS",
    "MIN_QUALITY",
    "ORIENTATIONS",
    "Pdq",
    "compute_orientations",
    "compute_pdq",
    "from_hex",
    "sampled",
    "spectrum",
    "to_hex",
]

BITS = 256

MIN_QUALITY = 50  # of 100; Meta's published operating point: below it flat pictures collide
# The eight ways to mirror and rotate a picture.
ORIENTATIONS: tuple[Orientation, ...] = (
    *((False, 0), (True, 0), (False, 90), (False, 180), (False, -90)),
    *((True, 90), (True, 180), (True, -90)),
)

_HEX = re.compile("[0-9a-fA-F]{1,64}")
_MIN_SIDE = 5
_SIDE = 64
_HASH_SIDE = 16
_BLOCK = 16  # points filtered at a time: their pixels stay in the processor's cache
_QUALITY_DIVISOR = 90  # gradient sum at which the reference calls quality 1 of 100


@lru_cache(maxsize=256)
def _sampling(length: int) -> tuple[np.ndarray, np.ndarray]:
    """The nonzero entries of A(length): two box filters and sampling along one side of a picture.

    For each of the 64 points, (64, t) positions on the side and (64, t) float32 weights. The
    reference's box of `window` pixels reaches from `half - window` to `half - 1` around each pixel
    and is cut off at the borders.
    """
    window = -(-length // (2 * _SIDE))
    half = (window + 2) // 2

    def reach(at: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return np.maximum(at + half - window, 0), np.minimum(at + half, length)

    first, end = reach(np.arange(length))
    shares = np.concatenate([[0], np.cumsum(1 / (end - first))])
    points = ((np.arange(_SIDE) + 0.5) * length / _SIDE).astype(np.intp)
    first, end = (side[:, None] for side in reach(points))
    positions = points[:, None] + np.arange(2 * (half - window), 2 * half - 1)
    inside = (positions >= 0) & (positions < length)
    positions = positions.clip(0, length - 1)
    between = shares[np.minimum(end, positions - half + window + 1)]
    between = between - shares[np.maximum(first, positions - half + 1)]
    return positions, (inside * between / (end - first)).astype(np.float32)


@lru_cache(maxsize=1)
def _cosines() -> np.ndarray:
    """(16, 64) float32: the lowest frequencies of the cosine transform, without the constant."""
    frequency = np.arange(1, _HASH_SIDE + 1)[:, None]
    position = np.arange(_SIDE)[None, :]
    cosines = np.sqrt(2 / _SIDE) * np.cos(np.pi / (2 * _SIDE) * frequency * (2 * position + 1))
    lowest: np.ndarray = cosines.astype(np.float32)
    return lowest


def sampled(luma: np.ndarray) -> np.ndarray:
    """A (h, w) uint8 luminance picture, filtered, at 64 x 64 points: (64, 64) float32."""
    return _sides(np.ascontiguousarray(_sides(luma).T)).T


def spectrum(points: np.ndarray) -> np.ndarray:
    """(64, 64) points → (16, 16) float32. The hash has a 1 for each value above their median."""
    cosines = _cosines()
    lowest: np.ndarray = cosines @ points @ cosines.T
    return lowest


def _sides(values: np.ndarray) -> np.ndarray:
    """A(n) times (n, m) values: (64, m) float32."""
    positions, weights = _sampling(len(values))
    filtered = np.empty((_SIDE, values.shape[1]), np.float32)
    for start in range(0, _SIDE, _BLOCK):
        block = slice(start, start + _BLOCK)
        pixels = values[positions[block]].astype(np.float32, copy=False)
        np.einsum("kt,ktm->km", weights[block], pixels, out=filtered[block])
    return filtered


def _quality(points: np.ndarray) -> int:
    """Quality, 0 to 100: how much neighbouring points of the 64 x 64 picture differ."""
    change = sum(
        np.abs(np.trunc(np.diff(points, axis=axis) * (100 / 255))).sum() for axis in (0, 1)
    )
    return min(int(change / _QUALITY_DIVISOR), 100)


def compute_pdq(luma: np.ndarray) -> tuple[bytes, int]:
    """The 32-byte PDQ hash and the quality (0 to 100) of a (h, w) uint8 luminance picture.

    The bytes are those of the 64-digit hexadecimal form that PDQ tools exchange. A picture with a
    side of fewer than 5 pixels has all zero bits and quality 0, as in the reference.
    """
    if min(luma.shape) < _MIN_SIDE:
        return bytes(_HASH_SIDE**2 // 8), 0
    points = sampled(luma)
    values = spectrum(points).ravel()
    median = np.partition(values, values.size // 2 - 1)[values.size // 2 - 1]
    return np.packbits((values > median)[::-1]).tobytes(), _quality(points)


def compute_orientations(luma: np.ndarray) -> tuple[np.ndarray, int]:
    """The hashes of a (h, w) uint8 picture in all `ORIENTATIONS`, (8, 32) uint8, and its quality.

    Each is the hash of the mirrored and rotated pixels; all take 3 ms. The reference swaps signs
    and sides of one spectrum instead, which is half a pixel off: it differs by 14 bits or more on
    half of 907 photos, by 54 on one.
    """
    mirrored = (luma[:, ::-1] if mirror else luma for mirror, _ in ORIENTATIONS)
    oriented = (
        np.rot90(pixels, -degrees // 90)
        for pixels, (_, degrees) in zip(mirrored, ORIENTATIONS, strict=True)
    )
    codes, qualities = zip(*map(compute_pdq, oriented), strict=True)
    return np.frombuffer(b"".join(codes), np.uint8).reshape(len(ORIENTATIONS), -1), qualities[0]


def to_hex(code: bytes) -> str:
    """The 64-digit hexadecimal form of a 32-byte hash, leading zeros kept."""
    return code.hex()


def from_hex(digits: str) -> bytes:
    """Read the hexadecimal form; some tools leave out leading zeros.

    Raises `UsageError` for anything else.
    """
    if _HEX.fullmatch(digits.strip()):
        return bytes.fromhex(digits.strip().zfill(64))
    raise UsageError(f"{digits[:80]!r} is not a PDQ hash: expected 1 to 64 hexadecimal digits")


class Pdq(PictureSignal):
    """PDQ: a 256-bit hash, and the picture's quality from 0 to 100."""

    name = "pdq"
    metric = Metric.HAMMING
    sees = "recompressed, resized and barely cropped copies; queries also mirrored and rotated ones"
    bits = BITS
    bound = Bound(PDQ_MAX_DISTANCE, "Meta's published operating point")
    min_quality = MIN_QUALITY
    unusable = "too flat to compare by PDQ"
    finds_copies = True
    orientations = ORIENTATIONS

    @property
    def made_by(self) -> Mapping[str, str]:
        """The algorithm and the version of the preprocessing before it."""
        return {"fingerprint": "pdq-256:1"}

    @staticmethod
    def compare(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        """Hamming distances in bits of 256."""
        return bits_distance(a, b)

    @classmethod
    def examples(cls) -> Sequence[Example]:
        """Hashes that differ in no bit, in one byte, in all bits."""
        return hash_examples(BITS)

    def preparer(self) -> Callable[[Picture], tuple[bytes, int]]:
        """Hash in the decoding workers."""
        return _hashed

    def query_values(self, picture: Picture) -> pa.Table:
        """The hashes of all eight orientations."""
        codes, quality = compute_orientations(np.asarray(picture.luma))
        return self.finish([(code.tobytes(), quality) for code in codes])

    def finish(self, prepared: Sequence[tuple[bytes, int]]) -> pa.Table:
        """Columns `code` (32 bytes) and `quality`."""
        codes = pa.array([code for code, _ in prepared], pa.binary(32))
        quality = pa.array([quality for _, quality in prepared], pa.uint8())
        return pa.table({"code": codes, "quality": quality})


def _hashed(picture: Picture) -> tuple[bytes, int]:
    return compute_pdq(np.asarray(picture.luma))
