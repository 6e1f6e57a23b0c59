"""Verification by local features: on edits made here, and on real ones among real photographs."""

import json
from io import BytesIO
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from making import cropped, jpeg, photo, screenshot, stamped
from PIL import Image, ImageEnhance, ImageOps

from frametrace.embed.decode import decode
from frametrace.embed.signals.local import Features, Local
from frametrace.matcher.results import Relation
from frametrace.matcher.verifying import MIN_INLIERS, Evidence, outline, verify

PHOTO = photo(1)


def features(data: bytes) -> Features:
    return Features.of(Local().finish([Local().preparer()(decode(data))])["code"][0].as_py())


def of(image: Image.Image) -> Features:
    return features(jpeg(image, 80))


def panels(*images: Image.Image) -> Image.Image:
    """Two or four pictures in one."""
    rows = len(images) // 2
    sheet = Image.new("RGB", (640, 240 * rows), "white")
    for at, image in enumerate(images):
        sheet.paste(image.resize((320, 240)), (at % 2 * 320, at // 2 * 240))
    return sheet


EDITS = {
    "recompressed": (lambda: PHOTO, False, 0),
    "faded": (lambda: ImageEnhance.Contrast(PHOTO).enhance(0.4), False, 0),
    "mirrored": (lambda: ImageOps.mirror(PHOTO), True, 0),
    "turned": (lambda: PHOTO.transpose(Image.Transpose.ROTATE_90), False, -90),
    "slightly turned": (lambda: PHOTO.rotate(-8, expand=True), False, 8),
    "upside down and mirrored": (lambda: ImageOps.flip(PHOTO), True, 180),
    "letterboxed": (lambda: ImageOps.expand(PHOTO, (0, 60)), False, 0),
    "cropped": (lambda: cropped(PHOTO, 0.7), False, 0),
    "grey": (lambda: PHOTO.convert("L").convert("RGB"), False, 0),
}


@pytest.mark.parametrize("edit", EDITS)
def test_an_edited_copy_is_a_copy_with_what_was_done_to_it(edit):
    made, mirrored, rotation = EDITS[edit]
    found = verify(of(PHOTO), of(made()))
    assert found is not None
    assert (found.relation, found.mirrored) == (Relation.COPY, mirrored)
    assert abs((found.rotation - rotation + 180) % 360 - 180) < 2
    assert found.inliers >= MIN_INLIERS


@pytest.mark.parametrize("part", [0.25, 0.4, 0.7])
def test_the_part_that_a_crop_shows_is_its_part_of_the_area(part):
    found = verify(of(PHOTO), of(cropped(PHOTO, part)))
    assert found is not None
    assert found.part_a == pytest.approx(part, abs=0.07)
    assert found.part_b > 0.75
    # Of 640 pixels the photo is shrunk to 400; so is the crop, unless it has no more.
    assert found.scale == pytest.approx(min(part**-0.5, 640 / 400), rel=0.05)


def test_evidence_is_the_same_from_the_other_side():
    one, other = of(PHOTO), of(ImageOps.mirror(cropped(PHOTO, 0.6)))
    there, back = verify(one, other), verify(other, one)
    assert there is not None
    assert back is not None
    assert back.mirrored
    assert there.mirrored
    assert back.scale == pytest.approx(1 / there.scale, rel=0.03)
    assert back.part_a == pytest.approx(there.part_b, abs=0.06)
    assert back.part_b == pytest.approx(there.part_a, abs=0.06)


SIZES = st.tuples(st.integers(1, 500), st.integers(1, 500))
MOVES = st.tuples(
    st.floats(0.1, 10), st.floats(-180, 180), st.floats(-500, 500), st.floats(-500, 500)
)


@given(SIZES, SIZES, st.booleans(), MOVES)
def test_evidence_turned_is_the_inverse(a, b, mirrored, move):
    there = Evidence(Relation.CONTAINS, 9, mirrored, *move, part_a=0.9, part_b=0.3)
    back = there.turned(a[0], b[0])
    assert (back.relation, back.inliers, back.mirrored) == (Relation.CONTAINS, 9, mirrored)
    assert (back.part_a, back.part_b) == (0.3, 0.9)
    again = back.turned(b[0], a[0])
    for field in ("scale", "shift_x", "shift_y"):
        assert getattr(again, field) == pytest.approx(getattr(there, field), rel=1e-6, abs=1e-6)
    # A corner of A in B, taken for a picture of one point there, lies back at A's corner.
    for corner, place in zip(outline(there, a), [(0, 0), (a[0], 0), a, (0, a[1])], strict=True):
        middle = corner - 0.5
        if mirrored:
            middle[0] = b[0] - 1 - middle[0]
        turn = back.scale * np.exp(1j * np.radians(back.rotation))
        seen = turn * complex(*middle) + complex(back.shift_x, back.shift_y) + (0.5 + 0.5j)
        np.testing.assert_allclose([seen.real, seen.imag], place, atol=1e-5)


def test_only_the_form_that_is_asked_for_is_tried():
    plain, mirrored = of(PHOTO), of(ImageOps.mirror(PHOTO))
    assert verify(plain, mirrored, False) is None
    assert verify(plain, plain, True) is None
    assert verify(plain, mirrored, True) == verify(plain, mirrored)
    assert verify(plain, plain, False) == verify(plain, plain)


def test_the_outline_is_where_the_photo_was_put():
    sheet = Image.new("RGB", (400, 400), "white")
    sheet.paste(ImageOps.mirror(PHOTO.resize((200, 150))), (150, 40))
    photo_, found = of(PHOTO), verify(of(PHOTO), of(sheet))
    assert found is not None
    corners = outline(found, (photo_.width, photo_.height))
    np.testing.assert_allclose(corners, [(350, 40), (150, 40), (150, 190), (350, 190)], atol=3)


@pytest.mark.parametrize("mirror", [False, True])
@pytest.mark.parametrize("others", [1, 3])
def test_a_collage_contains_its_panels(others, mirror):
    panel = ImageOps.mirror(PHOTO) if mirror else PHOTO
    collage = panels(panel, *(photo(seed) for seed in range(2, 2 + others)))
    found = verify(of(PHOTO), of(collage))
    assert found is not None
    assert (found.relation, found.mirrored) == (Relation.CONTAINS, mirror)
    assert found.part_a > 0.75
    assert found.part_b == pytest.approx(1 / (others + 1), abs=0.08)


@pytest.mark.parametrize("count", [2, 4])
def test_a_panel_that_cuts_a_wide_photo_square_is_contained(count):
    wide = photo(1, 720, 480)
    square = [ImageOps.fit(each, (320, 320)) for each in (wide, *map(photo, range(2, count + 1)))]
    sheet = Image.new("RGB", (640, 160 * count))
    for at, image in enumerate(square):
        sheet.paste(image, (at % 2 * 320, at // 2 * 320))
    found = verify(of(wide), of(sheet))
    assert found is not None
    assert found.relation is Relation.CONTAINS
    assert found.part_a == pytest.approx(2 / 3, abs=0.15)


def test_a_screenshot_contains_the_photo():
    found = verify(of(PHOTO), of(screenshot(PHOTO)))
    assert found is not None
    assert found.relation is Relation.CONTAINS


def test_screenshots_of_two_photos_share_their_lettering():
    found = verify(of(screenshot(PHOTO)), of(screenshot(photo(2))))
    assert found is not None
    assert found.relation is Relation.SHARES_ELEMENT


def test_a_small_picture_in_a_picture_is_found_by_the_few_features_that_it_has():
    ground = photo(2)
    ground.paste(PHOTO.resize((128, 96)), (400, 300))
    found = verify(of(PHOTO), of(ground))
    assert found is not None
    assert found.relation is Relation.CONTAINS
    assert found.part_b < 0.1


def test_a_photo_of_a_screen_agrees_all_over():
    width, height = PHOTO.size
    aslant = (-70, -50, -10, height + 60, width + 60, height + 10, width + 5, -5)
    found = verify(of(PHOTO), of(PHOTO.transform(PHOTO.size, Image.Transform.QUAD, aslant)))
    assert found is not None
    assert found.relation is Relation.COPY
    assert found.part_a > 0.9


def test_a_logo_in_two_photos_is_a_shared_element():
    found = verify(of(stamped(PHOTO)), of(stamped(photo(2))))
    assert found is not None
    assert found.relation is Relation.SHARES_ELEMENT


def test_two_collages_that_share_a_panel_are_no_copies():
    found = verify(of(panels(PHOTO, photo(2))), of(panels(photo(3), PHOTO)))
    assert found is not None
    assert found.relation is Relation.SHARES_ELEMENT


def test_photos_that_share_nothing_do_not_match():
    kinds = [of(photo(seed)) for seed in range(12)]
    assert not any(verify(a, b) for a, b in combinations(kinds, 2))


@pytest.mark.parametrize("size", [(1, 1), (20, 20), (400, 5), (300, 300)])
def test_a_picture_without_features_matches_nothing(size):
    flat = of(Image.new("RGB", size, "grey"))
    assert verify(flat, flat) is None
    assert verify(flat, of(PHOTO)) is None
    assert verify(of(PHOTO), flat) is None


def test_a_pattern_that_repeats_is_no_trouble():
    tile = Image.new("RGB", (400, 400))
    for x in range(0, 400, 40):
        for y in range(0, 400, 40):
            tile.paste(photo(5, 40, 40), (x, y))
    sink = BytesIO()
    tile.save(sink, "PNG")
    assert verify(features(sink.getvalue()), of(PHOTO)) is None


def test_real_edits_are_found_among_real_photographs_and_nothing_else(shared):
    edits = {
        path.name: features(path.read_bytes())
        for path in sorted((shared / "real_edits" / "images").iterdir())
    }
    photos = sorted((shared / "photos").glob("*/*.jpg"))[::60]
    labels = json.loads((shared / "real_edits" / "labels.json").read_text("utf-8"))
    copies, unclear = (
        {pair for group in labels[name] for pair in combinations(sorted(group), 2)}
        for name in ("copies", "ambiguous")
    )
    found = {
        (a, b): evidence
        for a, b in combinations(sorted(edits), 2)
        if (evidence := verify(edits[a], edits[b]))
    }
    assert found.keys() - copies - unclear == set()
    assert len(found.keys() & copies) / len(copies) >= 0.96  # 52 of 53 when this was written
    for path in photos:
        other = features(path.read_bytes())
        assert not [name for name, edit in edits.items() if verify(edit, other)], path.name
