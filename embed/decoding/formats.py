"""Recognizes the formats of pictures by their bytes, never by their names.

Only these are opened: other formats of Pillow run external programs (EPS), or are rare and little
tested.
"""

import re

from PIL import Image

from frametrace.embed.decoding import jpeg_xl
from frametrace.posts.errors import DecodeError, FormatMissing

__all__ = ["FORMAT_NAMES", "j2k_levels", "recognize"]

_FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF", "JPEG2000", "ICO")  # Pillow's own
FORMAT_NAMES = "JPEG, PNG, WebP, GIF, BMP, TIFF, AVIF, HEIC, JPEG 2000, JPEG XL, ICO"

_HEIC = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx")  # ISO/IEC 23008-12, annex B
# The head of a JPEG 2000 codestream: SIZ with its length, capabilities, sides, offsets, sides of
# tiles, offsets, number of components (ISO/IEC 15444-1, A.5.1).
_J2K_SIZE = re.compile(rb"\xff\x4f\xff\x51(..)..(.{32})(..)", re.DOTALL)
_J2K_LEVELS = re.compile(rb"\xff\x52..[\0-\x07][\0-\x04]..[\0\x01]([\0-\x20])", re.DOTALL)
_J2K_SIGNATURES = (b"\xff\x4f\xff\x51", b"\0\0\0\x0cjP  \r\n\x87\n")


def recognize(data: bytes, max_pixels: int) -> tuple[bytes, tuple[str, ...]]:
    """The bytes to give to Pillow, and the formats to try.

    Raises `FormatMissing` if an optional package could read the file, and `DecodeError` if a
    format that Pillow can't check declares more than `max_pixels`.
    """
    if _is_heic(data):
        _register_heic()
        return data, (*_FORMATS, "HEIF")
    if jpeg_xl.is_jxl(data):
        _register_jxl()
        stream = jpeg_xl.codestream(data)
        _check(*jpeg_xl.size(stream), max_pixels)
        return stream, ("JXL",)
    if data.startswith(_J2K_SIGNATURES):
        for length, sides, components in _J2K_SIZE.findall(data):
            if int.from_bytes(length, "big") == 38 + 3 * int.from_bytes(components, "big"):
                right, bottom = (int.from_bytes(sides[at : at + 4], "big") for at in (0, 4))
                _check(right, bottom, max_pixels)
        return data, ("JPEG2000",)
    return data, _FORMATS


def j2k_levels(data: bytes) -> int:
    """How many times a JPEG 2000 decoder can halve the picture."""
    levels = _J2K_LEVELS.search(data, max(data.find(_J2K_SIGNATURES[0]), 0))
    return levels[1][0] if levels else 0


def _check(width: int, height: int, max_pixels: int) -> None:
    if width * height > max_pixels:
        raise DecodeError(f"over the limit of {max_pixels // 10**6} megapixels")


def _is_heic(data: bytes) -> bool:
    """Whether the first box of an ISO media file names a brand of HEIC."""
    brands = {data[at : at + 4] for at in range(8, min(64, len(data)), 4)}
    return data[4:8] == b"ftyp" and not brands.isdisjoint(_HEIC)


def _register_heic() -> None:
    """Let Pillow open HEIC: only the picture, in one thread, because workers use all processors."""
    if "HEIF" in Image.OPEN:
        return
    try:
        import pillow_heif
    except ImportError:
        raise FormatMissing(_missing("HEIC", "heif")) from None
    pillow_heif.register_heif_opener(
        thumbnails=False, depth_images=False, aux_images=False, decode_threads=1
    )


def _register_jxl() -> None:
    try:
        from pillow_jxl import JpegXLImagePlugin
    except ImportError:
        raise FormatMissing(_missing("JPEG XL", "jxl")) from None
    JpegXLImagePlugin.DECODE_THREADS = 0


def _missing(format: str, extra: str) -> str:
    return f'{format} needs a package: pip install "frametrace[{extra}]", then embed again'
