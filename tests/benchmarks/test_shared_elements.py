"""Videos that share an element show it in the same way, and content of their own when they say."""

import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))

pytest.importorskip("av", reason="needs the extra `video`")

from measuring import Stopped
from video.clips import Clip, deal, drawn, some_clip
from video.shared_elements import ELEMENTS, Plan, made_element
from video.truth import Truth, shared


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    folder = tmp_path_factory.mktemp("photos")
    rng = np.random.default_rng(5)
    for number in range(12):
        coarse = rng.integers(0, 256, (12, 16, 3)).astype(np.uint8)
        Image.fromarray(coarse).resize((480, 360)).save(folder / f"{number:02}.png")
    return sorted(folder.iterdir())


def made(kind, number, content):
    try:
        frames, spans = made_element(kind, Plan(1, number, content, 7))
        return list(frames), spans
    except Stopped as stopped:
        pytest.skip(str(stopped))


@pytest.mark.parametrize("kind", ELEMENTS)
def test_two_videos_of_a_template_have_no_content_in_common(photos, kind):
    rng = np.random.default_rng(1)
    clips = [some_clip(f"c{at}", photos[2 * at : 2 * at + 2], rng, (5_000, 6_000)) for at in (0, 1)]
    (first, a), (second, b) = (made(kind, at, clip) for at, clip in enumerate(clips))
    assert shared(a, b)[0] is Truth.NOTHING and shared(a, a)[0] is Truth.COPIES
    (span,) = a
    assert 0 <= span.start < span.end <= 40 * len(first)
    same = [
        float((np.abs(x.astype(int) - y) < 3).mean())
        for x, y in zip(first[::10], second[::10], strict=False)
    ]
    assert max(same) > 0.05 and min(same) < 0.97  # an element in common, and something else


@pytest.mark.parametrize("kind", ["intro and end card", "test picture"])
def test_the_content_is_shown_when_the_span_says(photos, kind):
    clip = some_clip("c", photos[:2], np.random.default_rng(2), (5_000, 6_000))
    frames, (span,) = made(kind, 0, clip)
    content = list(drawn(clip))
    for at in range(span.start, span.end, 1000):
        expected = content[round(span.source_time(at)) // 40]
        assert np.array_equal(frames[at // 40], expected)
    assert not np.array_equal(frames[span.start // 40 - 1], content[0])


def test_clips_have_the_length_and_the_photographs_that_they_say(photos):
    clips, left = deal(photos, 3, "clip", 11)
    used = [shot.photo for clip in clips for shot in clip.shots]
    assert used + left == photos and len(set(used)) == len(used)
    again, _ = deal(photos, 3, "clip", 11)
    assert again == clips
    for clip in clips:
        assert 9_840 <= clip.duration <= 30_000  # each shot ends at a frame
    frames = list(drawn(min(clips, key=lambda clip: clip.duration)))
    assert len(frames) == min(clip.duration for clip in clips) // 40
    assert {frame.shape for frame in frames} == {(360, 640, 3)}


def test_a_held_camera_shows_one_picture_and_a_panning_one_moves(photos):
    clips = [
        some_clip("c", photos[:1], np.random.default_rng(at), (5_000, 6_000)) for at in range(40)
    ]
    alone = [clip for clip in clips if not clip.person and not clip.shots[0].shakes]
    held = [clip for clip in alone if len(set(clip.shots[0].views)) == 1]
    moving = [clip for clip in alone if len(set(clip.shots[0].views)) == 2]
    assert held and moving
    assert all(_motion(clip) == 0 for clip in held)
    assert all(_motion(clip) > 0 for clip in moving)


def _motion(clip: Clip) -> float:
    frames = list(drawn(clip))[::25]
    return max(float(np.abs(a.astype(int) - b).mean()) for a, b in pairwise(frames))
