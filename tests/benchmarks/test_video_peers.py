"""The peers of the benchmark of videos, on tracks that are made up."""

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))

pytest.importorskip("av", reason="needs the extra `video`")

from video.truth import Made, Role
from video.video_peers import Tracks, ten_frames, vpdq

from frametrace.matcher.tips.vpdq_files import VpdqFeatures

CODES = np.random.default_rng(3).integers(0, 256, (30, 32)).astype(np.uint8)
MEDIA = [
    Made("a.mp4", Role.ORIGINAL, "a", ()),
    Made("b.mp4", Role.EDIT, "b", ()),
    Made("c.mp4", Role.EDIT, "c", ()),
    Made("d.jpg", Role.STILL, "d", (), original="a"),
]


def track(*rows):
    codes = CODES[list(rows)]
    times = 1000 * np.arange(len(rows), dtype=np.int64)
    return VpdqFeatures(times // 1000, times, codes, np.full(len(rows), 100, np.uint8))


def both(*tracks):
    return Tracks(tracks, tracks)


def test_vpdq_ties_what_shares_four_fifths_and_ranks_by_the_greater_share():
    called = vpdq(MEDIA[:3], both(track(0, 1, 2, 3, 4), track(0, 1, 2, 3, 9, 10), track(4, 20)))
    assert {pair: match.similarity for pair, match in called.matches.items()} == {
        (0, 1): 0.8,
        (0, 2): 0.5,
    }
    assert called.is_tied((0, 1)) and not called.is_tied((0, 2)) and not called.is_tied((1, 2))


def test_ten_frames_need_one_match():
    called = ten_frames(MEDIA[:3], both(track(0, 1, 2), track(2, 9), track(20)))
    assert set(called.matches) == {(0, 1)} and called.is_tied((0, 1))


@pytest.mark.parametrize("method", [vpdq, ten_frames])
def test_a_still_is_at_all_frames_that_are_near(method):
    tracks = both(track(5, 1, 5, 7), track(8, 9), track(1), track(5))
    called = method(MEDIA, tracks)
    assert set(called.matches) >= {(0, 3)} and (1, 3) not in called.matches
    assert [span[:2] for span in called.matches[0, 3].spans] == [(0, 0), (2000, 2000)]
