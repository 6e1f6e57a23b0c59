"""Verification of pairs: what edited copies are called, and that photos with one thing are none."""

from io import BytesIO
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from making import cropped, photo, screenshot, stamped
from picturing import (
    altered,
    aslant,
    bar_chart,
    detailed,
    panels,
    shown,
    shown_file,
    statement,
    table,
)
from PIL import Image, ImageEnhance, ImageOps

from frametrace.matcher.pictures.feature_alignment import MIN_INLIERS
from frametrace.matcher.pictures.pair_evidence import CELLS, GRID, Evidence, outline
from frametrace.matcher.pictures.verify_pair import verify, verify_hash_copies
from frametrace.matcher.result_schemas import Relation

PHOTO = photo(1)


def cells_of(bits):
    return np.unpackbits(np.frombuffer(bits, np.uint8)).reshape(GRID, GRID) > 0


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
    found = verify(shown(PHOTO), shown(made()))
    assert found is not None
    assert (found.relation, found.mirrored) == (Relation.COPY, mirrored)
    assert abs((found.rotation - rotation + 180) % 360 - 180) < 2
    assert found.inliers >= MIN_INLIERS
    assert found.same_photograph
    assert found.altered == ()


@pytest.mark.parametrize("part", [0.25, 0.4, 0.7])
def test_the_part_that_a_crop_shows_is_its_part_of_the_area(part):
    found = verify(shown(PHOTO), shown(cropped(PHOTO, part)))
    assert found is not None
    assert found.relation == (Relation.COPY if part > 0.6 else Relation.CONTAINS)
    assert found.part_a == pytest.approx(part, abs=0.05)
    assert found.part_b > 0.9
    # Of 640 pixels the photo is shrunk to 400; so is the crop, unless it has no more.
    assert found.scale == pytest.approx(min(part**-0.5, 640 / 400), rel=0.05)


def test_evidence_is_the_same_from_the_other_side():
    one, other = shown(PHOTO), shown(ImageOps.mirror(cropped(PHOTO, 0.6)))
    there, back = verify(one, other), verify(other, one)
    assert there is not None
    assert back is not None
    assert back.mirrored
    assert there.mirrored
    assert back.scale == pytest.approx(1 / there.scale, rel=0.03)
    assert back.part_a == pytest.approx(there.part_b, abs=0.06)
    assert back.part_b == pytest.approx(there.part_a, abs=0.06)


def test_boxes_are_the_same_from_the_other_side():
    a, b = shown(detailed(1)), shown(ImageOps.mirror(altered(detailed(1), "paste")))
    there, back = verify(a, b), verify(b, a)
    assert there is not None
    assert back is not None
    inverse = there.inverted(a.size, b.size)
    np.testing.assert_allclose(inverse.altered, back.altered, atol=0.04)
    assert inverse.altered_part == there.altered_part
    assert (inverse.cells_a, inverse.cells_b) == (there.cells_b, there.cells_a)


SIZES = st.tuples(st.integers(1, 500), st.integers(1, 500))
MOVES = st.tuples(
    st.floats(0.1, 10), st.floats(-180, 180), st.floats(-500, 500), st.floats(-500, 500)
)
SIDES = st.tuples(st.floats(0, 1), st.floats(0, 1))
BOXES = st.builds(lambda x, y: (min(x), min(y), max(x), max(y)), SIDES, SIDES)


@given(SIZES, SIZES, st.booleans(), MOVES)
def test_evidence_inverted_is_the_inverse(a, b, mirrored, move):
    there = Evidence(Relation.CONTAINS, 9, mirrored, *move, part_a=0.9, part_b=0.3)
    back = there.inverted(a, b)
    assert (back.relation, back.inliers, back.mirrored) == (Relation.CONTAINS, 9, mirrored)
    assert (back.part_a, back.part_b) == (0.3, 0.9)
    again = back.inverted(b, a)
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


@given(SIZES, SIZES, st.booleans(), MOVES, BOXES)
def test_boxes_inverted_lie_in_a_and_hold_what_they_held(a, b, mirrored, move, box):
    found = Evidence(Relation.COPY, 9, mirrored, *move, part_a=1, part_b=1, altered=(box,))
    back = found.inverted(a, b)
    ((left, top, right, bottom),) = back.altered
    assert 0 <= left <= right <= 1
    assert 0 <= top <= bottom <= 1
    # The middle of the box, as it lies in A, is in the box there, unless it lies outside A.
    middle = np.array([box[0] + box[2], box[1] + box[3]]) / 2 * b - 0.5
    if mirrored:
        middle[0] = b[0] - 1 - middle[0]
    turn = back.scale * np.exp(1j * np.radians(back.rotation))
    seen = turn * complex(*middle) + complex(back.shift_x, back.shift_y) + (0.5 + 0.5j)
    x, y = np.clip([seen.real / a[0], seen.imag / a[1]], 0, 1)
    assert left - 1e-6 <= x <= right + 1e-6
    assert top - 1e-6 <= y <= bottom + 1e-6


@given(SIZES, SIZES, BOXES)
def test_boxes_of_pictures_that_are_only_scaled_come_back_as_they_were(a, b, box):
    move = b[0] / a[0], 0.0, (b[0] / a[0] - 1) / 2, (b[0] / a[0] - 1) / 2
    b = b[0], b[0] * a[1] / a[0]
    found = Evidence(Relation.COPY, 9, False, *move, part_a=1, part_b=1, altered=(box,))
    np.testing.assert_allclose(found.inverted(a, b).altered, [box], atol=1e-6)


def test_only_the_orientation_that_is_asked_for_is_tried():
    plain, mirrored = shown(PHOTO), shown(ImageOps.mirror(PHOTO))
    assert verify(plain, mirrored, False) is None
    assert verify(plain, plain, True) is None
    assert verify(plain, mirrored, True) == verify(plain, mirrored)
    assert verify(plain, plain, False) == verify(plain, plain)


def test_the_outline_is_where_the_photo_was_put():
    sheet = Image.new("RGB", (400, 400), "white")
    sheet.paste(ImageOps.mirror(PHOTO.resize((200, 150))), (150, 40))
    asked = shown(PHOTO)
    found = verify(asked, shown(sheet))
    assert found is not None
    corners = outline(found, asked.size)
    np.testing.assert_allclose(corners, [(350, 40), (150, 40), (150, 190), (350, 190)], atol=3)


@pytest.mark.parametrize("mirror", [False, True])
@pytest.mark.parametrize("others", [1, 3])
def test_a_collage_contains_its_panels(others, mirror):
    panel = ImageOps.mirror(PHOTO) if mirror else PHOTO
    collage = panels(panel, *(photo(seed) for seed in range(2, 2 + others)))
    found = verify(shown(PHOTO), shown(collage))
    assert found is not None
    assert (found.relation, found.mirrored) == (Relation.CONTAINS, mirror)
    assert found.part_a > 0.9
    assert found.part_b == pytest.approx(1 / (others + 1), abs=0.05)


def test_the_cells_that_agree_are_those_of_the_panel():
    found = verify(shown(PHOTO), shown(panels(photo(2), PHOTO)))
    assert found is not None
    assert {len(found.cells_a), len(found.cells_b)} == {CELLS // 8}
    assert cells_of(found.cells_a).mean() > 0.9
    in_b = cells_of(found.cells_b)
    assert in_b.shape == (16, 16)
    assert in_b[:, 8:].mean() > 0.9
    assert not in_b[:, :7].any()


@pytest.mark.parametrize("count", [2, 4])
def test_a_panel_that_cuts_a_wide_photo_square_is_contained(count):
    wide = photo(1, 720, 480)
    square = [ImageOps.fit(each, (320, 320)) for each in (wide, *map(photo, range(2, count + 1)))]
    sheet = Image.new("RGB", (640, 160 * count))
    for at, image in enumerate(square):
        sheet.paste(image, (at % 2 * 320, at // 2 * 320))
    found = verify(shown(wide), shown(sheet))
    assert found is not None
    assert found.relation is Relation.CONTAINS
    assert found.part_a == pytest.approx(2 / 3, abs=0.1)


def test_a_screenshot_contains_the_photo():
    found = verify(shown(PHOTO), shown(screenshot(PHOTO)))
    assert found is not None
    assert found.relation is Relation.CONTAINS


def test_a_small_picture_in_a_picture_is_found_by_the_few_features_that_it_has():
    ground = photo(2)
    ground.paste(PHOTO.resize((128, 96)), (400, 300))
    found = verify(shown(PHOTO), shown(ground))
    assert found is not None
    assert found.relation is Relation.CONTAINS
    assert found.part_b < 0.1


@pytest.mark.parametrize(
    "corners",
    [
        [(-70, -50), (700, -5), (690, 540), (-10, 540)],
        [(60, 40), (600, 0), (640, 480), (0, 420)],
        [(100, 80), (600, 0), (640, 480), (20, 380)],
    ],
)
def test_a_photo_of_a_screen_agrees_all_over(corners):
    found = verify(shown(PHOTO), shown(aslant(PHOTO, corners)))
    assert found is not None
    assert found.relation is Relation.COPY
    assert max(found.part_a, found.part_b) > 0.95
    assert found.altered == ()


def test_screenshots_of_two_photos_are_no_copies():
    found = verify(shown(screenshot(PHOTO)), shown(screenshot(photo(2))))
    assert found is not None
    assert (found.relation, found.same_photograph) == (Relation.SHARES_ELEMENT, False)


def test_a_logo_in_two_photos_is_a_shared_element():
    found = verify(shown(stamped(PHOTO)), shown(stamped(photo(2))))
    assert found is not None
    assert found.relation is Relation.SHARES_ELEMENT


def test_two_collages_that_share_a_panel_are_no_copies():
    found = verify(shown(panels(PHOTO, photo(2))), shown(panels(photo(3), PHOTO)))
    assert found is not None
    assert found.relation is Relation.SHARES_ELEMENT


def test_photos_that_share_nothing_do_not_match():
    kinds = [shown(photo(seed)) for seed in range(12)]
    assert not any(verify(a, b) for a, b in combinations(kinds, 2))


@pytest.mark.parametrize("size", [(1, 1), (20, 20), (400, 5), (300, 300)])
def test_a_picture_without_features_matches_nothing(size):
    flat = shown(Image.new("RGB", size, "grey"))
    assert verify(flat, flat) is None
    assert verify(flat, shown(PHOTO)) is None
    assert verify(shown(PHOTO), flat) is None


def test_a_pattern_that_repeats_is_no_trouble():
    tile = Image.new("RGB", (400, 400))
    for x in range(0, 400, 40):
        for y in range(0, 400, 40):
            tile.paste(photo(5, 40, 40), (x, y))
    sink = BytesIO()
    tile.save(sink, "PNG")
    assert verify(shown_file(sink.getvalue()), shown(PHOTO)) is None


@pytest.mark.parametrize("quality", [30, 60, 90])
def test_copies_by_a_hash_that_differ_in_nothing_say_nothing(quality):
    assert verify_hash_copies(shown(PHOTO, 95), shown(PHOTO, quality)) is None
    smaller = PHOTO.resize((320, 240))
    assert verify_hash_copies(shown(PHOTO), shown(smaller, quality)) is None
    chart = bar_chart(1)
    assert verify_hash_copies(shown(chart), shown(chart, quality)) is None


def test_plain_copies_by_a_hash_have_nothing_that_contradicts_it():
    ground = Image.radial_gradient("L").resize((640, 480)).convert("RGB")
    assert verify_hash_copies(shown(ground), shown(ground, 60)) is None


def test_copies_by_a_hash_that_were_altered_are_copies_with_boxes():
    found = verify_hash_copies(shown(detailed(1)), shown(altered(detailed(1), "paste")))
    assert found is not None
    assert found.relation is Relation.COPY
    assert len(found.altered) == 1
    assert 0.05 < found.altered_part < 0.2


def test_another_chart_of_one_style_is_no_copy_whatever_a_hash_says():
    found = verify_hash_copies(shown(bar_chart(1)), shown(bar_chart(2)))
    assert found is not None
    assert found.relation not in (Relation.COPY, Relation.CONTAINS)
    assert not found.same_photograph


@pytest.mark.parametrize("drawn", [table, statement])
def test_other_words_in_one_style_are_no_copy_however_alike_their_smudges_are(drawn):
    for a, b in combinations(range(6), 2):
        found = verify(shown(drawn(a)), shown(drawn(b)))
        assert found is None or not found.same_photograph


@pytest.mark.parametrize("drawn", [table, statement])
def test_words_contradict_a_hash_and_their_copies_do_not(drawn):
    for seed in range(1, 5):
        found = verify_hash_copies(shown(drawn(0)), shown(drawn(seed)))
        assert found is not None
        assert found.relation not in (Relation.COPY, Relation.CONTAINS)
    assert verify_hash_copies(shown(drawn(0)), shown(drawn(0), 60)) is None


@pytest.mark.parametrize("drawn", [table, statement])
@pytest.mark.parametrize("edit", ["recompressed", "smaller", "cut", "letterboxed", "faded"])
def test_a_copy_of_words_is_a_copy(drawn, edit):
    page = drawn(3)
    quality = 40 if edit == "recompressed" else 85
    copies = {
        "recompressed": page,
        "smaller": page.resize((page.width * 2 // 3, page.height * 2 // 3)),
        "cut": page.crop((0, 0, page.width, page.height * 4 // 5)),
        "letterboxed": ImageOps.expand(page, (0, 60)),
        "faded": ImageEnhance.Contrast(page).enhance(0.5),
    }
    found = verify(shown(page), shown(copies[edit], quality))
    assert found is not None
    assert found.relation in (Relation.COPY, Relation.CONTAINS)
