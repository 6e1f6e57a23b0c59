"""One safe decode for every picture: bounded, upright, RGB, at the scale that signals need."""

import io
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from PIL import Image, ImageFile, UnidentifiedImageError
from PIL.ExifTags import Base
from PIL.Image import Transpose

from frametrace.embed.decoding.animation import choose_frame, is_animated
from frametrace.embed.decoding.formats import NAMES, j2k_levels, recognized
from frametrace.embed.decoding.repair import has_end, mended
from frametrace.embed.decoding.transparency import eight_bit, flattened, reduced
from frametrace.posts.errors import DecodeError

__all__ = ["MAX_PIXELS", "MAX_SIDE", "MIN_SHARE", "Picture", "decode"]

MAX_PIXELS = 120_000_000  # a phone's 108-megapixel picture passes; a decoder then needs ~480 MB
MAX_SIDE = 65_535  # what JPEG allows; other formats could declare one row of 120 million pixels
MIN_SHORT_SIDE = 512  # Meta's PDQ tools shrink to 512 as well; below it hashes start to move
# Of a damaged picture's rows. With 96 % of 150 photographs' rows PDQ still knows 96 % of them, with
# 80 % 45 %, with half of them 2 %; no two cut photographs come within 31 bits (nearest: 80).
MIN_SHARE = 0.5

_MAX_J2K_PIXELS = 30_000_000  # that JPEG 2000 is decoded to: 20 bytes each

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
    after the EXIF turn. `notes` say in plain words what of the file the picture isn't.
    """

    image: Image.Image
    width: int
    height: int
    notes: tuple[str, ...] = ()
    luma: Image.Image = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "luma", self.image.convert("L"))


@dataclass(frozen=True, slots=True)
class _Pixels:
    """What a file holds: RGB, reduced, not turned yet."""

    image: Image.Image
    width: int
    height: int
    turn: int
    notes: tuple[str, ...] = ()


def decode(data: bytes) -> Picture:
    """Decode a picture's bytes; of an animation the frame that stands for it.

    Alpha is laid over white, or over black where white would swallow the picture; palettes, CMYK
    and 16-bit channels become 8-bit RGB; the EXIF turn is applied. Where a file's end is missing,
    so is that of the picture: it has one colour there. Raises `DecodeError` with a plain
    reason for anything that isn't such a picture, and `FormatMissing` where a package is missing.
    """
    if not data:
        raise DecodeError("empty file")
    Image.MAX_IMAGE_PIXELS = MAX_PIXELS // 2  # Pillow warns beyond this and refuses beyond twice
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # damaged metadata is no reason to refuse a picture
            return _upright(_decode(data))
    except DecodeError:
        raise
    except UnidentifiedImageError:
        raise DecodeError(f"not a picture that can be read ({NAMES})") from None
    except Image.DecompressionBombError:
        raise DecodeError(f"over the limit of {MAX_PIXELS // 10**6} megapixels") from None
    except MemoryError:
        raise DecodeError("not enough memory to decode it") from None
    except Exception as error:  # codecs meet hostile input with every kind of exception
        raise DecodeError(f"damaged picture: {_plain(error)}") from None


def _decode(data: bytes) -> _Pixels:
    """The pixels of a file as it is, or else as far as they can be had."""
    data, formats = recognized(data, MAX_PIXELS)
    if not has_end(data):
        return _mended(data, formats) or _pixels(data, formats)
    try:
        return _pixels(data, formats)
    except (DecodeError, Image.DecompressionBombError, MemoryError):
        raise
    except Exception:
        if found := _mended(data, formats):
            return found
        raise


def _mended(data: bytes, formats: tuple[str, ...]) -> _Pixels | None:
    file = mended(data, MAX_PIXELS)
    if file is None:
        return None
    pixels = _pixels(file.data, formats, file.height)
    if not file.is_cut:
        return pixels
    rows, height = file.rows, file.height
    if file.other:
        rows, height = _agreeing(pixels.image, _pixels(file.other, formats).image)
    share = rows / height if height else 1.0
    if share < MIN_SHARE:
        raise DecodeError(f"damaged picture: only {share:.0%} of its rows are there")
    notes = (*pixels.notes, _cut(share))
    if not file.height:
        return replace(pixels, notes=notes)
    factor = _reduction(pixels.width, file.height)
    filled = _filled(pixels.image, -(-file.height // factor))
    return replace(pixels, image=filled, height=file.height, notes=notes)


def _cut(share: float) -> str:
    part = f", {max(1 - share, 0.01):.0%} of it" if share < 1 else ""
    return f"damaged: its end is missing{part}"


def _agreeing(image: Image.Image, other: Image.Image) -> tuple[int, int]:
    """In how many rows from above two pictures are the same, of how many."""
    differ = (np.asarray(image) != np.asarray(other)).any(axis=(1, 2))
    return int(differ.argmax()) if differ.any() else image.height, image.height


def _filled(image: Image.Image, height: int) -> Image.Image:
    """A picture with rows of its mean colour below.

    Rows of one shade add nothing to the frequencies that PDQ compares.
    """
    mean = tuple(int(value) for value in np.asarray(image).mean(axis=(0, 1)))
    whole = Image.new("RGB", (image.width, height), mean)
    whole.paste(image)
    return whole


def _pixels(data: bytes, formats: tuple[str, ...], rows: int = 0) -> _Pixels:
    """Read a file, reduced as far as a whole picture of so many rows is, or else as its own are."""
    with Image.open(io.BytesIO(data), formats=formats) as opened:
        _checked(opened.size)
        if not is_animated(opened):
            return _read(opened, data, rows)
        choice = choose_frame(opened)
    # Anew, for Pillow can't always go back to a frame.
    with Image.open(io.BytesIO(data), formats=formats) as opened:
        opened.seek(choice.frame)
        return replace(_read(opened, data, rows), notes=choice.notes)


def _read(opened: ImageFile.ImageFile, data: bytes, rows: int) -> _Pixels:
    width, height = opened.size
    factor = _reduction(width, rows or height)
    drafted = _draft(opened, data, factor)
    opened.load()
    if not drafted:
        width, height = _checked(opened.size)  # an icon's header may have said something else
    image = eight_bit(_scaled(opened))
    if (remaining := _reduction(*image.size) if drafted else factor) > 1:
        image = reduced(image, remaining)
    return _Pixels(flattened(image), width, height, _orientation(opened))


def _checked(size: tuple[int, int]) -> tuple[int, int]:
    width, height = size
    if max(width, height) > MAX_SIDE:
        raise DecodeError(f"{width} x {height}: a side is over the limit of {MAX_SIDE} pixels")
    if width * height > MAX_PIXELS:
        raise Image.DecompressionBombError
    return width, height


def _draft(opened: ImageFile.ImageFile, data: bytes, factor: int) -> bool:
    """Have a decoder work at a reduced scale, where it can do so from the picture itself.

    HEIC can't: its thumbnail may show something else.
    """
    if opened.format in ("JPEG", "MPO"):
        if factor > 1:
            opened.draft("RGB", (opened.width // factor, opened.height // factor))
        return factor > 1
    if opened.format == "JPEG2000":
        levels = min(factor.bit_length() - 1, j2k_levels(data))
        if opened.width * opened.height > _MAX_J2K_PIXELS << (2 * levels):
            raise Image.DecompressionBombError
        setattr(opened, "reduce", levels)  # noqa: B010 (to mypy it is the method of that name)
        return levels > 0
    return False


def _scaled(opened: ImageFile.ImageFile) -> Image.Image:
    """Floats of JPEG XL go from 0 to 1, those of other formats to 255."""
    if opened.format == "JXL" and opened.mode == "F":
        return opened.point(lambda value: value * 255 + 0)
    return opened


def _upright(pixels: _Pixels) -> Picture:
    image, width, height = pixels.image, pixels.width, pixels.height
    if pixels.turn in _UPRIGHT:
        image = image.transpose(_UPRIGHT[pixels.turn])
    if pixels.turn in _ON_ITS_SIDE:
        width, height = height, width
    return Picture(image, width, height, pixels.notes)


def _reduction(width: int, height: int) -> int:
    """The largest power of two that leaves the short side at 512 pixels or more."""
    return int(2 ** max(0, (min(width, height) // MIN_SHORT_SIDE).bit_length() - 1))


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
