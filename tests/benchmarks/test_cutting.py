"""The edits of the benchmark of videos show what they say: frames carry their time and clip."""

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))

pytest.importorskip("av", reason="needs the extra `video`")

from video.clip_edits import EDITS, recipe_of
from video.cutting import Piece, Recipe, Source, frames_of, spans_of
from video.encoding import facts, write_video
from video.truth import Span, Truth, shared

_STEPS = 16  # grey levels of a clip's clock; a clip's own number is in the lower half


def clock(number, ms):
    """A frame that is as bright above as the time, and below as the number of its clip."""
    frame = np.full((90, 160, 3), 16 + 60 * number, np.uint8)
    frame[:45] = 8 + 240 * (ms // 500 % _STEPS) // _STEPS
    return frame


@pytest.fixture(scope="module")
def sources(tmp_path_factory):
    folder, made = tmp_path_factory.mktemp("clips"), []
    for number, length in enumerate((7_800, 6_000, 7_000, 6_400)):
        path = folder / f"{number}.mp4"
        write_video(path, (clock(number, ms) for ms in range(0, length, 40)), rate=25, crf=10)
        assert facts(path).duration == length
        made.append(Source(f"clip {number}", path, length))
    return made


def half_seconds(frame):
    return round((float(frame[5:40].mean()) - 8) * _STEPS / 240)


@pytest.mark.parametrize("speed", [0.9, 1.0, 1.1])
def test_spans_name_the_frames_that_are_shown(sources, speed):
    pieces = (Piece(1, 1_000, 4_000), Piece(0, 2_000, 7_000, speed), Piece(2, 0, 2_000))
    recipe = Recipe(pieces, lambda frame, beside, ms: frame)
    spans = spans_of(recipe, sources)
    assert [span.source for span in spans] == ["clip 1", "clip 0", "clip 2"]
    frames = list(frames_of(recipe, sources))
    assert len(frames) == -(-spans[-1].end // 40)
    for at, frame in enumerate(frames):
        span = next(one for one in spans if one.start <= 40 * at < one.end)
        number = int(span.source[-1])
        assert float(frame[55:85].mean()) == pytest.approx(16 + 60 * number, abs=6)
        ms = span.source_time(40 * at)
        if 60 < ms % 500 < 440:  # not within a frame of a change
            assert half_seconds(frame) == ms // 500 % _STEPS


@pytest.mark.parametrize("name", EDITS)
def test_every_edit_keeps_five_seconds_of_its_original(sources, name):
    original = (Span(0, sources[0].duration, "clip 0", 0, sources[0].duration),)
    for strength in range(3):
        recipe = recipe_of(name, sources, strength, 7)
        assert recipe_of(name, sources, strength, 7).pieces == recipe.pieces
        spans = spans_of(recipe, sources)
        assert shared(original, spans)[0] is Truth.COPIES
        frames = list(frames_of(recipe, sources))
        assert len(frames) == pytest.approx(spans_end(spans, recipe) * recipe.rate / 1000, abs=1)
        assert len({frame.shape for frame in frames}) == 1
        assert all(frame.dtype == np.uint8 for frame in frames)


def spans_end(spans, recipe):
    return max(span.end for span in spans[: len(recipe.pieces)])
