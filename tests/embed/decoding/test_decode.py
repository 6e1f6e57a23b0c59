"""Decoding: every picture comes out upright, RGB and at the scale that signals need."""

import io
import struct
from functools import cache

import numpy as np
import pytest
from making import encoded, jpeg, oriented, png
from making import photo as made_photo
from PIL import Image, ImageCms
from PIL.Image import Transpose
from PIL.PngImagePlugin import PngInfo

from frametrace.embed.decoding.decode import MAX_SIDE, Picture, decode

photo = cache(made_photo)  # nothing here changes a picture in place

# How an upright picture has to be stored for each value of EXIF's Orientation: the inverse of what
# a viewer does (Exif 2.3, tag 0x0112).
STORED = {
    1: None,
    2: Transpose.FLIP_LEFT_RIGHT,
    3: Transpose.ROTATE_180,
    4: Transpose.FLIP_TOP_BOTTOM,
    5: Transpose.TRANSPOSE,
    6: Transpose.ROTATE_90,
    7: Transpose.TRANSVERSE,
    8: Transpose.ROTATE_270,
}


def difference(picture: Picture, image: Image.Image) -> float:
    """Mean difference of pixels, 0 to 255, after scaling `image` to the decoded picture's size."""
    expected = np.asarray(image.convert("RGB").resize(picture.image.size), np.int16)
    return float(np.abs(np.asarray(picture.image, np.int16) - expected).mean())


def with_app1(content: bytes) -> bytes:
    """A JPEG whose first segment is an APP1 of that content."""
    plain = jpeg(photo(1, 300, 200))
    return plain[:2] + b"\xff\xe1" + struct.pack(">H", len(content) + 2) + content + plain[2:]


@pytest.mark.parametrize(
    ("format", "options"),
    [
        ("JPEG", {}),
        ("JPEG", {"progressive": True, "subsampling": 2}),
        ("PNG", {}),
        ("WEBP", {"quality": 90}),
        ("GIF", {}),
        ("BMP", {}),
        ("TIFF", {}),
        ("AVIF", {}),
    ],
)
@pytest.mark.parametrize("size", [(400, 300), (1300, 1031)])
def test_every_format_comes_out_as_the_same_rgb_picture(
    format: str, options: dict[str, object], size: tuple[int, int]
) -> None:
    original = photo(2, *size)
    picture = decode(encoded(original, format, **options))
    assert (picture.width, picture.height) == size
    assert (picture.image.mode, picture.luma.mode) == ("RGB", "L")
    assert min(picture.image.size) >= min(512, *size)
    assert picture.image.size == picture.luma.size
    assert difference(picture, original) < 15


def sixteen_bit_rgb(image: Image.Image) -> bytes:
    """A PNG with 16 bits a channel, which Pillow can't write."""
    values = (np.asarray(image, np.uint16) * 257).astype(">u2")
    return png(image.size, (line.tobytes() for line in values), depth=16, colour=2)


def sixteen_bit_grey(image: Image.Image) -> Image.Image:
    return Image.fromarray(np.asarray(image.convert("L"), np.uint16) * 257)


MODES = {
    "cmyk": lambda image: (encoded(image.convert("CMYK"), "TIFF"), image),
    "adobe-cmyk": lambda image: (encoded(image.convert("CMYK"), "JPEG", quality=95), image),
    "grey": lambda image: (encoded(image.convert("L"), "PNG"), image.convert("L")),
    "16-bit-grey": lambda image: (encoded(sixteen_bit_grey(image), "PNG"), image.convert("L")),
    "16-bit-tiff": lambda image: (encoded(sixteen_bit_grey(image), "TIFF"), image.convert("L")),
    "16-bit-rgb": lambda image: (sixteen_bit_rgb(image), image),
    "palette": lambda image: (encoded(image.quantize(256), "PNG"), image.quantize(256)),
    "1-bit": lambda image: (encoded(image.convert("1"), "PNG"), image.convert("1")),
    "float": lambda image: (encoded(image.convert("F"), "TIFF"), image.convert("L")),
}


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("size", [(300, 200), (1200, 1030)])
def test_every_colour_mode_comes_out_as_the_same_rgb_picture(
    mode: str, size: tuple[int, int]
) -> None:
    data, expected = MODES[mode](photo(3, *size))
    picture = decode(data)
    assert picture.image.mode == "RGB"
    if mode == "1-bit" and size[0] > 1024:  # a dithered picture is grey once it is reduced
        expected = expected.convert("L").reduce(2)
    assert difference(picture, expected) < 3


def see_through(image: Image.Image, mode: str) -> Image.Image:
    """The picture with its left half opaque and its right half transparent."""
    alpha = Image.new("L", image.size, 255)
    alpha.paste(0, (image.width // 2, 0, *image.size))
    if mode == "P":
        indexed = image.quantize(255)
        indexed.putpalette([*indexed.getpalette()[: 3 * 255], 0, 0, 0])
        indexed.paste(255, mask=alpha.point(lambda value: 255 - value))
        indexed.info["transparency"] = 255
        return indexed
    image = image.convert(mode[:-1])
    image.putalpha(alpha)
    return image


@pytest.mark.parametrize(
    ("mode", "format"),
    [
        ("RGBA", "PNG"),
        ("LA", "PNG"),
        ("P", "PNG"),
        ("P", "GIF"),
        ("RGBA", "WEBP"),
        ("RGBA", "TIFF"),
    ],
)
@pytest.mark.parametrize("size", [(300, 200), (1200, 1030)])
def test_what_is_transparent_is_white(mode: str, format: str, size: tuple[int, int]) -> None:
    original = photo(4, *size)
    picture = decode(encoded(see_through(original, mode), format)).image
    half, edge = picture.width // 2, 4
    right = np.asarray(picture.crop((half + edge, 0, *picture.size)))
    assert right.min() >= 250
    left = picture.crop((0, 0, half - edge, picture.height))
    expected = original.convert("L") if mode == "LA" else original
    expected = expected.resize(picture.size).crop((0, 0, half - edge, picture.height))
    difference = np.asarray(left, np.int16) - np.asarray(expected.convert("RGB"), np.int16)
    assert np.abs(difference).mean() < 15


@pytest.mark.parametrize("format", ["TIFF", "MPO"])
def test_of_several_pages_the_first_is_taken(format: str) -> None:
    first, second = photo(5, 200, 160), photo(6, 200, 160)
    both = encoded(first, format, save_all=True, append_images=[second])
    with Image.open(io.BytesIO(both)) as opened:
        assert opened.n_frames == 2
    picture = decode(both)
    assert difference(picture, first) < 15
    assert difference(picture, second) > 20
    assert picture.notes == ()


@pytest.mark.parametrize("turn", STORED)
@pytest.mark.parametrize(
    ("format", "size"),
    [
        ("PNG", (300, 200)),
        ("JPEG", (300, 200)),
        ("WEBP", (200, 300)),
        ("TIFF", (300, 200)),
        ("JPEG", (1400, 1100)),  # draft
        ("JPEG", (1026, 1025)),  # both sides are 513 after draft
        ("WEBP", (1100, 1400)),  # reduce
        ("TIFF", (1101, 1400)),
        ("MPO", (1400, 1100)),
    ],
)
def test_all_eight_exif_orientations_give_the_same_upright_picture(
    turn: int, format: str, size: tuple[int, int]
) -> None:
    upright = photo(7, *size)
    stored = upright if STORED[turn] is None else upright.transpose(STORED[turn])
    more = {"save_all": True, "append_images": [stored]} if format == "MPO" else {}
    picture = decode(encoded(stored, format, exif=oriented(turn), **more))
    assert (picture.width, picture.height) == size
    assert (picture.image.width > picture.image.height) == (size[0] > size[1] + 1)
    assert difference(picture, upright) < 6


@pytest.mark.parametrize(
    "exif",
    [
        b"Exif\0\0",
        b"Exif\0\0garbage that is no TIFF header",
        b"Exif\0\0MM\0*\0\0\0\x08",
        b"Exif\0\0II*\0\x08\0\0\0\xff\xff" + b"\x12\x01" * 40,
        b"Exif\0\0II*\0\xff\xff\xff\xff",
        oriented(0).tobytes(),
        oriented(9).tobytes(),
        oriented(65_535).tobytes(),
        b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x02\0\x04\0\0\0six\0\0\0\0\0",
        b"Exif\0\0" + b"\xff" * 65_000,
    ],
    ids=["none", "no-header", "cut-off", "loop", "far", "0", "9", "65535", "a-word", "huge"],
)
def test_damaged_exif_data_rotate_nothing(exif: bytes) -> None:
    assert difference(decode(with_app1(exif)), photo(1, 300, 200)) < 4


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_large_metadata_do_not_prevent_decoding(format: str) -> None:
    exif = oriented(3)
    exif[0x010E] = "a description " * 3_000
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    stored = photo(1, 300, 200).transpose(Transpose.ROTATE_180)
    data = encoded(stored, format, exif=exif, icc_profile=profile + bytes(500_000))
    assert len(data) > 30_000
    assert difference(decode(data), photo(1, 300, 200)) < 15


def test_a_png_with_long_plain_text_is_a_picture() -> None:
    info = PngInfo()
    info.add_text("parameters", "a prompt, " * 90_000, zip=True)
    data = encoded(photo(1, 300, 200), "PNG", pnginfo=info)
    assert difference(decode(data), photo(1, 300, 200)) == 0


@pytest.mark.parametrize("size", [(1, 1), (1, 20_000), (20_000, 1), (2, MAX_SIDE), (600, 20_000)])
def test_tiny_and_elongated_pictures_are_pictures(size: tuple[int, int]) -> None:
    picture = decode(png(size))
    assert (picture.width, picture.height) == picture.image.size == size
    assert picture.image.getextrema() == ((0, 0),) * 3
