"""The `thumbnail` signal: a small grey picture, compared pixel by pixel after alignment.

Local features align two pictures; their thumbnails decide. The case stores them, so that no picture
file is opened again. 192 x 144 pixels are enough to see an alteration of 1 % of the area, and take
4.7 kB for a photograph as WebP of quality 80 (BSDS500 and ImageNet samples; JPEG with the same
error takes 6.5 kB).
"""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pyarrow as pa

from frametrace.embed.decoding.decode import Picture
from frametrace.embed.signals.base import Example, Metric, PictureSignal

__all__ = ["AREA", "Thumbnail", "is_thumbnail", "pixels"]

AREA = 192 * 144  # pixels at most, in any proportions: a tall screenshot keeps its width
_MAX_SIDE = 1000  # pixels; longer strips are squeezed
_QUALITY = 80  # of WebP
_COMPARED_SIZE = (32, 32)  # pixels; the brute-force comparison stretches both to it


class Thumbnail(PictureSignal):
    """A grey picture of at most 27,648 pixels, as WebP."""

    name = "thumbnail"
    metric = Metric.PIXELS
    sees = "whether two pictures that `local` aligned show the same; used by `local` only"

    @property
    def made_by(self) -> Mapping[str, str]:
        """The size and the format."""
        return {"fingerprint": f"grey-webp-{AREA}-{_QUALITY}:1"}

    @staticmethod
    def compare(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        """Similarities, (m, n) float32 in [-1, 1]: correlation of pictures stretched to one size.

        `a` and `b` hold (m,) and (n,) values, bytes each. 0 if one has a single shade. Nothing
        is aligned here.
        """
        rows, columns = (np.array([_normalized(code) for code in codes]) for codes in (a, b))
        similarity: np.ndarray = rows.reshape(len(a), -1) @ columns.reshape(len(b), -1).T
        return similarity.clip(-1, 1).astype(np.float32)

    @classmethod
    def examples(cls) -> Sequence[Example]:
        """A gradient with itself and with its mirror image."""
        gradient = np.linspace(0, 255, 64).astype(np.uint8)[None].repeat(64, axis=0)
        upright, mirrored = _webp(gradient), _webp(gradient[:, ::-1])
        return Example(upright, upright, 1), Example(upright, mirrored, -1)

    def preparer(self) -> Callable[[Picture], bytes]:
        """Shrink in the decoding workers."""
        return _thumbnail

    def finish(self, prepared: Sequence[bytes]) -> pa.Table:
        """The column `code`: a WebP file each."""
        return pa.table({"code": pa.array(prepared, pa.binary())})


def is_thumbnail(code: bytes) -> bool:
    """Whether bytes from outside the case are a value of the signal: a WebP file of its size."""
    if (code[:4], code[8:12]) != (b"RIFF", b"WEBP"):
        return False
    try:
        return pixels(code).size <= AREA + _MAX_SIDE
    except ValueError:
        return False


def pixels(code: bytes) -> np.ndarray:
    """The (height, width) uint8 pixels of a value. Raises `ValueError` for other bytes."""
    import cv2

    image = cv2.imdecode(np.frombuffer(code, np.uint8), cv2.IMREAD_GRAYSCALE) if code else None
    if image is None:
        raise ValueError("not a thumbnail")
    return np.asarray(image)


def _thumbnail(picture: Picture) -> bytes:
    width, height = picture.luma.size
    scale = min((AREA / (width * height)) ** 0.5, _MAX_SIDE / max(width, height))
    return _webp(picture.shrunk_luma(scale))


def _webp(luma: np.ndarray) -> bytes:
    import cv2

    _, code = cv2.imencode(".webp", luma, [cv2.IMWRITE_WEBP_QUALITY, _QUALITY])
    return bytes(code)


def _normalized(code: bytes) -> np.ndarray:
    """(1024,) float64 of mean 0 and unit length, or zeros."""
    import cv2

    luma = cv2.resize(pixels(code), _COMPARED_SIZE, interpolation=cv2.INTER_AREA).astype(np.float64)
    luma -= luma.mean()
    length = np.linalg.norm(luma)
    return np.asarray((luma / length if length > 1e-6 else np.zeros_like(luma)).ravel())
