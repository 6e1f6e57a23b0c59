"""Which formats of pictures are opened, told by a file's bytes and never by its name.

Only these: others of Pillow's run other programs (EPS) or are rare and little tried.
"""

import re

from PIL import Image

from frametrace.embed.decoding import jpeg_xl
from frametrace.posts.errors import DecodeError, FormatMissing

__all__ = ["NAMES", "j2k_levels", "recognized"]

_FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF", "JPEG2000", "ICO")  # Pillow's own
NAMES = "JPEG, PNG, WebP, GIF, BMP, TIFF, AVIF, HEIC, JPEG 2000, JPEG XL, ICO"

_HEIC = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx")  # ISO/IEC 23008-12, annex B
# The head of a JPEG 2000 codestream: SIZ with its length, capabilities, sides, offsets, sides of
# tiles, offsets, number of components (ISO/IEC 15444-1, A.5.1).
_J2K_SIZE = re.compile(rb"\xff\x4f\xff\x51(..)..(.{32})(..)", re.DOTALL)
_J2K_LEVELS = re.compile(rb"\xff\x52..[\0-\x07][\0-\x04]..[\0\x01]([\0-\x20])", re.DOTALL)
_J2K_SIGNATURES = (b"\xff\x4f\xff\x51", b"\0\0\0\x0cjP  \r\n\x87\n")


def recognized(data: bytes, most: int) -> tuple[bytes, tuple[str, ...]]:
    """What to hand to Pillow, and as which formats, of a file of at most `most` pixels.

    Raises `FormatMissing` where an optional package would read the file, and `DecodeError` where
    a format that Pillow can't check by itself declares too many pixels.
    """
    if _is_heic(data):
        _open_heic()
        return data, (*_FORMATS, "HEIF")
    if jpeg_xl.is_jxl(data):
        _open_jxl()
        stream = jpeg_xl.codestream(data)
        _check(*jpeg_xl.size(stream), most)
        return stream, ("JXL",)
    if data.startswith(_J2K_SIGNATURES):
        for length, sides, components in _J2K_SIZE.findall(data):
            if int.from_bytes(length, "big") == 38 + 3 * int.from_bytes(components, "big"):
                right, bottom = (int.from_bytes(sides[at : at + 4], "big") for at in (0, 4))
                _check(right, bottom, most)
        return data, ("JPEG2000",)
    return data, _FORMATS


def j2k_levels(data: bytes) -> int:
    """How often a JPEG 2000 picture can be halved without being decoded whole."""
    found = _J2K_LEVELS.search(data, max(data.find(_J2K_SIGNATURES[0]), 0))
    return found[1][0] if found else 0


def _check(width: int, height: int, most: int) -> None:
    if width * height > most:
        raise DecodeError(f"over the limit of {most // 10**6} megapixels")


def _is_heic(data: bytes) -> bool:
    """Whether the first box of an ISO media file names a brand of HEIC."""
    brands = {data[at : at + 4] for at in range(8, min(64, len(data)), 4)}
    return data[4:8] == b"ftyp" and not brands.isdisjoint(_HEIC)


def _open_heic() -> None:
    """Let Pillow open HEIC: the picture alone, in one thread, for workers fill the machine."""
    if "HEIF" in Image.OPEN:
        return
    try:
        import pillow_heif
    except ImportError:
        raise FormatMissing(_missing("HEIC", "heif")) from None
    pillow_heif.register_heif_opener(
        thumbnails=False, depth_images=False, aux_images=False, decode_threads=1
    )


def _open_jxl() -> None:
    try:
        from pillow_jxl import JpegXLImagePlugin
    except ImportError:
        raise FormatMissing(_missing("JPEG XL", "jxl")) from None
    JpegXLImagePlugin.DECODE_THREADS = 0


def _missing(format: str, extra: str) -> str:
    return f'{format} needs a package: pip install "frametrace[{extra}]", then embed again'
