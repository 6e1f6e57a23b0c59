"""Thumbnails: small grey pictures of any proportions, computed with the features they serve."""

import numpy as np
import pytest
from making import jpeg, make_case, photo, png
from PIL import Image, ImageOps

from frametrace.embed.decoding.decode import decode
from frametrace.embed.signals import SIGNALS
from frametrace.embed.signals.local import Local
from frametrace.embed.signals.thumbnail import AREA, Thumbnail, is_thumbnail, pixels


def thumbnail(data: bytes) -> bytes:
    code: bytes = Thumbnail().finish([Thumbnail().preparer()(decode(data))])["code"][0].as_py()
    return code


@pytest.mark.parametrize("size", [(640, 480), (480, 640), (1000, 100), (192, 144), (1080, 1920)])
def test_it_has_the_proportions_of_the_picture_and_no_more_pixels_than_stated(size):
    shown = pixels(thumbnail(jpeg(photo(1, *size))))
    height, width = shown.shape
    assert shown.dtype == np.uint8
    assert width * height <= 1.02 * AREA
    assert width * height >= 0.97 * min(AREA, size[0] * size[1])
    assert width / height == pytest.approx(size[0] / size[1], rel=0.02)


def test_a_picture_that_is_small_already_keeps_its_size():
    assert pixels(thumbnail(jpeg(photo(1, 50, 40)))).shape == (40, 50)


@pytest.mark.parametrize("size", [(1, 20_000), (20_000, 1), (600, 20_000)])
def test_a_strip_is_squeezed_to_a_side_that_stays_a_thumbnail(size):
    code = thumbnail(png(size))
    assert max(pixels(code).shape) <= 1000
    assert is_thumbnail(code)


def test_it_is_grey_and_shows_what_the_picture_shows():
    picture = decode(jpeg(photo(1), 95))
    small = Image.fromarray(pixels(thumbnail(jpeg(photo(1), 95))))
    luma = Image.fromarray(np.asarray(picture.luma)).resize(small.size, Image.Resampling.BOX)
    assert np.abs(np.asarray(luma, float) - np.asarray(small, float)).mean() < 3


def test_what_is_alike_is_more_similar_than_what_is_not():
    codes = [
        thumbnail(jpeg(image, quality))
        for image, quality in (
            (photo(1), 90),
            (photo(1).resize((320, 240)), 40),
            (ImageOps.mirror(photo(1)), 90),
            (photo(2), 90),
        )
    ]
    similar = Thumbnail.compare(np.array(codes, object), np.array(codes, object))
    assert similar[0, 1] > 0.98
    assert similar[0, 2:].max() < 0.6


def test_a_picture_of_a_single_shade_is_like_nothing():
    flat = thumbnail(jpeg(Image.new("RGB", (200, 200), "grey")))
    assert not Thumbnail.compare(np.array([flat], object), np.array([flat], object)).any()


@pytest.mark.parametrize(
    "code",
    [b"", b"RIFF", jpeg(photo(1, 60, 40)), b"RIFF\x10\0\0\0WEBPVP8 nothing", bytes(100)],
    ids=["empty", "head", "jpeg", "broken", "zeros"],
)
def test_what_is_not_a_thumbnail_is_recognised(code):
    assert not is_thumbnail(code)


def test_a_file_that_is_too_large_is_not_a_thumbnail():
    import cv2

    _, code = cv2.imencode(".webp", np.zeros((400, 400), np.uint8))
    assert not is_thumbnail(bytes(code))
    assert is_thumbnail(thumbnail(jpeg(photo(1))))


def test_bytes_that_are_not_a_picture_raise_value_error():
    for code in (b"", b"abc"):
        with pytest.raises(ValueError, match="not a thumbnail"):
            pixels(code)


def test_it_is_computed_with_the_features_that_are_verified_on_it(tmp_path):
    pictures = {"1.jpg": jpeg(photo(1)), "broken.jpg": b"?"}
    posts = [{"media": [name]} for name in pictures]
    case = make_case(tmp_path, posts, pictures, signals=("local",))
    assert set(case.epoch.signals) == {"local", "thumbnail"}
    held = [case.read(f"signals/{name}")["sha256"].to_pylist() for name in ("local", "thumbnail")]
    assert held[0] == held[1]
    assert len(held[0]) == 1
    assert Local.companions == ("thumbnail",)
    assert all(set(signal.companions) <= set(SIGNALS) for signal in SIGNALS.values())
