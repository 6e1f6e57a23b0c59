"""Two shots of one scene: near things have moved against what stands behind them."""

import numpy as np
import pytest
from making import cropped, jpeg, photo
from picturing import altered, aslant, detailed, shot, shown
from PIL import ImageOps

from frametrace.matcher.pictures.feature_alignment import align
from frametrace.matcher.pictures.parallax import is_another_shot
from frametrace.matcher.pictures.verify_pair import verify
from frametrace.matcher.result_schemas import Relation


@pytest.mark.parametrize("viewpoint", [0.3, 0.6, 1.0])
@pytest.mark.parametrize("mirror", [False, True])
def test_two_shots_of_one_scene_are_that_and_no_copies(viewpoint, mirror):
    other = ImageOps.mirror(shot(viewpoint)) if mirror else shot(viewpoint)
    found = verify(shown(shot(0)), shown(other))
    assert found is not None
    assert (found.relation, found.mirrored) == (Relation.SAME_SCENE, mirror)
    assert not found.same_photograph
    assert found.altered == ()


@pytest.mark.parametrize(
    "edit",
    [
        lambda image: image,
        lambda image: image.resize((500, 240)),
        lambda image: image.rotate(5, expand=True),
        lambda image: cropped(image, 0.6),
        lambda image: altered(image, "paste"),
        lambda image: aslant(image, [(-40, -30), (680, -5), (645, 490), (-10, 500)]),
        lambda image: aslant(image, [(60, 40), (600, 0), (640, 480), (0, 420)]),
    ],
)
def test_copies_that_are_bent_as_a_whole_are_none(edit):
    for image in (shot(0), detailed(3), photo(4)):
        alignment = align(shown(image).features, shown(edit(image)).features)
        assert alignment is not None
        assert not is_another_shot(alignment)


def test_a_few_features_tell_of_no_other_shot():
    small = photo(1, 60, 40)
    alignment = align(shown(small).features, shown(small, 60).features)
    assert alignment is None or not is_another_shot(alignment)


def test_one_shot_saved_twice_is_a_copy():
    assert jpeg(shot(0)) != jpeg(shot(1))
    found = verify(shown(shot(0.5)), shown(shot(0.5), 50))
    assert found is not None
    assert found.relation is Relation.COPY
    assert np.isclose(found.scale, 1, atol=0.01)
