"""Features without pixels against a picture: edited copies are found, one layout is not enough."""

from functools import cache
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from making import FEATURE, cropped, photo, screenshot, stamped
from picturing import barred, card, detailed, framed, post_of, shown, watermarked
from PIL import Image, ImageDraw, ImageEnhance, ImageFont, ImageOps

from frametrace.embed.signals.local import Features, is_feature_code
from frametrace.matcher.pictures.verify_without_pixels import verify_features
from frametrace.matcher.result_schemas import Relation
from frametrace.matcher.tips.tip_model import MAX_FEATURES


def on_canvas(image):
    """A picture on a sheet of four times its area."""
    sheet = Image.new("RGB", (image.width * 2, image.height * 2), "white")
    sheet.paste(image, (image.width // 3, image.height // 2))
    return sheet


def quarter(image):
    return image.crop((0, 0, image.width // 2, image.height // 2))


def app(image, seed=0):
    """A picture in an app, between bars, icons and names."""
    page = Image.new("RGB", (540, 900), "white")
    draw, font = ImageDraw.Draw(page), ImageFont.load_default(24)
    draw.rectangle((0, 0, 540, 80), "#1877f2")
    draw.text((20, 24), "Chirp   Home   Search   Alerts", "white", font)
    draw.ellipse((20, 100, 84, 164), "#e4405f")
    draw.text((100, 116), f"Harbour Watch {seed}", "black", font)
    for at, name in enumerate(("reply", "repeat", "like", "share")):
        draw.rounded_rectangle((16 + 130 * at, 640, 44 + 130 * at, 668), 8, "#303030")
        draw.text((52 + 130 * at, 640), name, "black", font)
    draw.text((20, 740), "Write a comment in public", "gray", font)
    page.paste(image.resize((540, 405)), (0, 190))
    return page


# What was done to a picture; the relation to the result, seen from either, and whether mirrored.
EDITS = {
    "nothing": (lambda image: image, Relation.COPY, False),
    "mirrored": (ImageOps.mirror, Relation.COPY, True),
    "turned": (lambda image: image.transpose(Image.Transpose.ROTATE_90), Relation.COPY, False),
    "grey and faded": (
        lambda image: ImageEnhance.Contrast(image.convert("L").convert("RGB")).enhance(0.6),
        *(Relation.COPY, False),
    ),
    "smaller": (lambda image: image.resize((320, 240)), Relation.COPY, False),
    "a little cropped": (lambda image: cropped(image, 0.75), Relation.COPY, False),
    "cropped": (lambda image: cropped(image, 0.4), Relation.CONTAINS, False),
    "a quarter": (quarter, Relation.CONTAINS, False),
    "on a canvas": (on_canvas, Relation.CONTAINS, False),
    "in an app": (app, Relation.CONTAINS, False),
    "cropped and mirrored": (
        lambda image: ImageOps.mirror(cropped(image, 0.4)),
        *(Relation.CONTAINS, True),
    ),
}
LAYOUTS = {
    "app": app,
    "post": post_of,
    "screenshot": screenshot,
    "frame": framed,
    "caption bar": barred,
    "logo": stamped,
    "watermark": watermarked,
    "poster": card,
}
COUNT = 4  # photos in each layout


@cache
def seen(seed):
    return shown(detailed(seed))


@pytest.mark.parametrize("seed", [1, pytest.param(2, marks=pytest.mark.slow)])
@pytest.mark.parametrize("name", EDITS)
def test_an_edited_copy_is_found_by_features_alone(name, seed):
    edit, relation, mirrored = EDITS[name]
    original, copy = seen(seed), shown(edit(detailed(seed)), 50)
    for mirror in (None, mirrored):
        found = verify_features(original.features, copy, mirror)
        assert found is not None
        assert (found.relation, found.mirrored) == (relation, mirrored)
    back = verify_features(copy.features, original)
    assert back is not None
    assert (back.relation, back.mirrored) == (relation, mirrored)
    if relation == Relation.CONTAINS:  # the picture that holds the other shows more than it does
        inside = name in ("on a canvas", "in an app")
        assert (found.part_a > found.part_b) == inside
        assert (back.part_b > back.part_a) == inside


def test_parts_and_placing_are_those_of_the_edit():
    found = verify_features(seen(1).features, shown(quarter(detailed(1))))
    assert found is not None
    assert found.part_a == pytest.approx(0.25, abs=0.05)
    assert found.part_b > 0.85
    assert found.scale == pytest.approx(320 / 200, rel=0.05)
    turned = verify_features(
        seen(1).features, shown(detailed(1).transpose(Image.Transpose.ROTATE_180))
    )
    assert turned is not None
    assert abs(turned.rotation) == pytest.approx(180, abs=1)


def test_what_takes_the_pixels_of_both_is_not_claimed():
    found = verify_features(seen(1).features, seen(1))
    assert found is not None
    assert found.altered == ()
    assert found.inliers > 50


def test_the_features_that_a_tip_carries_are_enough():
    for name, (edit, relation, mirrored) in EDITS.items():
        sent = Features.of(seen(3).features.first(MAX_FEATURES))
        found = verify_features(sent, shown(edit(detailed(3)), 60), mirrored)
        assert found is not None, name
        assert found.relation == relation, name


def test_the_other_orientation_alone_finds_nothing():
    assert verify_features(seen(1).features, seen(1), True) is None
    assert verify_features(seen(1).features, shown(ImageOps.mirror(detailed(1))), False) is None


def test_other_photos_are_not_found():
    for a, b in combinations(range(1, 9), 2):
        assert verify_features(seen(a).features, seen(b)) is None, (a, b)
        plain = verify_features(shown(photo(a)).features, shown(photo(b)))
        assert plain is None, (a, b)


@pytest.mark.parametrize("name", LAYOUTS)
def test_other_photos_in_one_layout_are_not_found(name):
    layout = LAYOUTS[name]
    pictures = [shown(layout(make(seed))) for make in (photo, detailed) for seed in range(COUNT)]
    for a, b in combinations(range(len(pictures)), 2):
        if a % COUNT != b % COUNT:  # photo and detailed of one seed are one photo
            assert verify_features(pictures[a].features, pictures[b]) is None, (a, b)


@pytest.mark.parametrize("name", ["app", "post", "frame", "caption bar", "watermark"])
def test_a_photo_is_found_in_each_of_them(name):
    for seed in range(COUNT):
        found = verify_features(seen(seed).features, shown(LAYOUTS[name](detailed(seed))))
        assert found is not None, seed


# The bytes of any valid features; those of a real picture among them, so that something aligns.
@st.composite
def garbage(draw):
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    count = draw(st.integers(0, MAX_FEATURES))
    width, height = (draw(st.integers(1, 400)) for _ in range(2))
    rows = np.frombuffer(rng.bytes(count * FEATURE.itemsize), FEATURE).copy()
    if draw(st.booleans()):
        real = np.frombuffer(seen(1).features.first(count)[4:], FEATURE)
        rows[: len(real)] = real
        for field in draw(st.sets(st.sampled_from(["x", "y", "scale", "angle", "bits"]))):
            part = rng.random(len(rows)) < draw(st.sampled_from([0.1, 0.5, 1.0]))
            values = rng.integers(0, 256, rows[field].shape)
            rows[field][part] = values[part]
    rows["x"], rows["y"] = rows["x"] % (64 * width + 1), rows["y"] % (64 * height + 1)
    return np.array([width, height], "<u2").tobytes() + rows.tobytes()


@given(garbage(), st.sampled_from([None, True, False]))
def test_whatever_features_say_nothing_breaks(code, mirrored):
    assert is_feature_code(code, MAX_FEATURES)
    for picture in (seen(1), shown(Image.new("RGB", (300, 200), "red")), shown(photo(1, 20, 16))):
        found = verify_features(Features.of(code), picture, mirrored)
        assert found is None or found.relation in (Relation.COPY, Relation.CONTAINS)


@pytest.mark.parametrize("scale", [0, 160, 200, 255])
def test_sizes_that_no_feature_has_break_nothing(scale):
    rows = np.frombuffer(seen(1).features.first(MAX_FEATURES)[4:], FEATURE).copy()
    rows["scale"][::9] = scale  # the others still align
    code = seen(1).features.first(0) + rows.tobytes()
    assert is_feature_code(code, MAX_FEATURES)
    found = verify_features(Features.of(code), seen(1))
    assert found is None or found.relation == Relation.COPY


def test_all_features_in_one_place_are_no_copy():
    rows = np.frombuffer(seen(1).features.first(MAX_FEATURES)[4:], FEATURE).copy()
    rows["x"], rows["y"] = 64 * 100, 64 * 100
    code = seen(1).features.first(0) + rows.tobytes()
    assert verify_features(Features.of(code), seen(1)) is None
