"""Local features: which are kept, and what mirroring and rotation do to them."""

from io import BytesIO

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from making import encoded, jpeg, photo, png
from PIL import Image, ImageOps

from frametrace.embed.decoding.decode import decode
from frametrace.embed.signals.local import BITS, FEATURES, Features, Local, bits_between


def code_of(data: bytes) -> bytes:
    table = Local().finish([Local().preparer()(decode(data))])
    return bytes(table["code"][0].as_py())


def features(image: Image.Image) -> Features:
    sink = BytesIO()
    image.save(sink, "PNG")
    return Features.of(code_of(sink.getvalue()))


def noise(width: int, height: int) -> Image.Image:
    return Image.frombytes("L", (width, height), np.random.default_rng(1).bytes(width * height))


def test_a_picture_takes_less_than_8_kb():
    code = code_of(encoded(noise(400, 300), "PNG"))
    assert len(Features.of(code)) == FEATURES
    assert len(code) <= 8000


def test_text_leaves_room_for_features_of_the_photo():
    sheet = Image.new("RGB", (400, 400), "white")
    sheet.paste(photo(1, 400, 200), (0, 0))
    sheet.paste(noise(400, 200), (0, 200))
    above = features(sheet).positions[:, 1] < 200
    alone = len(features(photo(1, 400, 200)))
    assert above.sum() > min(alone, FEATURES / 2) / 2
    assert above[:60].sum() > 10  # and the best of them come early


@pytest.mark.parametrize(
    "data",
    [jpeg(Image.new("RGB", (300, 300), "red")), png((1, 1)), png((20_000, 3)), png((15, 15))],
    ids=["flat", "one pixel", "a line", "tiny"],
)
def test_a_flat_picture_has_no_features(data):
    found = Features.of(code_of(data))
    assert len(found) == 0
    assert len(found.mirrored()) == 0


@pytest.mark.parametrize("damage", [b"", b"\0", b"\1\0\1\0half a feature"])
def test_bytes_that_are_not_a_value_are_refused(damage):
    with pytest.raises(ValueError, match=r"buffer|unpack"):
        Features.of(damage)


def test_positions_are_within_the_shrunken_picture():
    found = features(photo(2, 900, 600))
    assert (found.width, found.height) == (400, 267)
    assert (found.positions >= 0).all()
    assert (found.positions < [400, 267]).all()
    assert np.ptp(found.positions[:, 0]) > 200


@given(st.integers(0, 2**32), st.integers(1, 20), st.integers(1, 20))
def test_bits_between_are_those_of_the_unpacked_bits(seed, m, n):
    rng = np.random.default_rng(seed)
    a, b = (rng.integers(0, 2, (size, BITS), np.uint8) for size in (m, n))
    words = [np.packbits(bits, axis=1).view(np.uint64) for bits in (a, b)]
    assert (bits_between(*words) == (a[:, None] != b[None]).sum(axis=2)).all()


def test_the_mirrored_features_are_those_of_the_mirror_image():
    image = photo(3, 400, 300)
    ours, theirs = features(image).mirrored(), features(ImageOps.mirror(image))
    near = np.abs(ours.positions[:, None] - theirs.positions).max(axis=2) < 1.5
    turn = np.abs((ours.angle[:, None] - theirs.angle + 180) % 360 - 180) < 10
    bits = bits_between(ours.words, theirs.words)
    same = near & turn & (bits <= 16)
    assert same.any(axis=1).mean() > 0.75
    # Without the mirror nothing but chance lies in the same place with the same bits.
    plain = bits_between(features(image).words, theirs.words)
    assert (near & (plain <= 16)).any(axis=1).mean() < 0.1


def test_the_mirror_of_the_mirror_is_the_picture():
    found = features(photo(4))
    again = found.mirrored().mirrored()
    assert (again.words == found.words).all()
    np.testing.assert_allclose(again.positions, found.positions, atol=1e-3)
    np.testing.assert_allclose(again.angle, found.angle, atol=1e-3)


def test_copies_are_more_alike_than_other_pictures():
    codes = [code_of(jpeg(photo(seed), quality)) for seed in (1, 2) for quality in (90, 30)]
    alike = Local.compare(codes, codes)
    assert min(alike[0, 1], alike[2, 3]) > 0.5
    assert max(alike[0, 2], alike[0, 3], alike[1, 2], alike[1, 3]) < 0.1
