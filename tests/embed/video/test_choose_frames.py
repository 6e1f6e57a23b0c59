"""The choice of frames, on made-up sequences of scenes: what is kept, when, and how little."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from making import photo
from trying import examples

from frametrace.embed.video.choose_frames import Allowance, FrameChooser, Intervals
from frametrace.embed.video.frame_views import FrameView

STEP = 240  # ms between samples
SIZE = (240, 135)
BLACK, WHITE = np.zeros((135, 240), np.uint8), np.full((135, 240), 255, np.uint8)
GENEROUS = Allowance(1000, 1000)


def still(seed: int) -> np.ndarray:
    return np.asarray(photo(seed, *SIZE).convert("L"))


def chosen(
    samples: Sequence[np.ndarray], allowance: Allowance = GENEROUS, step: int = STEP
) -> tuple[list[int], Intervals, int]:
    """The positions of the samples that are kept, the intervals, and the shots left out."""
    chooser: FrameChooser[int] = FrameChooser(allowance)
    kept = []
    for at, luma in enumerate(samples):
        kept += chooser.add(at * step, max(at * step - step // 2, 0), luma, at)
    kept += chooser.finish(len(samples) * step)
    return kept, chooser.intervals(), chooser.left_out


def shots(*parts: tuple[np.ndarray, int]) -> list[np.ndarray]:
    """Samples that show each picture some times in a row."""
    return [luma for luma, count in parts for _ in range(count)]


def panned(seed: int, count: int, step: int = 6) -> list[np.ndarray]:
    wide = np.asarray(photo(seed, SIZE[0] + count * step, SIZE[1]).convert("L"))
    return [wide[:, at * step : at * step + SIZE[0]] for at in range(count)]


def dissolved(a: np.ndarray, b: np.ndarray, count: int) -> list[np.ndarray]:
    parts = (np.arange(count) + 1) / (count + 1)
    return [(a * (1 - part) + b * part).astype(np.uint8) for part in parts]


@examples(60)
@given(
    st.lists(st.tuples(st.integers(1, 6), st.integers(3, 12)), min_size=1, max_size=10),
)
def test_each_shot_has_a_frame_and_each_scene_only_one(plan: list[tuple[int, int]]) -> None:
    samples = shots(*((still(seed), count) for seed, count in plan))
    shown = [seed for seed, count in plan for _ in range(count)]
    kept, intervals, left_out = chosen(samples)
    assert sorted(shown[at] for at in kept) == sorted(set(shown))
    assert left_out == 0
    for at, seed in enumerate(shown):
        time = at * STEP
        (row,) = np.flatnonzero((intervals.starts <= time) & (time < intervals.ends))
        assert shown[kept[intervals.frames[row]]] == seed


@examples(100)
@given(st.lists(st.sampled_from(["1", "2", "3", "pan", "black", "noise"]), max_size=40))
def test_intervals_are_ascending_and_name_kept_frames(plan: list[str]) -> None:
    parts = {"1": [still(1)] * 2, "2": [still(2)], "3": [still(3)] * 4, "pan": panned(4, 6)}
    rng = np.random.default_rng(len(plan))
    noise = [rng.integers(0, 256, BLACK.shape).astype(np.uint8) for _ in range(2)]
    parts |= {"black": [BLACK] * 2, "noise": noise}
    samples = [luma for name in plan for luma in parts[name]]
    kept, intervals, _ = chosen(samples)
    assert bool(kept) == bool(samples)
    assert kept == sorted(kept)
    assert (intervals.starts < intervals.ends).all()
    assert (intervals.starts[1:] >= intervals.ends[:-1]).all()
    assert set(intervals.frames.tolist()) <= set(range(len(kept)))
    if samples:
        assert intervals.starts[0] == 0
        assert intervals.ends[-1] == len(samples) * STEP
    views = [FrameView.of(samples[at]) for at in kept]
    assert not any(a.shows_same(b) for n, a in enumerate(views) for b in views[:n])


@pytest.mark.parametrize("count", [1, 5, 500])
def test_a_still_picture_is_one_frame(count: int) -> None:
    kept, intervals, _ = chosen([still(1)] * count)
    assert len(kept) == 1
    assert (intervals.starts.tolist(), intervals.ends.tolist()) == ([0], [count * STEP])


def test_nothing_is_kept_of_nothing() -> None:
    kept, intervals, _ = chosen([])
    assert kept == []
    assert len(intervals.frames) == 0


def test_a_cut_is_found_to_half_a_step() -> None:
    _, intervals, _ = chosen(shots((still(1), 7), (still(2), 9)))
    assert intervals.starts.tolist() == [0, 7 * STEP - STEP // 2]


def test_a_flash_is_no_scene() -> None:
    kept, intervals, _ = chosen(shots((still(1), 6), (WHITE, 1), (still(1), 6)))
    assert len(kept) == 1
    assert len(intervals.frames) == 1


def test_a_dialogue_is_two_frames_however_often_it_is_cut() -> None:
    samples = shots(*((still(1 + at % 2), 4 + at % 3) for at in range(30)))
    kept, intervals, _ = chosen(samples)
    assert len(kept) == 2
    assert intervals.frames.tolist() == [0, 1] * 15


def test_flat_frames_are_kept_once_whatever_their_shade() -> None:
    samples = shots((BLACK, 5), (still(1), 5), (WHITE, 5), (still(2), 5), (BLACK + 90, 5))
    kept, intervals, _ = chosen(samples)
    assert len(kept) == 3
    assert intervals.frames.tolist() == [0, 1, 0, 2, 0]


def test_the_kept_frame_is_not_inside_a_dissolve() -> None:
    a, b = still(1), still(2)
    samples = [*[a] * 6, *dissolved(a, b, 4), *[b] * 6]
    kept, _, _ = chosen(samples)
    assert len(kept) == 2
    assert samples[kept[1]] is b


def test_the_kept_frame_is_not_dark_before_a_fade() -> None:
    samples = [*dissolved(BLACK, still(1), 6), *[still(1)] * 6]
    kept, _, _ = chosen(samples)
    assert samples[kept[-1]].std() > 0.8 * still(1).std()


def test_the_sharpest_of_the_first_frames_is_kept() -> None:
    import cv2

    blurred = np.asarray(cv2.GaussianBlur(still(2), (0, 0), 2))
    samples = [*[still(1)] * 6, *[blurred] * 3, *[still(2)] * 6]
    kept, _, _ = chosen(samples)
    assert len(kept) == 2
    assert samples[kept[1]] is samples[-1]


def test_a_moving_camera_is_kept_every_few_seconds() -> None:
    samples = panned(1, 100)  # 24 seconds, each a tenth of the width
    kept, intervals, _ = chosen(samples)
    gaps = np.diff(np.array(kept)) * STEP
    assert gaps.min() >= 2000
    assert gaps.max() <= 4500
    assert intervals.ends[-1] == 100 * STEP


@pytest.mark.parametrize("step", [1000, 2000])
def test_a_moving_camera_of_which_few_frames_are_known_is_no_row_of_cuts(step: int) -> None:
    samples = panned(1, 100)[:: step // 240]
    kept, _, _ = chosen(samples, step=step)
    assert len(kept) <= len(samples) * step / 2500 + 2


def test_slides_of_one_layout_with_other_words_are_all_kept() -> None:
    from PIL import Image, ImageDraw, ImageFont

    def slide(words: str) -> np.ndarray:
        image = Image.new("L", SIZE, 230)
        draw = ImageDraw.Draw(image)
        draw.rectangle((0, 0, 240, 24), 40)
        draw.text((8, 40), words, 20, ImageFont.load_default(26))
        return np.asarray(image)

    texts = ["Who paid for\nthe bridge?", "It was shut\nin the spring", "Nobody was\ntold of it"]
    kept, _, _ = chosen(shots(*((slide(text), 8) for text in texts)))
    assert len(kept) == 3


@examples(40)
@given(st.integers(1, 80), st.integers(0, 3), st.integers(60, 150))
def test_no_more_is_kept_than_is_allowed(most: int, tenths: int, scenes: int) -> None:
    rng = np.random.default_rng(most)
    samples = [
        luma
        for _ in range(scenes)
        for luma in [rng.integers(0, 256, (45, 80)).astype(np.uint8).repeat(3, 0).repeat(3, 1)] * 3
    ]
    allowance = Allowance(most, tenths / 10)
    kept, intervals, left_out = chosen(samples, allowance)
    assert len(kept) <= most
    for count, at in enumerate(kept, 1):
        assert count <= allowance.at(at * STEP)
    assert len(kept) + left_out == scenes
    assert len(set(intervals.frames.tolist())) == len(kept)


def test_the_allowance_is_spread_over_the_video() -> None:
    short, long = Allowance.of(60_000), Allowance.of(3 * 3_600_000)
    assert short.at(0) == long.at(0) == 60
    assert short.at(60_000) == 90
    assert long.at(3 * 3_600_000) == 2000
    assert 1000 <= long.at(3 * 1_800_000) <= 1100
