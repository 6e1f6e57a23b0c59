"""Dense agreement: one photo agrees, two photos in one frame don't, however many points do."""

import numpy as np
import pytest
from making import lettered, photo, screenshot, stamped
from picturing import barred, card, framed, panels, post_of, shown, watermarked
from PIL import Image, ImageEnhance, ImageOps

from frametrace.matcher.pictures.aligned_thumbnails import Overlap
from frametrace.matcher.pictures.feature_alignment import align, stretched_over
from frametrace.matcher.pictures.pixel_agreement import GRID, Agreement
from frametrace.matcher.pictures.verify_pair import verify
from frametrace.matcher.result_schemas import Relation

PHOTO, OTHER = photo(1), photo(2)
ALIKE = {
    "app": post_of,
    "caption bar": barred,
    "frame": framed,
    "logo": stamped,
    "screenshot": screenshot,
    "watermark": watermarked,
}


def overlap_of(a: Image.Image, b: Image.Image) -> Overlap:
    one, other = shown(a), shown(b)
    alignment = align(one.features, other.features)
    alignment = alignment or stretched_over(one.features, other.features)
    return Overlap.of(alignment, one, other)


def agreement_of(a: Image.Image, b: Image.Image) -> Agreement:
    found = Agreement.of(overlap_of(a, b))
    assert found is not None
    return found


@pytest.mark.parametrize(
    "edit",
    [
        lambda image: image,
        lambda image: ImageEnhance.Contrast(image).enhance(0.5),
        lambda image: ImageEnhance.Brightness(image).enhance(1.4),
        lambda image: ImageOps.mirror(image).resize((400, 300)),
        lambda image: image.crop((100, 60, 500, 400)),
        lambda image: panels(OTHER, image),
    ],
)
def test_one_photo_agrees_in_all_that_both_show(edit):
    found = agreement_of(PHOTO, edit(PHOTO))
    assert found.same
    assert not found.contradicts
    assert found.log_odds > 5
    assert found.extent > 0.95


@pytest.mark.parametrize("kind", ALIKE)
def test_two_photos_with_the_very_same_thing_around_them_are_not_one(kind):
    found = agreement_of(ALIKE[kind](PHOTO), ALIKE[kind](OTHER))
    assert not found.same
    assert found.log_odds < 0
    assert found.contradicts
    evidence = verify(shown(ALIKE[kind](PHOTO)), shown(ALIKE[kind](OTHER)))
    assert evidence is None or evidence.relation is Relation.SHARES_ELEMENT


@pytest.mark.parametrize("kind", ALIKE)
def test_one_photo_with_the_very_same_thing_around_it_is_one(kind):
    evidence = verify(shown(ALIKE[kind](PHOTO)), shown(ALIKE[kind](PHOTO), 40))
    assert evidence is not None
    assert evidence.relation is Relation.COPY


@pytest.mark.parametrize("kind", ALIKE)
def test_the_photo_is_found_in_what_is_around_it(kind):
    evidence = verify(shown(PHOTO), shown(ALIKE[kind](PHOTO)))
    assert evidence is not None
    assert evidence.relation in (Relation.COPY, Relation.CONTAINS)
    assert evidence.part_a > 0.9


@pytest.mark.parametrize("text", ["Somebody broke it", "WHO PAYS FOR ALL OF THIS?"])
def test_text_over_a_photo_leaves_it_a_copy_and_over_two_makes_none(text):
    over = verify(shown(PHOTO), shown(lettered(PHOTO, text)))
    assert over is not None
    assert over.relation is Relation.COPY
    two = verify(shown(lettered(PHOTO, text)), shown(lettered(OTHER, text)))
    assert two is None or two.relation is Relation.SHARES_ELEMENT


def test_another_photo_in_the_place_of_one_is_an_alteration_or_a_rival_by_its_size():
    """A tenth of the area is an altered part; a quarter is another photo on one poster."""
    relations = [verify(shown(card(PHOTO, size)), shown(card(OTHER, size))) for size in (200, 400)]
    assert [found and found.relation for found in relations] == [
        Relation.COPY,
        Relation.SHARES_ELEMENT,
    ]


def test_cells_are_those_of_each_picture_that_agree():
    overlap = overlap_of(PHOTO, panels(PHOTO, OTHER))
    found = Agreement.of(overlap)
    assert found is not None
    cells = found.cells(overlap.to_a, overlap.size_a), found.cells(overlap.to_b, overlap.size_b)
    assert {each.shape for each in cells} == {(GRID, GRID)}
    assert cells[0].mean() > 0.9
    assert cells[1][:, :8].mean() > 0.9
    assert not cells[1][:, 9:].any()


def test_pictures_that_hardly_overlap_tell_nothing():
    overlap = overlap_of(PHOTO, PHOTO)
    inside = np.zeros_like(overlap.inside)
    inside[:5, :5] = True
    rest = (getattr(overlap, name) for name in overlap.__slots__[3:])
    assert Agreement.of(Overlap(overlap.a, overlap.b, inside, *rest)) is None


def test_flat_pictures_tell_nothing():
    grey = [Image.new("RGB", (320, 240), (level,) * 3) for level in (90, 200)]
    assert Agreement.of(overlap_of(*grey)) is None


def test_what_is_covered_is_the_part_that_the_other_frame_covers():
    overlap = overlap_of(PHOTO, panels(PHOTO, OTHER))
    assert overlap.covered_a == pytest.approx(1, abs=0.05)
    assert overlap.covered_b == pytest.approx(0.5, abs=0.05)
    assert overlap.a.shape == overlap.b.shape == overlap.inside.shape
