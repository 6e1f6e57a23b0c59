"""Luminance decoded by itself from JPEG: the same picture, and nearly the same hashes."""

import io
from pathlib import Path

import numpy as np
import pytest
from making import encoded, oriented, photo
from PIL import Image

from frametrace.embed.decoding.decode import decode
from frametrace.embed.signals.pdq import compute_pdq

SIZES = [(500, 400), (1300, 1031)]  # as stored, and reduced
FILES = {
    "baseline": {},
    "progressive": {"progressive": True},
    "colours at full resolution": {"subsampling": 0},
    "colours at half resolution": {"subsampling": 2},
    "stored as RGB": {"keep_rgb": True},
    "rotated": {"exif": oriented(6)},
    "mirrored": {"exif": oriented(5)},
}


def bits_apart(a: Image.Image, b: Image.Image) -> int:
    """PDQ's distance."""
    codes = [int.from_bytes(compute_pdq(np.asarray(luma))[0], "big") for luma in (a, b)]
    return (codes[0] ^ codes[1]).bit_count()


def levels_apart(a: Image.Image, b: Image.Image) -> float:
    """Mean difference of pixels, 0 to 255."""
    return float(np.abs(np.asarray(a, np.int16) - np.asarray(b, np.int16)).mean())


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("options", FILES.values(), ids=FILES)
def test_luminance_is_that_of_the_colours(
    options: dict[str, object], size: tuple[int, int]
) -> None:
    data = encoded(photo(3, *size), "JPEG", **options)
    picture, whole = decode(data), decode(data, luma_first=False)
    assert picture.pixels.mode == "L"
    assert whole.pixels.mode == "RGB"
    assert (picture.width, picture.height) == (whole.width, whole.height)
    assert levels_apart(picture.luma, whole.luma) < 1
    assert bits_apart(picture.luma, whole.luma) <= 4


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("options", FILES.values(), ids=FILES)
def test_the_colours_are_those_of_a_picture_decoded_whole(
    options: dict[str, object], size: tuple[int, int]
) -> None:
    data = encoded(photo(3, *size), "JPEG", **options)
    image = decode(data).image
    assert image.mode == "RGB"
    assert image.tobytes() == decode(data, luma_first=False).image.tobytes()


@pytest.mark.parametrize("progressive", [False, True])
def test_so_it_is_with_a_file_that_was_cut_off(progressive: bool) -> None:
    data = encoded(photo(3, 1300, 1031), "JPEG", quality=90, progressive=progressive)
    data = data[: len(data) * 3 // 4]
    picture, whole = decode(data), decode(data, luma_first=False)
    assert picture.pixels.mode == "L"
    assert picture.notes == whole.notes != ()
    assert picture.image.tobytes() == whole.image.tobytes()
    assert levels_apart(picture.luma, whole.luma) < 1


@pytest.mark.parametrize(
    ("mode", "format"), [("L", "JPEG"), ("CMYK", "JPEG"), ("RGB", "PNG"), ("L", "PNG")]
)
def test_what_has_no_luminance_of_its_own_is_decoded_once(mode: str, format: str) -> None:
    data = encoded(photo(3, 600, 520).convert(mode), format)
    picture = decode(data)
    assert picture.pixels.mode == "RGB"
    assert picture.image is picture.pixels


def test_colours_are_decoded_once() -> None:
    picture = decode(encoded(photo(3, 500, 400), "JPEG"))
    assert picture.image is picture.image


def test_hashes_of_photographs_differ_in_two_bits_at_most(shared: Path) -> None:
    files = sorted((shared / "photos").rglob("*.jpg"))[::10]
    files += sorted((shared / "real_edits").rglob("*.jpg"))
    pictures = [decode(file.read_bytes()) for file in files]
    apart = [bits_apart(one.luma, one.image.convert("L")) for one in pictures]
    assert len(apart) > 100
    assert np.median(apart) == 0
    assert max(apart) <= 2


def test_noise_in_full_colour_stays_near() -> None:
    """Colours that RGB can't hold are cut off; their luminance is not."""
    noise = np.random.default_rng(1).integers(0, 2, (520, 520, 3), np.uint8) * 255
    sink = io.BytesIO()
    Image.fromarray(noise).save(sink, "JPEG", quality=90)
    picture = decode(sink.getvalue())
    assert bits_apart(picture.luma, picture.image.convert("L")) <= 10
