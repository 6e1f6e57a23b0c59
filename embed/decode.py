"""One safe decode for every picture: bounded, upright, RGB, at the scale that signals need."""

import io
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from PIL import Image, UnidentifiedImageError
from PIL.ExifTags import Base
from PIL.Image import Transpose

from frametrace.posts.errors import DecodeError

__all__ = ["MAX_BYTES", "MAX_PIXELS", "MAX_SIDE", "Picture", "decode"]

MAX_BYTES = 128 * 2**20  # platforms cap uploads at 5 to 30 MB
MAX_PIXELS = 120_000_000  # a phone's 108-megapixel picture passes; a decoder then needs ~480 MB
MAX_SIDE = 65_535  # what JPEG allows; other formats could declare one row of 120 million pixels
MIN_SHORT_SIDE = 512  # Meta's PDQ tools shrink to 512 as well; below it hashes start to move
FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF")
_HEIC = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx")  # ISO/IEC 23008-12, annex B

_WHITE = (255, 255, 255, 255)
_UPRIGHT: Mapping[int, Transpose] = {  # by the value of EXIF's Orientation
    2: Transpose.FLIP_LEFT_RIGHT,
    3: Transpose.ROTATE_180,
    4: Transpose.FLIP_TOP_BOTTOM,
    5: Transpose.TRANSPOSE,
    6: Transpose.ROTATE_270,
    7: Transpose.TRANSVERSE,
    8: Transpose.ROTATE_90,
}
_ON_ITS_SIDE = frozenset({5, 6, 7, 8})


@dataclass(frozen=True, slots=True)
class Picture:
    """A decoded picture, handed alike to every signal.

    `image` is RGB and upright, its short side at least 512 pixels where the original's is.
    `luma` is the same in 8-bit luminance (ITU-R 601). `width` and `height` are the original's,
    after the EXIF turn.
    """

    image: Image.Image
    width: int
    height: int
    luma: Image.Image = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "luma", self.image.convert("L"))


def decode(data: bytes) -> Picture:
    """Decode a picture's bytes; the first frame of an animation.

    Alpha is laid over white, palettes, CMYK and 16-bit channels become 8-bit RGB, the EXIF turn is
    applied. Raises `DecodeError` with a plain reason for anything that isn't such a picture.
    """
    if not data:
        raise DecodeError("empty file")
    Image.MAX_IMAGE_PIXELS = MAX_PIXELS // 2  # Pillow warns beyond this and refuses beyond twice
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # damaged metadata is no reason to refuse a picture
            return _decode(data)
    except DecodeError:
        raise
    except UnidentifiedImageError:
        if _is_heic(data):
            raise DecodeError("HEIC can't be read; convert it to JPEG") from None
        raise DecodeError(f"not a picture that can be read ({', '.join(FORMATS)})") from None
    except Image.DecompressionBombError:
        raise DecodeError(f"over the limit of {MAX_PIXELS // 10**6} megapixels") from None
    except MemoryError:
        raise DecodeError("not enough memory to decode it") from None
    except Exception as error:  # codecs meet hostile input with every kind of exception
        raise DecodeError(f"damaged picture: {_plain(error)}") from None


def _is_heic(data: bytes) -> bool:
    """Whether the first box of an ISO media file names a brand of HEIC."""
    brands = {data[at : at + 4] for at in range(8, min(64, len(data)), 4)}
    return data[4:8] == b"ftyp" and not brands.isdisjoint(_HEIC)


def _decode(data: bytes) -> Picture:
    with Image.open(io.BytesIO(data), formats=FORMATS) as opened:
        width, height = opened.size
        if max(width, height) > MAX_SIDE:
            raise DecodeError(f"{width} x {height}: a side is over the limit of {MAX_SIDE} pixels")
        factor = _reduction(width, height)
        if factor > 1:
            opened.draft("RGB", (width // factor, height // factor))
        opened.load()
        image = _eight_bit(opened)
        if (remaining := _reduction(*image.size)) > 1:
            image = image.reduce(remaining)
        image = _over_white(image)
        turn = _orientation(opened)
    if turn in _UPRIGHT:
        image = image.transpose(_UPRIGHT[turn])
    return Picture(image, *((height, width) if turn in _ON_ITS_SIDE else (width, height)))


def _reduction(width: int, height: int) -> int:
    """The largest power of two that leaves the short side at 512 pixels or more."""
    return int(2 ** max(0, (min(width, height) // MIN_SHORT_SIDE).bit_length() - 1))


def _eight_bit(image: Image.Image) -> Image.Image:
    """The picture as L, RGB or RGBA; those can be reduced, palettes and the rest can't."""
    if image.mode.startswith("I"):
        return Image.fromarray((np.asarray(image) >> 8).clip(0, 255).astype(np.uint8))
    if image.mode in ("LA", "PA", "La", "RGBa") or "transparency" in image.info:
        return image.convert("RGBA")
    return image if image.mode in ("L", "RGB", "RGBA") else image.convert("RGB")


def _over_white(image: Image.Image) -> Image.Image:
    if image.mode == "RGBA":
        image = Image.alpha_composite(Image.new("RGBA", image.size, _WHITE), image)
    return image if image.mode == "RGB" else image.convert("RGB")


def _orientation(image: Image.Image) -> int:
    """EXIF's Orientation, 1 to 8; damaged EXIF data turn nothing."""
    try:
        return int(image.getexif().get(Base.Orientation, 1))
    except Exception:  # Pillow meets damaged EXIF data with every kind of exception
        return 1


def _plain(error: Exception) -> str:
    """A short reason without file names or object addresses."""
    text = str(error) or type(error).__name__
    return text.split(" <", maxsplit=1)[0][:120]
