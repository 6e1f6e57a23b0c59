"""A small grey picture: what is compared, pixel by pixel, once local features have aligned two.

It lies in the case beside the features, so that no picture file is opened again. 192 x 144 pixels
are enough to see an alteration of 1 % of the area, and take 4.7 kB of a photograph as WebP of
quality 80 (BSDS500 and ImageNet samples; JPEG of the same error 6.5 kB).
"""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pyarrow as pa

from frametrace.embed.decoding.decode import Picture
from frametrace.embed.signals.base import Metric, PictureSignal

__all__ = ["AREA", "Thumbnail", "is_thumbnail", "pixels"]

AREA = 192 * 144  # pixels at most; of any proportions, so that a tall screenshot keeps its width
_MAX_SIDE = 1000  # pixels; a strip that is longer is squeezed
_QUALITY = 80  # of WebP
_COMPARED = (32, 32)  # pixels that the brute-force comparison stretches both to


class Thumbnail(PictureSignal):
    """A grey picture of at most 27,648 pixels, as WebP."""

    name = "thumbnail"
    metric = Metric.PIXELS

    @property
    def made_by(self) -> Mapping[str, str]:
        """The size and the format."""
        return {"fingerprint": f"grey-webp-{AREA}-{_QUALITY}:1"}

    @staticmethod
    def compare(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        """Similarities, (m, n) float32 in [-1, 1]: correlation of pictures stretched to one size.

        Of (m,) and (n,) values, bytes each; 0 where one is of a single shade. Alignment is left to
        verification.
        """
        ours, theirs = (np.array([_standard(code) for code in codes]) for codes in (a, b))
        similarity: np.ndarray = ours.reshape(len(a), -1) @ theirs.reshape(len(b), -1).T
        return similarity.clip(-1, 1).astype(np.float32)

    def preparer(self) -> Callable[[Picture], bytes]:
        """Shrink beside the decoder."""
        return _shrunk

    def finish(self, prepared: Sequence[bytes]) -> pa.Table:
        """The column `code`: a WebP file each."""
        return pa.table({"code": pa.array(prepared, pa.binary())})


def is_thumbnail(code: bytes) -> bool:
    """Whether bytes from outside are a value of the signal: a WebP file of its size."""
    head = code[:4], code[8:12]
    if head != (b"RIFF", b"WEBP"):
        return False
    try:
        return pixels(code).size <= AREA + _MAX_SIDE
    except ValueError:
        return False


def pixels(code: bytes) -> np.ndarray:
    """The (height, width) uint8 pixels of a value. Raises `ValueError` where it is none."""
    import cv2

    image = cv2.imdecode(np.frombuffer(code, np.uint8), cv2.IMREAD_GRAYSCALE) if code else None
    if image is None:
        raise ValueError("not a thumbnail")
    return np.asarray(image)


def _shrunk(picture: Picture) -> bytes:
    import cv2

    luma = np.asarray(picture.luma)
    height, width = luma.shape
    part = min(1.0, (AREA / (width * height)) ** 0.5, _MAX_SIDE / max(width, height))
    size = max(round(width * part), 1), max(round(height * part), 1)
    small = cv2.resize(luma, size, interpolation=cv2.INTER_AREA) if part < 1 else luma
    _, code = cv2.imencode(".webp", small, [cv2.IMWRITE_WEBP_QUALITY, _QUALITY])
    return bytes(code)


def _standard(code: bytes) -> np.ndarray:
    """(1024,) float64 of mean 0 and unit length, or zeros."""
    import cv2

    shown = cv2.resize(pixels(code), _COMPARED, interpolation=cv2.INTER_AREA).astype(np.float64)
    shown -= shown.mean()
    length = np.linalg.norm(shown)
    return np.asarray((shown / length if length > 1e-6 else np.zeros_like(shown)).ravel())
