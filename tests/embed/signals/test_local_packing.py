"""Local features as bytes: packed without loss, described again, refused if invalid."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from making import FEATURE, encoded, jpeg, made_features, photo
from picturing import detailed, post_of, statement
from PIL import Image

from frametrace.embed.decoding.decode import decode
from frametrace.embed.signals.local import FEATURES, Features, Local, is_feature_code, words_at

HEAD = np.array([400, 300], "<u2").tobytes()
ROW = FEATURE.itemsize
PICTURES = {
    "photo": lambda: photo(1),
    "fine detail": lambda: detailed(2),
    "screenshot": lambda: post_of(photo(3)),
    "text": lambda: statement(4),
    "small": lambda: photo(5, 40, 30),
    "upright": lambda: photo(6, 300, 900),
    "flat": lambda: Image.new("RGB", (300, 200), "red"),
}


def code_of(data):
    table = Local().finish([Local().preparer()(decode(data))])
    return bytes(table["code"][0].as_py())


def value(rows, size=(400, 300)):
    """Bytes as they would come from outside."""
    return np.array(size, "<u2").tobytes() + rows.tobytes()


@pytest.mark.parametrize("name", PICTURES)
def test_features_of_a_picture_are_packed_back_to_the_byte(name):
    code = code_of(jpeg(PICTURES[name](), 80))
    features = Features.of(code)
    assert is_feature_code(code)
    assert features.where(np.ones(len(features), bool)) == code
    assert features.first(len(features)) == features.first(10_000) == code
    for count in (0, 1, len(features) // 2):
        assert features.first(count) == code[: 4 + ROW * min(count, len(features))]
    every_third = np.arange(len(features)) % 3 == 0
    kept = [code[4 + ROW * at : 4 + ROW * (at + 1)] for at in np.flatnonzero(every_third)]
    assert features.where(every_third) == code[:4] + b"".join(kept)


@given(st.binary(min_size=0, max_size=30 * ROW).map(lambda rows: rows[: len(rows) // ROW * ROW]))
def test_any_features_are_packed_back_to_the_byte(rows):
    code = HEAD + rows
    features = Features.of(code)
    assert features.where(np.ones(len(features), bool)) == code


def test_the_mirror_can_be_packed():
    code = code_of(jpeg(photo(7)))
    mirrored = Features.of(code).mirrored()
    packed = mirrored.first(FEATURES)
    assert is_feature_code(packed)
    again = Features.of(packed)
    assert (again.words == mirrored.words).all()
    np.testing.assert_allclose(again.positions, mirrored.positions, atol=1 / 64)
    np.testing.assert_allclose(again.angle, mirrored.angle, atol=1)


@pytest.mark.parametrize("size", [(400, 300), (300, 400), (400, 1), (1, 1)])
def test_a_value_is_one_of_any_size_up_to_400(size):
    rows = made_features(1)
    rows["x"], rows["y"] = rows["x"] % (64 * size[0] + 1), rows["y"] % (64 * size[1] + 1)
    assert is_feature_code(value(rows, size))
    assert is_feature_code(value(rows[:0], size))


@pytest.mark.parametrize("size", [(0, 300), (400, 0), (0, 0), (401, 300), (300, 401), (65535, 1)])
def test_sizes_that_no_picture_is_shrunk_to_are_refused(size):
    assert not is_feature_code(value(made_features(1)[:0], size))


def test_so_many_features_and_no_more_are_taken():
    assert is_feature_code(value(made_features(1, FEATURES)))
    assert not is_feature_code(value(made_features(1, FEATURES + 1)))
    assert is_feature_code(value(made_features(1, 12)), 12)
    assert not is_feature_code(value(made_features(1, 13)), 12)


@pytest.mark.parametrize("length", [0, 1, 3, 5, 4 + ROW - 1, 4 + ROW + 1, ROW, 4 + 2 * ROW + 4])
def test_other_lengths_are_refused(length):
    assert not is_feature_code(value(made_features(1))[:length])


@pytest.mark.parametrize("place", [(64 * 400 + 1, 0), (0, 64 * 300 + 1), (65535, 65535)])
def test_positions_outside_the_picture_are_refused(place):
    rows = made_features(1)
    rows["x"][-1], rows["y"][-1] = place
    assert not is_feature_code(value(rows))
    rows["x"][-1], rows["y"][-1] = 64 * 400, 64 * 300
    assert is_feature_code(value(rows))


@given(st.one_of(st.binary(max_size=200), st.binary(max_size=8 * ROW).map(lambda b: HEAD + b)))
def test_any_bytes_are_judged(code):
    rest = (len(code) - 4) % ROW
    judged = is_feature_code(code)
    assert judged in (True, False)
    if judged:
        assert rest == 0
        assert len(Features.of(code)) <= FEATURES


@pytest.mark.parametrize("name", ["photo", "fine detail", "screenshot", "text", "upright"])
def test_features_described_again_at_their_positions_are_the_same(name):
    data = encoded(PICTURES[name](), "PNG")
    features = Features.of(code_of(data))
    picture = np.asarray(decode(data).luma)
    luma = np.asarray(
        Image.fromarray(picture).resize((features.width, features.height), Image.Resampling.BOX)
    )
    rows, words = words_at(luma, features.positions, features.scale, features.angle)
    bits = np.bitwise_count(words ^ features.words[rows]).sum(axis=1)
    assert len(rows) > 0.9 * len(features)
    assert (bits <= 20).mean() >= 0.95


@pytest.mark.parametrize("scale", [0.01, 1.0, 30.0, 400.0, 1_000.0, 62_757.0])
@pytest.mark.parametrize("size", [(320, 240), (20, 16), (300, 1), (1, 1)])
def test_features_of_any_size_are_described_or_left_out(scale, size):
    luma = np.asarray(photo(1, *size).convert("L"))
    place = np.array([[size[0] / 2, size[1] / 2], [0, 0], [size[0] - 1, size[1] - 1]])
    rows, words = words_at(luma, place, np.full(3, scale), np.array([0.0, 90.0, 358.6]))
    assert len(rows) == len(words) <= 3
    assert set(rows.tolist()) <= {0, 1, 2}


def test_without_positions_nothing_is_described():
    luma = np.asarray(photo(1).convert("L"))
    rows, words = words_at(luma, np.empty((0, 2)), np.empty(0), np.empty(0))
    assert rows.shape == (0,)
    assert words.shape == (0, 2)
