"""One safe decode for every picture: bounded, upright, RGB, at the scale that signals need."""

import io
import warnings
from dataclasses import dataclass, field

from PIL import Image, ImageOps

from frametrace.posts.errors import DecodeError

__all__ = ["MAX_BYTES", "MAX_PIXELS", "Picture", "decode"]

MAX_BYTES = 128 * 2**20  # platforms cap uploads at 5 to 30 MB
MAX_PIXELS = 120_000_000  # a phone's 108-megapixel picture passes; a decoder then needs ~360 MB
MIN_SHORT_SIDE = 512  # Meta's PDQ tools shrink to 512 as well; below it hashes start to move
FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF")

_MODES_16_BIT = ("I;16", "I;16L", "I;16B", "I;16N", "I")
_WHITE = (255, 255, 255, 255)


@dataclass(frozen=True, slots=True)
class Picture:
    """A decoded picture, handed alike to every signal.

    `image` is RGB and upright, its short side at least 512 pixels where the original's is.
    `luma` is the same in 8-bit luminance (ITU-R 601). `width` and `height` are the original's, after
    the EXIF turn.
    """

    image: Image.Image
    width: int
    height: int
    luma: Image.Image = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "luma", self.image.convert("L"))


def decode(data: bytes, *, max_pixels: int = MAX_PIXELS) -> Picture:
    """Decode a picture's bytes; the first frame of an animation.

    Alpha is laid over white, palettes, CMYK and 16-bit channels become 8-bit RGB, the EXIF turn is
    applied. Raises `DecodeError` with a plain reason for anything that isn't such a picture.
    """
    if not data:
        raise DecodeError("empty file")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # damaged metadata is no reason to refuse a picture
            return _decode(data, max_pixels)
    except DecodeError:
        raise
    except Image.UnidentifiedImageError:
        raise DecodeError(f"not a picture that can be read ({', '.join(FORMATS)})") from None
    except MemoryError:
        raise DecodeError("not enough memory to decode it") from None
    except Exception as error:  # codecs meet hostile input with every kind of exception
        raise DecodeError(f"damaged picture: {_plain(error)}") from None


def _decode(data: bytes, max_pixels: int) -> Picture:
    Image.MAX_IMAGE_PIXELS = (
        None  # our own limit below speaks plainly and comes before any decoding
    )
    with Image.open(io.BytesIO(data), formats=FORMATS) as opened:
        width, height = opened.size
        if width * height > max_pixels:
            raise DecodeError(
                f"{width} x {height} pixels is over the limit of {max_pixels // 10**6} megapixels"
            )
        factor = _reduction(width, height)
        if factor > 1:
            opened.draft("RGB", (-(-width // factor), -(-height // factor)))
        opened.load()
        image = _to_rgb(opened)
        if (remaining := _reduction(*image.size)) > 1:
            image = image.reduce(remaining)
        image = ImageOps.exif_transpose(image)
    turned = (image.width > image.height) != (width > height) and width != height
    return Picture(image, *((height, width) if turned else (width, height)))


def _reduction(width: int, height: int) -> int:
    """The largest power of two that leaves the short side at 512 pixels or more."""
    return int(2 ** max(0, (min(width, height) // MIN_SHORT_SIDE).bit_length() - 1))


def _to_rgb(image: Image.Image) -> Image.Image:
    """8-bit RGB with alpha over white; EXIF data stays attached."""
    exif = image.getexif()
    if image.mode in _MODES_16_BIT:
        image = image.convert("I").point(lambda value: value / 256).convert("L")
    if image.mode in ("LA", "PA", "RGBA", "RGBa", "La") or "transparency" in image.info:
        rgba = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", rgba.size, _WHITE), rgba)
    rgb = image if image.mode == "RGB" else image.convert("RGB")
    if (orientation := exif.get(0x0112, 1)) != 1:
        rgb.getexif()[0x0112] = orientation
    return rgb


def _plain(error: Exception) -> str:
    """A short reason without file names or object addresses."""
    text = str(error) or type(error).__name__
    return text.split(" <", maxsplit=1)[0][:120]
