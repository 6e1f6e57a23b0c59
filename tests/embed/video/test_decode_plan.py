"""What is not decoded: nothing in which the picture may change unseen."""

import math
from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import pytest
from filming import RATE, SIZE, clip, cuts, pan, scenes, small_clips
from making import photo

from frametrace.embed.video.decode_plan import plan_decoding
from frametrace.embed.video.decode_video import SAMPLE_STEP, DecodedFrame, VideoDecoder
from frametrace.embed.video.open_video import open_video

NO_KEYS = {"g": 250, "sc_threshold": 0}  # a key frame every ten seconds, none at cuts


def swaying(seed: int, seconds: float) -> Iterator[np.ndarray]:
    """A scene that moves a little, as somebody who speaks."""
    rng = np.random.default_rng(seed)
    wide = np.asarray(photo(seed, SIZE[0] + 8, SIZE[1]))
    for at in range(round(seconds * RATE)):
        left = round(4 + 3 * np.sin(at / 9))
        grain = rng.integers(-4, 5, (SIZE[1], SIZE[0], 1))
        yield (wide[:, left : left + SIZE[0]] + grain).clip(0, 255).astype(np.uint8)


def decoded(data: bytes) -> list[DecodedFrame]:
    with open_video(data) as video:
        return list(VideoDecoder(video, plan_decoding(data)))


def test_of_a_speaker_a_quarter_is_decoded() -> None:
    plan = plan_decoding(clip(swaying(1, 12), g=50, sc_threshold=0))
    assert [group.until for group in plan] == [500, 2500, 4500, 6500, 8500, 10_500]
    assert all(group.is_steady for group in plan)


def test_an_insert_between_like_key_frames_is_decoded() -> None:
    frames = scenes(swaying(1, 4.4), swaying(2, 1.2), swaying(1, 6.4))
    data = clip(frames, g=100, sc_threshold=0)  # key frames at 0, 4, 8 s all show the first scene
    plan = plan_decoding(data)
    assert [group.until for group in plan][:2] == [1000, math.inf]
    times = [frame.time for frame in decoded(data)]
    assert sum(4400 <= time < 5600 for time in times) >= 4


def test_a_cut_without_a_key_frame_is_decoded() -> None:
    data = clip(scenes(swaying(1, 5), swaying(2, 5)), **NO_KEYS)
    (group,) = plan_decoding(data)
    assert group.until == math.inf
    assert not group.is_steady


def test_of_a_steady_move_the_end_of_each_group_is_left_out() -> None:
    plan = plan_decoding(clip(pan(1, 12, 0.2), g=100, sc_threshold=0))
    assert [group.until for group in plan] == [1500, 5500, math.inf]


def test_a_short_group_is_its_key_frame() -> None:
    data = clip(cuts(1, 2, seconds=3), g=25, sc_threshold=0)
    assert [group.until for group in plan_decoding(data)][:5] == [0, 1000, 2000, 3000, 4000]
    assert [frame.time for frame in decoded(data)][:5] == [0, 1000, 2000, 3000, 4000]


def test_of_key_frames_alone_no_more_are_decoded_than_are_sampled() -> None:
    data = clip(pan(1, 4), "mov", "mjpeg", pixels="yuvj420p")
    times = [frame.time for frame in decoded(data)]
    assert np.diff(times).tolist() == [SAMPLE_STEP] * (len(times) - 1)
    assert len(plan_decoding(data)) == 4 * RATE


@pytest.mark.parametrize("name", small_clips())
def test_samples_ascend_and_begin_after_the_one_before(name: str) -> None:
    frames = decoded(small_clips()[name])
    assert frames[0].time == frames[0].since == 0
    for before, frame in pairwise(frames):
        assert before.time < frame.since <= frame.time
        assert frame.time - before.time >= SAMPLE_STEP


def test_frames_that_refer_to_what_was_not_decoded_are_left_out() -> None:
    data = clip(
        swaying(1, 12),
        "mp4",
        "libx265",
        preset="veryfast",
        **{"x265-params": "log-level=none:keyint=50:open-gop=1:scenecut=0:bframes=4"},
    )
    expected = photo(1, SIZE[0] + 8, SIZE[1]).crop((4, 0, SIZE[0] + 4, SIZE[1])).convert("L")
    for frame in decoded(data):
        luma = frame.frame.reformat(format="gray").to_ndarray()[:, : SIZE[0]]
        correlation = np.corrcoef(luma.ravel(), np.asarray(expected).ravel())[0, 1]
        assert correlation > 0.9
