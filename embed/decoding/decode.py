"""Decodes pictures safely: bounded in size, upright, in RGB, at the scale that signals need."""

import io
import os
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from PIL import Image, ImageFile, UnidentifiedImageError
from PIL.ExifTags import Base
from PIL.Image import Transpose

from frametrace.embed.decoding.animation import choose_frame, is_animated
from frametrace.embed.decoding.formats import FORMAT_NAMES, j2k_levels, recognize
from frametrace.embed.decoding.repair import has_end, repair
from frametrace.embed.decoding.transparency import eight_bit, flattened, reduced
from frametrace.posts.errors import DecodeError

__all__ = ["MAX_COPIED_PIXELS", "MAX_PIXELS", "MAX_SIDE", "MIN_ROW_SHARE", "Picture", "decode"]

# A phone's 108-megapixel picture passes. Decoding takes up to 9 bytes for each pixel, by decoders
# that hold several copies up to 16: under 1 GiB (benchmarks/bench_picture_memory.py).
MAX_PIXELS = 110_000_000
MAX_COPIED_PIXELS = {"WEBP": 60_000_000, "AVIF": 60_000_000}
MAX_SIDE = 65_535  # what JPEG allows; other formats could declare one row of 110 million pixels
MIN_SHORT_SIDE = 512  # pixels; Meta's PDQ tools shrink to 512 too, below it hashes change
# Fraction of a damaged picture's rows. With 96 % of their rows PDQ still matches 96 % of 150
# photographs, with 80 % 45 %, with half 2 %. No two cut photographs are within 31 bits (nearest:
# 80).
MIN_ROW_SHARE = 0.5

_MAX_J2K_PIXELS = 30_000_000  # decoded pixels of a JPEG 2000 file, 20 bytes each

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
    """A decoded picture, the same for every signal.

    `image` is RGB and upright, its short side at least 512 pixels where the original's is. `luma`
    is the same in 8-bit luminance (ITU-R 601). `width` and `height` are the original's, after the
    EXIF rotation. `notes` are sentences on what the file holds that the picture doesn't show.
    """

    image: Image.Image
    width: int
    height: int
    notes: tuple[str, ...] = ()
    luma: Image.Image = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "luma", self.image.convert("L"))

    def shrunk_luma(self, scale: float) -> np.ndarray:
        """`luma` times `scale`, (height, width) uint8; unchanged if `scale` is 1 or more."""
        import cv2

        luma = np.asarray(self.luma)
        if scale >= 1:
            return luma
        size = [max(round(side * scale), 1) for side in self.luma.size]
        return np.asarray(cv2.resize(luma, size, interpolation=cv2.INTER_AREA), np.uint8)


@dataclass(frozen=True, slots=True)
class _Pixels:
    """The pixels of a file: RGB, reduced, not rotated yet."""

    image: Image.Image
    width: int
    height: int
    orientation: int  # EXIF's, 1 to 8
    notes: tuple[str, ...] = ()


def decode(data: bytes) -> Picture:
    """Decode a picture's bytes; for an animation, the frame that represents it.

    Transparency is flattened over white, or over black if the picture is invisible on white;
    palettes, CMYK and 16-bit channels become 8-bit RGB; the EXIF rotation is applied. Rows that are
    missing because the file was cut off are filled with one colour. Raises `DecodeError` with a
    plain reason if the bytes are not a readable picture, and `FormatMissing` if a package is
    missing.
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
        raise DecodeError(f"not a picture that can be read ({FORMAT_NAMES})") from None
    except Image.DecompressionBombError:
        raise DecodeError(_over(MAX_PIXELS)) from None
    except MemoryError:
        raise DecodeError("not enough memory to decode it") from None
    except Exception as error:  # codecs raise any exception for hostile input
        raise DecodeError(f"damaged picture: {_short_reason(error)}") from None


def _decode(data: bytes) -> _Pixels:
    """The pixels of a file, repaired if it is damaged."""
    data, formats = recognize(data, MAX_PIXELS)
    if not has_end(data):
        return _repaired(data, formats) or _pixels(data, formats)
    try:
        return _pixels(data, formats)
    except (DecodeError, Image.DecompressionBombError, MemoryError):
        raise
    except Exception:
        if pixels := _repaired(data, formats):
            return pixels
        raise


def _repaired(data: bytes, formats: tuple[str, ...]) -> _Pixels | None:
    """The pixels of a damaged file; None if it can't be repaired."""
    file = repair(data, MAX_PIXELS)
    if file is None:
        return None
    pixels = _pixels(file.data, formats, file.height)
    if not file.is_cut:
        return pixels
    rows, height = file.rows, file.height
    if file.alternative:
        rows, height = _equal_rows(pixels.image, _pixels(file.alternative, formats).image)
    share = rows / height if height else 1.0
    if share < MIN_ROW_SHARE:
        raise DecodeError(f"damaged picture: only {share:.0%} of its rows are present")
    notes = (*pixels.notes, _cut_note(share))
    if not file.height:
        return replace(pixels, notes=notes)
    factor = _reduction(pixels.width, file.height)
    filled = _fill_below(pixels.image, -(-file.height // factor))
    return replace(pixels, image=filled, height=file.height, notes=notes)


def _cut_note(share: float) -> str:
    part = f", {max(1 - share, 0.01):.0%} of it" if share < 1 else ""
    return f"damaged: its end is missing{part}"


def _equal_rows(image: Image.Image, alternative: Image.Image) -> tuple[int, int]:
    """How many rows, from the top, are equal in two pictures, and how many rows they have."""
    differ = (np.asarray(image) != np.asarray(alternative)).any(axis=(1, 2))
    return int(differ.argmax()) if differ.any() else image.height, image.height


def _fill_below(image: Image.Image, height: int) -> Image.Image:
    """Add rows of the mean colour below a picture.

    Rows of one shade add nothing to the frequencies that PDQ compares.
    """
    mean = tuple(int(value) for value in np.asarray(image).mean(axis=(0, 1)))
    whole = Image.new("RGB", (image.width, height), mean)
    whole.paste(image)
    return whole


def _pixels(data: bytes, formats: tuple[str, ...], rows: int = 0) -> _Pixels:
    """Read a file, reduced like a picture of `rows` rows, or of its own number of rows if 0."""
    with Image.open(io.BytesIO(data), formats=formats) as opened:
        _check_size(opened)
        if not is_animated(opened):
            return _read(opened, data, rows)
        choice = choose_frame(opened)
    # Opened again, because Pillow can't always go back to a frame.
    with Image.open(io.BytesIO(data), formats=formats) as opened:
        opened.seek(choice.frame)
        return replace(_read(opened, data, rows), notes=choice.notes)


def _read(opened: ImageFile.ImageFile, data: bytes, rows: int) -> _Pixels:
    width, height = opened.size
    factor = _reduction(width, rows or height)
    drafted = _draft(opened, data, factor)
    with _without_messages(opened.format):
        opened.load()
    if not drafted:
        width, height = _check_size(opened)  # an icon's header may state another size
    image = eight_bit(_in_255_levels(opened))
    if (remaining := _reduction(*image.size) if drafted else factor) > 1:
        image = reduced(image, remaining)
    return _Pixels(flattened(image), width, height, _orientation(opened))


@contextmanager
def _without_messages(format: str | None) -> Iterator[None]:
    """Keep libtiff from printing what is wrong with a file; what it raises says the same."""
    if format != "TIFF":
        yield
        return
    stderr = os.dup(2)
    try:
        with Path(os.devnull).open("wb") as nowhere:
            os.dup2(nowhere.fileno(), 2)
        yield
    finally:
        os.dup2(stderr, 2)
        os.close(stderr)


def _check_size(opened: ImageFile.ImageFile) -> tuple[int, int]:
    width, height = opened.size
    if max(width, height) > MAX_SIDE:
        raise DecodeError(f"{width} x {height}: a side is over the limit of {MAX_SIDE} pixels")
    if width * height > (most := MAX_COPIED_PIXELS.get(opened.format or "", MAX_PIXELS)):
        raise DecodeError(_over(most))
    return width, height


def _over(pixels: int) -> str:
    return f"over the limit of {pixels // 10**6} megapixels"


def _draft(opened: ImageFile.ImageFile, data: bytes, factor: int) -> bool:
    """Let the decoder work at a reduced scale, if it can derive that from the picture itself.

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
        setattr(opened, "reduce", levels)  # noqa: B010 (mypy takes it for the method of that name)
        return levels > 0
    return False


def _in_255_levels(opened: ImageFile.ImageFile) -> Image.Image:
    """Scale floats of JPEG XL, which are 0 to 1; those of other formats are 0 to 255."""
    if opened.format == "JXL" and opened.mode == "F":
        return opened.point(lambda value: value * 255 + 0)
    return opened


def _upright(pixels: _Pixels) -> Picture:
    image, width, height = pixels.image, pixels.width, pixels.height
    if pixels.orientation in _UPRIGHT:
        image = image.transpose(_UPRIGHT[pixels.orientation])
    if pixels.orientation in _ON_ITS_SIDE:
        width, height = height, width
    return Picture(image, width, height, pixels.notes)


def _reduction(width: int, height: int) -> int:
    """The largest power of two that leaves the short side at 512 pixels or more."""
    return int(2 ** max(0, (min(width, height) // MIN_SHORT_SIDE).bit_length() - 1))


def _orientation(image: Image.Image) -> int:
    """EXIF's Orientation, 1 to 8; 1 if the EXIF data are damaged."""
    try:
        return int(image.getexif().get(Base.Orientation, 1))
    except Exception:  # Pillow raises any exception for damaged EXIF data
        return 1


def _short_reason(error: Exception) -> str:
    """A short reason without file names or object addresses."""
    text = str(error) or type(error).__name__
    return text.split(" <", maxsplit=1)[0][:120]
