"""Altered parts of copies: found where something was changed, none where nothing was."""

import pytest
from making import photo
from picturing import ALTERATIONS, BOX, UNALTERED, altered, detailed, panels, shown
from PIL import ImageOps

from frametrace.matcher.pictures.verify_pair import verify, verify_hash_copies
from frametrace.matcher.result_schemas import Relation

Box = tuple[float, float, float, float]
SEEDS = (1, 5)


def shared(a: Box, b: Box) -> float:
    """The area that two boxes share, as a part of what they cover together."""
    width = max(min(a[2], b[2]) - max(a[0], b[0]), 0)
    height = max(min(a[3], b[3]) - max(a[1], b[1]), 0)
    areas = [(x1 - x0) * (y1 - y0) for x0, y0, x1, y1 in (a, b)]
    return width * height / (sum(areas) - width * height)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("how", ALTERATIONS)
@pytest.mark.parametrize("compare", [verify, verify_hash_copies])
def test_a_part_that_was_changed_is_found_where_it_is(compare, how, seed):
    found = compare(shown(detailed(seed)), shown(altered(detailed(seed), how)))
    assert found is not None
    assert found.relation is Relation.COPY
    assert max(shared(box, BOX) for box in found.altered) > 0.5
    assert 0.02 < found.altered_part < 0.2


@pytest.mark.parametrize("how", ALTERATIONS)
def test_it_is_found_in_a_mirrored_crop_and_its_box_is_one_of_that_picture(how):
    copy = ImageOps.mirror(altered(detailed(1), how)).crop((0, 24, 576, 480))
    found = verify(shown(detailed(1)), shown(copy))
    assert found is not None
    assert found.mirrored
    left, top, right, bottom = (
        (1 - BOX[2]) * 640 / 576,
        (BOX[1] * 480 - 24) / 456,
        (1 - BOX[0]) * 640 / 576,
        (BOX[3] * 480 - 24) / 456,
    )
    assert max(shared(box, (left, top, right, bottom)) for box in found.altered) > 0.5


def test_it_is_found_in_a_photo_inside_a_larger_picture():
    found = verify(shown(detailed(1)), shown(panels(photo(2), altered(detailed(1), "paste"))))
    assert found is not None
    assert found.relation is Relation.CONTAINS
    expected = 0.5 + BOX[0] / 2, BOX[1], 0.5 + BOX[2] / 2, BOX[3]
    assert max(shared(box, expected) for box in found.altered) > 0.5


@pytest.mark.parametrize("quality", [40, 85])
@pytest.mark.parametrize("edit", UNALTERED)
def test_what_changes_nothing_that_is_shown_alters_no_part(edit, quality):
    for seed in SEEDS:
        for image in (detailed(seed), photo(seed)):
            found = verify(shown(image), shown(UNALTERED[edit](image), quality))
            assert found is not None
            assert (found.relation, found.altered) == (Relation.COPY, ())
            assert found.altered_part == 0


def test_the_largest_part_comes_first():
    image = altered(detailed(1), "paste")
    image.paste(photo(32, 80, 60), (40, 380))
    found = verify(shown(detailed(1)), shown(image))
    assert found is not None
    first, second = found.altered
    assert shared(first, BOX) > 0.5
    assert shared(second, (40 / 640, 380 / 480, 120 / 640, 440 / 480)) > 0.4
