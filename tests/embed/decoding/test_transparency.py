"""Transparency is flattened over white, or over black if the picture is invisible on white."""

import hashlib

import numpy as np
import pytest
from making import encoded, photo
from PIL import Image, ImageDraw, ImageFilter

from frametrace.embed.decoding.decode import decode
from frametrace.embed.decoding.transparency import reduced
from frametrace.embed.signals.pdq import MIN_QUALITY, compute_pdq


def shape(seed: int, size: tuple[int, int] = (600, 400)) -> Image.Image:
    """A mask of ellipses, 255 inside."""
    rng = np.random.default_rng(seed)
    mask = Image.new("L", size)
    draw = ImageDraw.Draw(mask)
    for _ in range(25):
        x, y = rng.integers(0, size[0]), rng.integers(0, size[1])
        wide, high = rng.integers(20, 160), rng.integers(20, 100)
        draw.ellipse((x, y, x + wide, y + high), fill=255)
    return mask


def sticker(fill: Image.Image | str | tuple[int, int, int], seed: int) -> Image.Image:
    mask = shape(seed)
    image = fill if isinstance(fill, Image.Image) else Image.new("RGB", mask.size, fill)
    image = image.convert("RGBA")
    image.putalpha(mask)
    return image


def hashed(data: bytes) -> tuple[np.ndarray, int]:
    code, quality = compute_pdq(np.asarray(decode(data).luma))
    return np.unpackbits(np.frombuffer(code, np.uint8)), quality


def corner(data: bytes) -> int:
    """The luminance of the corner, which is transparent in these stickers."""
    return int(np.asarray(decode(data).luma)[0, -1])


WAYS = [("PNG", {}), ("WEBP", {"lossless": True}), ("WEBP", {"quality": 80}), ("TIFF", {})]


@pytest.mark.parametrize("fill", ["white", (250, 250, 245), (0, 0, 0)])
def test_a_sticker_is_a_copy_of_itself_in_every_format(fill: str | tuple[int, int, int]) -> None:
    found = [hashed(encoded(sticker(fill, 1), format, **more)) for format, more in WAYS]
    assert all(quality >= MIN_QUALITY for _, quality in found)
    assert max((code != found[0][0]).sum() for code, _ in found) <= 8


def test_white_stickers_differ_from_each_other() -> None:
    codes = [hashed(encoded(sticker("white", seed), "PNG"))[0] for seed in range(5)]
    assert min((a != b).sum() for at, a in enumerate(codes) for b in codes[:at]) > 60


def test_a_white_sticker_is_a_copy_of_itself_on_black() -> None:
    image = sticker("white", 1)
    flat = Image.alpha_composite(Image.new("RGBA", image.size, "black"), image).convert("RGB")
    ours, theirs = hashed(encoded(image, "PNG"))[0], hashed(encoded(flat, "JPEG"))[0]
    assert (ours != theirs).sum() <= 10


PALE = photo(3, 600, 400).point(lambda value: 150 + value * 105 // 255)


@pytest.mark.parametrize(
    "fill",
    [photo(2, 600, 400), PALE, "grey", "red", "black", (255, 230, 60), (200, 200, 200)],
    ids=["photo", "pale", "grey", "red", "black", "yellow", "light-grey"],
)
def test_what_shows_on_white_stays_on_white(fill: Image.Image | str) -> None:
    data = encoded(sticker(fill, 2), "PNG")
    assert corner(data) == 255
    assert hashed(data)[1] >= MIN_QUALITY


def test_white_with_a_dark_outline_stays_on_white() -> None:
    image = sticker("white", 2)
    inside = image.getchannel("A").filter(ImageFilter.MinFilter(9))
    outlined = Image.composite(Image.new("L", image.size, 255), Image.new("L", image.size), inside)
    assert corner(encoded(sticker(outlined.convert("RGB"), 2), "PNG")) == 255


def test_rounded_corners_stay_white() -> None:
    image = photo(4, 600, 400).point(lambda value: 240 + value * 15 // 255).convert("RGBA")
    mask = Image.new("L", image.size)
    ImageDraw.Draw(mask).rounded_rectangle((0, 0, 599, 399), 40, fill=255)
    image.putalpha(mask)
    assert corner(encoded(image, "PNG")) == 255


@pytest.mark.parametrize("alpha", [0, 1])
def test_what_is_wholly_transparent_is_white(alpha: int) -> None:
    image = photo(4, 64, 48).convert("RGBA")
    image.putalpha(alpha)
    assert np.asarray(decode(encoded(image, "PNG")).luma).min() >= 250


@pytest.mark.parametrize("size", [(1, 1), (1030, 2), (1100, 1031), (130, 260)])
@pytest.mark.parametrize("factor", [2, 4, 8])
def test_the_colour_of_transparent_pixels_is_ignored(size: tuple[int, int], factor: int) -> None:
    mask = shape(1, size).point(lambda value: value * 200 // 255)
    ours = photo(1, *size).convert("RGBA")
    theirs = Image.composite(
        ours, Image.new("RGBA", size, "red"), mask.point(lambda value: 255 * (value > 0))
    )
    for image in (ours, theirs):
        image.putalpha(mask)
    small, other = (np.asarray(reduced(image, factor)) for image in (ours, theirs))
    assert small.shape == (-(-size[1] // factor), -(-size[0] // factor), 4)
    assert np.array_equal(small, other)
    whole = np.asarray(ours.convert("RGBa").reduce(factor).convert("RGBA"))
    assert np.array_equal(small, whole)


def test_opaque_pictures_are_what_they_were() -> None:
    opaque, digests = photo(5, 1200, 1030).convert("RGBA"), []
    for image in (opaque, opaque.convert("LA"), opaque.convert("RGB")):
        picture = decode(encoded(image, "PNG")).image
        digests.append(hashlib.sha256(picture.tobytes()).hexdigest()[:8])
    plain = opaque.convert("RGB"), opaque.convert("L").convert("RGB"), opaque.convert("RGB")
    expected = [hashlib.sha256(image.reduce(2).tobytes()).hexdigest()[:8] for image in plain]
    assert digests == expected
